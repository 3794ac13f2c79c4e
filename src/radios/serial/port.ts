import { stat } from 'node:fs/promises';
import { isMainThread } from 'node:worker_threads';
import { EdgeError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import { GOODBYE_MS, OPEN_LIMIT_MS } from './limits.js';

export interface PortSink {
  /** Bytes as they come. The memory is the port's. */
  data(chunk: Uint8Array): void;
  /** The port is gone; called once, and never after `close`. */
  lost(error: Error): void;
}

/** An open serial port. Nothing of it throws. */
export interface Port {
  readonly path: string;
  /** Who is told from now on; a later call takes the place of an earlier one. */
  listen(sink: PortSink): void;
  /** Resolves once the system has taken the bytes, or the port is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Whether the device file is still the one that was opened. */
  present(): Promise<boolean>;
  /** Lets what was written go out, within a fifth of a second. */
  close(): Promise<void>;
}

export type OpenPort = (path: string, baud: number) => Promise<Port>;

type Driver = typeof import('serialport');
export type DriverPort = InstanceType<Driver['SerialPort']> | InstanceType<Driver['SerialPortMock']>;

/** What tells a device file from another one of the same name. */
const identityOf = async (path: string): Promise<string | undefined> => {
  try {
    const { dev, ino, rdev } = await stat(path);
    return `${dev}:${ino}:${rdev}`;
  } catch {
    return undefined;
  }
};

/** Loaded on first use: agents without a serial radio do without it. Throws EdgeErrors `radio.serial.driver` and `radio.serial.thread`. */
export async function loadDriver(): Promise<Driver> {
  // The driver polls on the loop of the main thread, whichever thread asked: elsewhere it would end the process.
  if (!isMainThread) {
    throw new EdgeError('radio.serial.thread', 'serial ports can be opened only on the main thread of a process', {
      fix: 'start the agent on the main thread, or in a process of its own',
      status: 500,
    });
  }
  try {
    return await import('serialport');
  } catch (cause) {
    throw new EdgeError('radio.serial.driver', 'the serialport package does not load on this device', {
      fix: 'npm rebuild serialport',
      status: 500,
      cause,
    });
  }
}

/** Opens the system's serial ports. The promise is rejected with what the driver says, or when it takes too long. */
export const systemPorts = (clock: Clock): OpenPort => {
  const hanging = new Set<string>();
  return async (path, baud) => {
    const { SerialPort } = await loadDriver();
    const driver = new SerialPort({ path, baudRate: baud, autoOpen: false });
    return openDriver(driver, clock, hanging);
  };
};

/** Opens a port of the driver's that is not open yet. `hanging` remembers the paths whose opening has not come to an end. */
export async function openDriver(driver: DriverPort, clock: Clock, hanging = new Set<string>()): Promise<Port> {
  // Stays for good: without a listener a late error would end the process.
  driver.on('error', () => {});
  await within(clock, OPEN_LIMIT_MS, driver, hanging);
  return new DrivenPort(driver, clock, await identityOf(driver.path));
}

function within(clock: Clock, limitMs: number, driver: DriverPort, hanging: Set<string>): Promise<void> {
  const timedOut = (): Error => new Error(`Error: Connection timed out, cannot open ${driver.path}`);
  // Each try that hangs holds one of the few threads that also read and write files: one for each port is enough.
  if (hanging.has(driver.path)) return Promise.reject(timedOut());
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = clock.timer('serial.open', limitMs, () => {
      late = true;
      hanging.add(driver.path);
      reject(timedOut());
    });
    driver.open((error) => {
      timer.cancel();
      hanging.delete(driver.path);
      if (late && error === null) driver.close(() => {});
      else if (error === null) resolve();
      else reject(error);
    });
  });
}

class DrivenPort implements Port {
  readonly path: string;
  readonly #driver: DriverPort;
  readonly #clock: Clock;
  readonly #identity: string | undefined;
  #sink: PortSink | undefined;
  #lost: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(driver: DriverPort, clock: Clock, identity: string | undefined) {
    this.path = driver.path;
    this.#driver = driver;
    this.#clock = clock;
    this.#identity = identity;
    driver.on('close', (error?: Error | null) => this.#gone(error ?? new Error('the port was closed')));
    driver.on('error', (error: Error) => this.#gone(error));
  }

  listen(sink: PortSink): void {
    const first = this.#sink === undefined;
    this.#sink = sink;
    // Only now, so that the driver keeps what comes before anybody listens.
    if (first) this.#driver.on('data', (chunk: Uint8Array) => this.#sink?.data(chunk));
    const lost = this.#lost;
    if (lost !== undefined) queueMicrotask(() => this.#tell(sink, lost));
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#lost !== undefined || this.#closing !== undefined) resolve();
      else this.#driver.write(bytes, () => resolve());
    });
  }

  async present(): Promise<boolean> {
    return this.#identity === undefined || (await identityOf(this.path)) === this.#identity;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#sink = undefined;
    if (this.#driver.isOpen) {
      if (!(await this.#drained())) await this.#discard();
      await new Promise<void>((resolve) => {
        if (this.#driver.isOpen) this.#driver.close(() => resolve());
        else resolve();
      });
    }
    this.#driver.removeAllListeners('data');
  }

  #drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.timer('serial.goodbye', GOODBYE_MS, () => resolve(false));
      this.#driver.drain((error) => {
        timer.cancel();
        resolve(error === null);
      });
    });
  }

  /** What the line does not take would hold the closing up for as long as the driver waits, half a minute by default. */
  #discard(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#driver.isOpen) this.#driver.flush(() => resolve());
      else resolve();
    });
  }

  #gone(error: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    if (this.#driver.isOpen) this.#driver.close(() => {});
    const sink = this.#sink;
    if (sink !== undefined) this.#tell(sink, error);
  }

  #tell(sink: PortSink, error: Error): void {
    if (sink === this.#sink && this.#closing === undefined) sink.lost(error);
  }
}
