import { EdgeError } from '../../core/errors.js';

/** What the law lets a LoRa radio do. */
export interface Region {
  readonly name: string;
  readonly frequencyHz: number;
  /** Radiated power, dBm. */
  readonly powerDbm: number;
  /** Share of any hour, 0 to 1. */
  readonly dutyCycle: number;
  /** Longest a frame may take on the air, where there is a limit. */
  readonly dwellMs?: number;
}

/** Sub-bands: of ETSI EN 300 220 for Europe, FCC 15.247 for the US (no hopping), ARIB STD-T108 for Japan. */
export const REGIONS = {
  /** 869.4-869.65 MHz, where a tenth of the time and half a watt are allowed; Meshtastic's in Europe. */
  EU868: { name: 'EU868', frequencyHz: 869_525_000, powerDbm: 27, dutyCycle: 0.1 },
  /** 868.0-868.6 MHz. */
  EU868_G1: { name: 'EU868_G1', frequencyHz: 868_300_000, powerDbm: 14, dutyCycle: 0.01 },
  /** 868.7-869.2 MHz. */
  EU868_G2: { name: 'EU868_G2', frequencyHz: 868_950_000, powerDbm: 14, dutyCycle: 0.001 },
  EU433: { name: 'EU433', frequencyHz: 433_875_000, powerDbm: 10, dutyCycle: 0.1 },
  /** With 500 kHz, or as Meshtastic uses it: no limit of time. */
  US915: { name: 'US915', frequencyHz: 908_750_000, powerDbm: 30, dutyCycle: 1 },
  /** Narrow channels: 400 ms a frame. */
  US915_DWELL: { name: 'US915_DWELL', frequencyHz: 908_750_000, powerDbm: 30, dutyCycle: 1, dwellMs: 400 },
  AU915: { name: 'AU915', frequencyHz: 919_875_000, powerDbm: 30, dutyCycle: 1 },
  JP920: { name: 'JP920', frequencyHz: 922_000_000, powerDbm: 13, dutyCycle: 0.1, dwellMs: 4_000 },
} as const satisfies Record<string, Region>;
export type RegionName = keyof typeof REGIONS;

/** Throws EdgeError `sim.lora.region` naming those there are. */
export function regionOf(name: string): Region {
  if (Object.hasOwn(REGIONS, name)) return REGIONS[name as RegionName];
  const fix = `Use one of ${Object.keys(REGIONS).join(', ')}.`;
  throw new EdgeError('sim.lora.region', `There is no region ${JSON.stringify(name)}.`, { fix });
}
