import { EdgeError } from '../../core/errors.js';
import type { RadioTraits } from '../../ports/radio.js';

/** How a LoRa radio modulates: all who are to hear each other have the same. */
export interface Modem {
  readonly name: string;
  /** Chirps carry so many bits each, 7 to 12; one more doubles the time and gains 2.5 dB. */
  readonly spreadingFactor: number;
  readonly bandwidthHz: number;
  /** 1 to 4: of 4/5 to 4/8. */
  readonly codingRate: number;
  readonly preambleSymbols: number;
}

const modem = (name: string, spreadingFactor: number, bandwidthKHz: number, codingRate: number): Modem => ({
  name,
  spreadingFactor,
  bandwidthHz: bandwidthKHz * 1_000,
  codingRate,
  preambleSymbols: 16,
});

/** Meshtastic's presets, by its names: spreading factor, bandwidth, coding rate; its preamble of 16 symbols. */
export const MODEMS = {
  ShortTurbo: modem('ShortTurbo', 7, 500, 1),
  ShortFast: modem('ShortFast', 7, 250, 1),
  ShortSlow: modem('ShortSlow', 8, 250, 1),
  MediumFast: modem('MediumFast', 9, 250, 1),
  MediumSlow: modem('MediumSlow', 10, 250, 1),
  LongFast: modem('LongFast', 11, 250, 1),
  LongModerate: modem('LongModerate', 11, 125, 4),
  LongSlow: modem('LongSlow', 12, 125, 4),
} as const;
export type ModemName = keyof typeof MODEMS;

/** Throws EdgeError `sim.lora.preset` naming those there are. */
export function modemOf(name: string): Modem {
  if (Object.hasOwn(MODEMS, name)) return MODEMS[name as ModemName];
  const fix = `Use one of ${Object.keys(MODEMS).join(', ')}.`;
  throw new EdgeError('sim.lora.preset', `There is no LoRa preset ${JSON.stringify(name)}.`, { fix });
}

/** Thermal noise of one hertz at room temperature, dBm. */
const THERMAL_DBM = -174;
export const NOISE_FIGURE_DB = 6;
/** Symbols of the preamble that its length does not count: sync word and start-of-frame delimiter. */
const SYNC_SYMBOLS = 4.25;
/** Longest symbol that needs no optimisation for low data rates. */
const SLOW_SYMBOL_MS = 16;
/** Longest frame the hardware takes. */
export const LORA_MTU_BYTES = 255;

export const symbolMs = ({ spreadingFactor, bandwidthHz }: Modem): number =>
  (2 ** spreadingFactor / bandwidthHz) * 1_000;

const preambleMs = (of: Modem): number => (of.preambleSymbols + SYNC_SYMBOLS) * symbolMs(of);

/** Bits a symbol carries: two less where symbols are so long that clocks drift within a frame. */
const bitsPerSymbol = (of: Modem): number => of.spreadingFactor - (symbolMs(of) > SLOW_SYMBOL_MS ? 2 : 0);

/**
 * Time in ms that a frame of so many bytes is on the air, with an explicit header and a CRC: Semtech AN1200.13. `wide`
 * counts 4 more symbols for each block of code, as Meshtasticator does, which takes the 5 of "4/5" for the formula's 1.
 */
export function loraAirtimeMs(of: Modem, bytes: number, wide = false): number {
  const symbols = codedBlocks(of, bytes) * (of.codingRate + 4 + (wide ? 4 : 0));
  return preambleMs(of) + (8 + symbols) * symbolMs(of);
}

const codedBlocks = (of: Modem, bytes: number): number =>
  Math.max(0, Math.ceil((8 * bytes - 4 * of.spreadingFactor + 28 + 16) / (4 * bitsPerSymbol(of))));

/** Lowest signal-to-noise ratio in dB at which frames are received (SX1262 datasheet): 2.5 dB less for each step. */
export const snrFloorDb = ({ spreadingFactor }: Modem): number => -7.5 - 2.5 * (spreadingFactor - 7);

/** Power of the noise in the channel, dBm. */
export const noiseDbm = ({ bandwidthHz }: Modem, noiseFigureDb = NOISE_FIGURE_DB): number =>
  THERMAL_DBM + 10 * Math.log10(bandwidthHz) + noiseFigureDb;

/** Weakest signal that is received, dBm. */
export const sensitivityDbm = (of: Modem, noiseFigureDb = NOISE_FIGURE_DB): number =>
  noiseDbm(of, noiseFigureDb) + snrFloorDb(of);

/** Bits a second while a frame's payload is sent. */
const loraBitsPerSecond = (of: Modem): number => (bitsPerSymbol(of) * 4) / (4 + of.codingRate) / (symbolMs(of) / 1_000);

/** Of a frame its preamble, header and, on average, half a block of code that is not full. */
function frameOverheadMs(of: Modem): number {
  const blocks = (44 - 4 * of.spreadingFactor) / (4 * bitsPerSymbol(of)) + 0.5;
  return preambleMs(of) + (8 + blocks * (of.codingRate + 4)) * symbolMs(of);
}

/** What the engine is told of a radio with this modem. */
export const loraTraits = (of: Modem, dutyCycle: number, latencyMs: number): RadioTraits => ({
  mtuBytes: LORA_MTU_BYTES,
  broadcast: true,
  connected: false,
  reliable: false,
  bitsPerSecond: Math.round(loraBitsPerSecond(of)),
  frameOverheadMs: Math.round(frameOverheadMs(of)),
  snrFloorDb: snrFloorDb(of),
  latencyMs: Math.ceil(latencyMs),
  dutyCycle,
  costPerByte: 20,
});
