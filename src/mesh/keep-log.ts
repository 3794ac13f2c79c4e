import type { Instant } from '../core/machine.js';
import type { StoreOp } from '../ports/store.js';
import type { DeliveredIds } from './delivered-ids.js';
import type { MeshContext } from './types.js';

/** What nobody waits for reaches the disk after so long, together. */
const LAZY_MS = 200;

/** Of a write that nobody waits for. */
export const NO_TICKET = 0;

export type Done = (code: string | undefined, now: Instant) => void;

/** Writes of custody: those somebody waits for at once, the others gathered. */
export class KeepLog {
  readonly #context: MeshContext;
  readonly #delivered: DeliveredIds;
  readonly #waiting = new Map<number, Done>();
  #lazy: StoreOp[] = [];
  #lazyDone: Done[] = [];
  #lazyAt = Number.POSITIVE_INFINITY;
  #tickets = NO_TICKET;

  constructor(context: MeshContext, delivered: DeliveredIds) {
    this.#context = context;
    this.#delivered = delivered;
  }

  /** `done` gets the code of what went wrong, or nothing. */
  write(ops: readonly StoreOp[], done: Done): void {
    const ticket = ++this.#tickets;
    this.#waiting.set(ticket, done);
    this.#context.emit({ kind: 'keep', ticket, ops });
  }

  later(op: StoreOp, now: Instant, done?: Done): void {
    this.#lazy.push(op);
    if (done) this.#lazyDone.push(done);
    this.#lazyAt = Math.min(this.#lazyAt, now.mono + LAZY_MS);
  }

  /** The disk has them (no code), or could not take them. */
  written(ticket: number, code: string | undefined, now: Instant): void {
    const done = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    done?.(code, now);
  }

  tick(now: Instant): void {
    if (this.#delivered.hasOps) this.#lazyAt = Math.min(this.#lazyAt, now.mono + LAZY_MS);
    if (this.#lazyAt > now.mono) return;
    const ops = [...this.#lazy, ...this.#delivered.takeOps()];
    this.#lazy = [];
    this.#lazyAt = Number.POSITIVE_INFINITY;
    const told = this.#lazyDone;
    this.#lazyDone = [];
    // What could not be written is not tried again: a copy too many, or one that its receiver knows.
    if (ops.length > 0)
      this.write(ops, (code, at) => {
        for (const tell of told) tell(code, at);
      });
  }

  nextDeadline(): number | undefined {
    return this.#lazyAt === Number.POSITIVE_INFINITY ? undefined : this.#lazyAt;
  }
}
