import type { Port, PortSink } from '../radios/serial/port.js';

/** A serial port without hardware. What is written goes to `wrote`; a test says what comes in. */
export class FakePort implements Port {
  readonly path: string;
  readonly written: Uint8Array[] = [];
  wrote: (bytes: Uint8Array) => void = () => {};
  isPresent = true;
  closed = false;
  /** While true the system takes nothing: writes wait. */
  stuck = false;
  #sink: PortSink | undefined;

  constructor(path = '/dev/ttyFAKE') {
    this.path = path;
  }

  listen(sink: PortSink): void {
    this.#sink = sink;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes.slice());
    this.wrote(bytes.slice());
    if (this.stuck) await new Promise(() => {});
  }

  async present(): Promise<boolean> {
    return this.isPresent;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#sink = undefined;
  }

  receive(bytes: Uint8Array): void {
    this.#sink?.data(bytes);
  }

  lose(message: string): void {
    this.#sink?.lost(new Error(message));
  }
}
