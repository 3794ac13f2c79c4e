import type { HeardFrame } from '../../ports/radio.js';
import { MAX_BATCH } from './limits.js';

/** Gathers what arrives within one turn of the event loop, so that the engine is called once for all of it. */
export class Inbox {
  readonly #deliver: (frames: readonly HeardFrame[]) => void;
  #frames: HeardFrame[] = [];
  #flush: NodeJS.Immediate | undefined;

  constructor(deliver: (frames: readonly HeardFrame[]) => void) {
    this.#deliver = deliver;
  }

  put(frame: HeardFrame): void {
    this.#frames.push(frame);
    if (this.#frames.length >= MAX_BATCH) this.#now();
    else this.#flush ??= setImmediate(() => this.#now());
  }

  close(): void {
    this.#frames = [];
    this.#stop();
  }

  #now(): void {
    this.#stop();
    const frames = this.#frames;
    this.#frames = [];
    if (frames.length > 0) this.#deliver(frames);
  }

  #stop(): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush);
    this.#flush = undefined;
  }
}
