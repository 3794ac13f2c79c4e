import type { Clock } from '../ports/clock.js';
import type { SensorReading, Sensors } from '../ports/sensors.js';
import { isTemperature, linuxSensorSources, type SensorSources } from './sensor-sources.js';

export interface DeviceSensorsOptions {
  readonly clock: Clock;
  readonly dataDirectory: string;
  readonly sources?: SensorSources;
}

/** Temperature, battery and disk are read at most this often. */
export const SLOW_PERIOD_MS = 60_000;
/** The temperature by commands costs a few process starts. */
export const COMMAND_PERIOD_MS = 600_000;
/** A reading waits this long for a slow sensor; a later reading takes what comes after. */
export const SLOW_WAIT_MS = 2_000;
// Shares over a shorter time are noise.
const CPU_PERIOD_MS = 200;
const COMMAND_FAILURES_MAX = 3;

/** Sensors of this device; whatever fails or is not there is absent from the reading. */
export function deviceSensors(options: DeviceSensorsOptions): Sensors {
  return new DeviceSensors(options.clock, options.sources ?? linuxSensorSources(options.dataDirectory));
}

class DeviceSensors implements Sensors {
  readonly #clock: Clock;
  readonly #sources: SensorSources;
  readonly #slow: readonly Remembered[];
  #cpuBefore: { readonly at: number; readonly busy: number; readonly total: number } | undefined;
  #cpu: number | undefined;
  #nextCommandAt = 0;
  #commandFailures = 0;

  constructor(clock: Clock, sources: SensorSources) {
    this.#clock = clock;
    this.#sources = sources;
    this.#slow = [
      new Remembered(clock, () => this.#temperature()),
      new Remembered(clock, () => this.#battery()),
      new Remembered(clock, () => this.#disk()),
    ];
    this.#readCpu();
  }

  async read(): Promise<SensorReading> {
    const cpu = this.#readCpu();
    const [memory, ...slow] = await Promise.all([this.#memory(), ...this.#slow.map((sensor) => sensor.read())]);
    return Object.assign({ ...(cpu === undefined ? {} : { cpu }), ...memory }, ...slow);
  }

  /** The share since the last reading; `undefined` until two readings lie far enough apart. */
  #readCpu(): number | undefined {
    const at = this.#clock.now();
    const before = this.#cpuBefore;
    if (before && at - before.at < CPU_PERIOD_MS) return this.#cpu;
    try {
      const { busy, total } = this.#sources.cpu();
      this.#cpuBefore = { at, busy, total };
      if (before) this.#cpu = percent(busy - before.busy, total - before.total);
    } catch {
      this.#cpu = undefined;
    }
    return this.#cpu;
  }

  async #memory(): Promise<SensorReading> {
    try {
      const { total, available } = await this.#sources.memory();
      return field('memory', percent(total - available, total));
    } catch {
      return {};
    }
  }

  async #temperature(): Promise<SensorReading> {
    const celsius = await this.#sources.temperature().catch(() => undefined);
    if (isTemperature(celsius)) return { temperature: celsius };
    if (this.#commandFailures >= COMMAND_FAILURES_MAX) return {};
    if (this.#clock.now() < this.#nextCommandAt) return KEEP;
    this.#nextCommandAt = this.#clock.now() + COMMAND_PERIOD_MS;
    const slow = await this.#sources.slowTemperature().catch(() => undefined);
    this.#commandFailures = isTemperature(slow) ? 0 : this.#commandFailures + 1;
    return isTemperature(slow) ? { temperature: slow } : {};
  }

  async #battery(): Promise<SensorReading> {
    const { hasBattery, percent: charge, isCharging } = await this.#sources.battery();
    if (!hasBattery || typeof charge !== 'number' || !(charge >= 0 && charge <= 100)) return {};
    return { battery: charge, charging: isCharging === true };
  }

  async #disk(): Promise<SensorReading> {
    const { used, free } = await this.#sources.disk();
    return field('disk', percent(used, used + free));
  }
}

/** Returned by a slow sensor whose last value still stands. */
const KEEP: SensorReading = Object.freeze({});

/** A sensor that is read rarely, in the background when it is slow. */
class Remembered {
  readonly #clock: Clock;
  readonly #measure: () => Promise<SensorReading>;
  #value: SensorReading = {};
  #nextAt = Number.NEGATIVE_INFINITY;
  #busy: Promise<void> | undefined;

  constructor(clock: Clock, measure: () => Promise<SensorReading>) {
    this.#clock = clock;
    this.#measure = measure;
  }

  async read(): Promise<SensorReading> {
    if (!this.#busy && this.#clock.now() >= this.#nextAt) {
      this.#nextAt = this.#clock.now() + SLOW_PERIOD_MS;
      this.#busy = this.#refresh();
      await this.#patiently(this.#busy);
    }
    return this.#value;
  }

  async #refresh(): Promise<void> {
    try {
      const value = await this.#measure();
      if (value !== KEEP) this.#value = value;
    } catch {
      this.#value = {};
    }
    this.#busy = undefined;
  }

  async #patiently(work: Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.timer('sensor', SLOW_WAIT_MS, resolve);
      void work.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

function percent(part: number, whole: number): number | undefined {
  const share = (100 * part) / whole;
  return Number.isFinite(share) ? Math.round(Math.min(100, Math.max(0, share)) * 10) / 10 : undefined;
}

const field = (name: 'memory' | 'disk', value: number | undefined): SensorReading =>
  value === undefined ? {} : { [name]: value };
