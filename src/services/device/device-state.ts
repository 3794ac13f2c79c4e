import { EdgeError } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { SensorReading, Sensors } from '../../ports/sensors.js';

export const CONDITIONS = ['active', 'idle', 'processing', 'offline'] as const;
type Condition = (typeof CONDITIONS)[number];

/** A node without detections or messages for this long is idle. */
const IDLE_AFTER_MS = 60_000;
/** Sensor noise is no news: how far a value must move before others are told, and how often they are told at the most. */
const NEWS: Readonly<Record<keyof SensorReading, number>> = {
  cpu: 20,
  memory: 5,
  temperature: 3,
  battery: 1,
  charging: 1,
  disk: 2,
};
const NEWS_EVERY_MS = 30_000;
/** Everything is said again after this long, news or not. */
const REPEAT_MS = 600_000;
const CUSTOM_MAX = 16;
const CUSTOM_KEY_MAX = 64;
const CUSTOM_TEXT_MAX = 128;

type Custom = Readonly<Record<string, string | number | boolean>>;

export interface DevicePatch {
  readonly condition?: Condition;
  readonly fields?: Readonly<Record<string, number | boolean | null>>;
  readonly custom?: Custom | null;
}

type PatchInput = {
  readonly condition?: Condition | null;
  readonly fps?: number | null;
  readonly battery?: number | null;
  readonly charging?: boolean | null;
  readonly cpu?: number | null;
  readonly memory?: number | null;
  readonly temperature?: number | null;
  readonly disk?: number | null;
  readonly custom?: Custom | null;
};

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  fps: [0, 100_000],
  battery: [0, 100],
  cpu: [0, 100],
  memory: [0, 100],
  temperature: [-273.15, 1_000],
  disk: [0, 100],
};

/** This device's part of the shared state: what its sensors read, and what its pipeline says of itself. */
export class DeviceState {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sensors: Sensors | undefined;
  readonly #intervalMs: number;
  readonly #publish: (patch: DevicePatch) => void;
  /** Set by hand or by the pipeline: sensors leave these alone. */
  readonly #owned = new Set<string>();
  #told: Record<string, number | boolean | undefined> = {};
  #toldAt = Number.NEGATIVE_INFINITY;
  #condition: Condition | undefined;
  #toldCondition: Condition = 'active';
  #activeAt: number;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    clock: Clock,
    log: Log,
    sensors: { readonly sensors: Sensors; readonly intervalMs: number } | undefined,
    publish: (patch: DevicePatch) => void,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#sensors = sensors?.sensors;
    this.#intervalMs = sensors?.intervalMs ?? 10_000;
    this.#publish = publish;
    this.#activeAt = clock.now();
  }

  get condition(): Condition {
    return this.#condition ?? (this.#clock.now() - this.#activeAt < IDLE_AFTER_MS ? 'active' : 'idle');
  }

  start(): void {
    void this.#sample();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A detection or a message passed here. */
  touch(): void {
    this.#activeAt = this.#clock.now();
    this.#tellCondition();
  }

  /** Validates and publishes what a pipeline says of this node. `null` gives a field back to the sensors. */
  patch(input: PatchInput): void {
    if (input.condition === 'offline') {
      throw new EdgeError('state.condition', 'a running node is not offline', {
        fix: 'give active, idle or processing',
      });
    }
    const fields: Record<string, number | boolean | null> = {};
    for (const [key, range] of Object.entries(RANGES)) {
      const value = input[key as keyof PatchInput] as number | null | undefined;
      if (value === undefined) continue;
      if (value !== null && !(value >= range[0] && value <= range[1])) {
        throw new EdgeError('state.range', `${key} is ${range[0]} to ${range[1]}, not ${value}`, {
          fix: `give ${key} in that range`,
        });
      }
      fields[key] = value;
    }
    if (input.charging !== undefined) fields['charging'] = input.charging;
    if (input.custom) checkCustom(input.custom);
    for (const [key, value] of Object.entries(fields)) {
      if (value === null) {
        this.#owned.delete(key);
        // Others have no value now: the next reading is news.
        delete this.#told[key];
      } else this.#owned.add(key);
    }
    if (input.condition !== undefined) this.#condition = input.condition ?? undefined;
    this.#toldCondition = this.condition;
    this.#publish({ condition: this.condition, fields, ...(input.custom !== undefined && { custom: input.custom }) });
  }

  #tellCondition(): void {
    if (this.condition === this.#toldCondition) return;
    this.#toldCondition = this.condition;
    this.#publish({ condition: this.condition });
  }

  async #sample(): Promise<void> {
    this.#tellCondition();
    if (this.#sensors) {
      try {
        this.#tell(await this.#sensors.read());
      } catch (error) {
        this.#log.warn('a sensor could not be read', { error: String(error) });
      }
    }
    // It may have been stopped while the sensors were read.
    if (this.#stopped) return;
    this.#timer = this.#clock.timer('sensors', this.#intervalMs, () => void this.#sample());
  }

  #tell(reading: SensorReading): void {
    const now = this.#clock.now();
    const fields: Record<string, number | boolean> = {};
    let news = now - this.#toldAt >= REPEAT_MS;
    for (const [key, threshold] of Object.entries(NEWS)) {
      const value = reading[key as keyof SensorReading];
      if (value === undefined || this.#owned.has(key)) continue;
      fields[key] = typeof value === 'number' ? Math.round(value * 10) / 10 : value;
      const told = this.#told[key];
      if (told === undefined || Math.abs(Number(value) - Number(told)) >= threshold) news = true;
    }
    if (this.#stopped || !news || now - this.#toldAt < NEWS_EVERY_MS) return;
    this.#told = { ...fields };
    this.#toldAt = now;
    this.#publish({ fields });
  }
}

function checkCustom(custom: Custom): void {
  const entries = Object.entries(custom);
  if (entries.length > CUSTOM_MAX) {
    throw new EdgeError('state.custom', `custom has ${entries.length} fields, at most ${CUSTOM_MAX} are shared`, {
      fix: 'drop some',
    });
  }
  for (const [key, value] of entries) {
    const tooLong =
      key.length === 0 || key.length > CUSTOM_KEY_MAX || (typeof value === 'string' && value.length > CUSTOM_TEXT_MAX);
    if (!tooLong && (typeof value !== 'number' || Number.isFinite(value))) continue;
    throw new EdgeError('state.custom', `custom.${key.slice(0, 32)} is out of bounds`, {
      fix: `keys have 1 to ${CUSTOM_KEY_MAX} characters, texts at most ${CUSTOM_TEXT_MAX}, numbers are finite`,
    });
  }
}
