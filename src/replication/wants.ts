import type { NodeId } from '../core/ids.js';
import { isTombstoneKey, type RecordKey } from './keys.js';
import {
  MAX_ANNOUNCERS,
  MAX_WANT_ATTEMPTS,
  MAX_WANT_TIMEOUT_MS,
  MAX_WANTED,
  MAX_WINDOW,
  MIN_WINDOW,
  RECORD_BYTES,
  SLOW_FACTOR,
  SLOW_MIN_WINDOW,
  START_WINDOW,
  WANT_TIMEOUT_MS,
  WINDOW_MS,
} from './limits.js';

interface Want {
  readonly key: RecordKey;
  readonly announcers: NodeId[];
  asked: NodeId | undefined;
  askedAt: number;
  attempts: number;
}

/** How much is asked of one neighbour at once: grows with what arrives, halves when something does not. */
interface Flow {
  window: number;
  /** Of the way to it; without a limit where it is fast. */
  most: number;
  recordMs: number;
  readonly asked: Set<RecordKey>;
  lastArrival: number;
}

/**
 * Which records are to be fetched, and from whom. Each is asked of one neighbour at a time; a silent one is passed
 * over for another announcer. At most `MAX_WANTED`: what is beyond is refused and comes again by reconciliation.
 */
export class Wants {
  readonly #wants = new Map<RecordKey, Want>();
  readonly #unasked = new Set<RecordKey>();
  readonly #flows = new Map<NodeId, Flow>();

  get size(): number {
    return this.#wants.size;
  }

  /** A neighbour is there, or reached another way. */
  peerUp(peer: NodeId, bytesPerSecond: number): void {
    const recordMs = (RECORD_BYTES * 1_000) / Math.max(1, bytesPerSecond);
    const most = Math.min(MAX_WINDOW, Math.max(SLOW_MIN_WINDOW, Math.floor(WINDOW_MS / recordMs)));
    const flow = this.#flows.get(peer);
    const window = Math.min(most, flow?.window ?? START_WINDOW);
    if (flow) Object.assign(flow, { most, recordMs, window });
    else this.#flows.set(peer, { window, most, recordMs, asked: new Set(), lastArrival: Number.NEGATIVE_INFINITY });
  }

  peerDown(peer: NodeId): void {
    this.#flows.delete(peer);
    for (const want of [...this.#wants.values()]) this.#forgetAnnouncer(want, peer);
  }

  /** Whether anything is wanted that only waits for this neighbour's answer or turn. */
  waitsFor(peer: NodeId): boolean {
    const flow = this.#flows.get(peer);
    if (flow && flow.asked.size > 0) return true;
    for (const key of this.#unasked) if (this.#wants.get(key)?.announcers.includes(peer)) return true;
    return false;
  }

  /** Notes that a neighbour has something we lack. False when there is no room for it. */
  offer(key: RecordKey, peer: NodeId): boolean {
    const want = this.#wants.get(key);
    if (want) {
      if (want.announcers.length < MAX_ANNOUNCERS && !want.announcers.includes(peer)) want.announcers.push(peer);
      return true;
    }
    if (this.#wants.size >= MAX_WANTED) return false;
    this.#wants.set(key, { key, announcers: [peer], asked: undefined, askedAt: 0, attempts: 0 });
    this.#unasked.add(key);
    return true;
  }

  /** The record is here (or not wanted any more). */
  settle(key: RecordKey): void {
    const want = this.#wants.get(key);
    if (!want) return;
    this.#wants.delete(key);
    this.#unasked.delete(key);
    if (want.asked !== undefined) this.#flows.get(want.asked)?.asked.delete(key);
  }

  /** Not from this neighbour. */
  reject(key: RecordKey, peer: NodeId): void {
    const want = this.#wants.get(key);
    if (want) this.#forgetAnnouncer(want, peer);
  }

  /** Something useful came from a neighbour: it is alive, and may be asked for more at once. */
  arrived(peer: NodeId, count: number, now: number): void {
    const flow = this.#flows.get(peer);
    if (!flow || count === 0) return;
    flow.lastArrival = now;
    flow.window = Math.min(flow.most, flow.window + count);
  }

  /** What to ask now, by neighbour; erases first, as they must not wait behind what they erase. */
  dispatch(now: number): Map<NodeId, RecordKey[]> {
    const asks = new Map<NodeId, RecordKey[]>();
    let open = 0;
    for (const flow of this.#flows.values()) open += Math.max(0, flow.window - flow.asked.size);
    for (const key of this.#unasked) {
      if (open === 0) break;
      const want = this.#wants.get(key) as Want;
      const peer = this.#source(want);
      if (peer === undefined) continue;
      open -= 1;
      this.#unasked.delete(key);
      this.#flows.get(peer)?.asked.add(key);
      want.asked = peer;
      want.askedAt = now;
      want.attempts += 1;
      const list = asks.get(peer);
      if (list) list.push(key);
      else asks.set(peer, [key]);
    }
    for (const list of asks.values()) list.sort((a, b) => Number(isTombstoneKey(b)) - Number(isTombstoneKey(a)));
    return asks;
  }

  /** Takes back what was asked in vain; how many were given up altogether. */
  expire(now: number): number {
    let dropped = 0;
    for (const [peer, flow] of this.#flows) {
      let late = false;
      for (const key of [...flow.asked]) {
        const want = this.#wants.get(key) as Want;
        if (this.#dueAt(want, flow) > now) continue;
        late = true;
        flow.asked.delete(key);
        want.asked = undefined;
        if (want.attempts >= MAX_WANT_ATTEMPTS) {
          this.#wants.delete(key);
          dropped += 1;
          continue;
        }
        // The silent one goes to the end of the line.
        const at = want.announcers.indexOf(peer);
        if (at >= 0) want.announcers.push(...want.announcers.splice(at, 1));
        this.#unasked.add(key);
      }
      if (late) flow.window = Math.max(Math.min(MIN_WINDOW, flow.most), flow.window >> 1);
    }
    return dropped;
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const flow of this.#flows.values())
      for (const key of flow.asked) {
        const due = this.#dueAt(this.#wants.get(key) as Want, flow);
        if (next === undefined || due < next) next = due;
      }
    return next;
  }

  /** A neighbour that is still answering is given time: on a slow link the queue is long, not lost. */
  #dueAt(want: Want, flow: Flow): number {
    const timeout = Math.min(MAX_WANT_TIMEOUT_MS, WANT_TIMEOUT_MS * 2 ** (want.attempts - 1));
    const carried = SLOW_FACTOR * flow.recordMs * flow.asked.size;
    return Math.max(want.askedAt, flow.lastArrival) + timeout + carried;
  }

  #source(want: Want): NodeId | undefined {
    for (const peer of want.announcers) {
      const flow = this.#flows.get(peer);
      if (flow && flow.asked.size < flow.window) return peer;
    }
    return undefined;
  }

  #forgetAnnouncer(want: Want, peer: NodeId): void {
    const at = want.announcers.indexOf(peer);
    if (at >= 0) want.announcers.splice(at, 1);
    if (want.asked === peer) {
      this.#flows.get(peer)?.asked.delete(want.key);
      want.asked = undefined;
      this.#unasked.add(want.key);
    }
    if (want.announcers.length === 0 && want.asked === undefined) this.settle(want.key);
  }
}
