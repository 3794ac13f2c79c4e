import type { NodeId } from '../core/ids.js';
import type { RecordKey } from './keys.js';
import { ANNOUNCE_DELAY_MS, MAX_ANNOUNCEMENTS } from './limits.js';

const NOBODY: ReadonlySet<NodeId> = new Set();

/** Gathers what is new here for a moment, so that neighbours hear of it in few frames. */
export class Announcer {
  // Key → neighbours known to have it. Bounded: when full it is due at once.
  #pending = new Map<RecordKey, Set<NodeId> | undefined>();
  #dueAt: number | undefined;

  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  gained(key: RecordKey, from: NodeId | undefined, now: number): void {
    const has = from === undefined ? undefined : new Set([from]);
    this.#pending.set(key, has);
    this.#dueAt = this.#pending.size >= MAX_ANNOUNCEMENTS ? now : (this.#dueAt ?? now + ANNOUNCE_DELAY_MS);
  }

  /** The neighbour has announced this very version itself. */
  noteHas(key: RecordKey, peer: NodeId): void {
    if (!this.#pending.has(key)) return;
    const has = this.#pending.get(key);
    if (has) has.add(peer);
    else this.#pending.set(key, new Set([peer]));
  }

  /** What to announce, with who need not be told. */
  take(): (readonly [RecordKey, ReadonlySet<NodeId>])[] {
    const due = [...this.#pending].map(([key, has]) => [key, has ?? NOBODY] as const);
    this.#pending = new Map();
    this.#dueAt = undefined;
    return due;
  }
}
