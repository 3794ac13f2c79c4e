import { type ChildProcess, fork } from 'node:child_process';
import type { OpenPort, Port, PortSink } from '../radios/serial/port.js';

export type DriverCall =
  | { readonly id: number; readonly op: 'open'; readonly path: string; readonly baud: number }
  | { readonly id: number; readonly op: 'write'; readonly port: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly op: 'listen' | 'present' | 'close'; readonly port: number }
  | { readonly id: number; readonly op: 'files' };

type Without<Call> = Call extends unknown ? Omit<Call, 'id'> : never;

export type DriverWord =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly port: number; readonly data: Uint8Array }
  | { readonly port: number; readonly lost: string };

/** The real serial driver in a process of its own: it works on a main thread only, and tests run in others. */
export class DriverProcess {
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #sinks = new Map<number, PortSink>();
  #child: ChildProcess | undefined;
  #nextId = 1;

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  readonly openPort: OpenPort = async (path, baud) => {
    const port = (await this.#call({ op: 'open', path, baud })) as number;
    return {
      path,
      listen: (sink) => {
        this.#sinks.set(port, sink);
        void this.#call({ op: 'listen', port });
      },
      write: async (bytes) => void (await this.#call({ op: 'write', port, bytes })),
      present: async () => (await this.#call({ op: 'present', port })) as boolean,
      close: async () => {
        this.#sinks.delete(port);
        await this.#call({ op: 'close', port });
      },
    } satisfies Port;
  };

  async openFiles(): Promise<number> {
    return (await this.#call({ op: 'files' })) as number;
  }

  stop(): void {
    this.#child?.kill();
  }

  #call(call: Without<DriverCall>): Promise<unknown> {
    this.#child ??= this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#child?.connected !== true) return reject(new Error('the driver was stopped'));
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ ...call, id });
    });
  }

  #start(): ChildProcess {
    const child = fork(new URL('./serial-driver-process.js', import.meta.url), {
      serialization: 'advanced',
      execArgv: [],
    });
    child.on('message', (word: DriverWord) => this.#hear(word));
    return child;
  }

  #hear(word: DriverWord): void {
    if ('data' in word) this.#sinks.get(word.port)?.data(word.data);
    else if ('lost' in word) this.#sinks.get(word.port)?.lost(new Error(word.lost));
    else {
      const pending = this.#pending.get(word.id);
      this.#pending.delete(word.id);
      if ('error' in word) pending?.reject(new Error(word.error));
      else pending?.resolve(word.value);
    }
  }
}
