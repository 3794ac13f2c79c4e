import type { NodeId } from '../core/ids.js';

/** Bytes that a flow may send before it is the next one's turn. */
export const QUANTUM_BYTES = 512;

/** Where a frame came from: what its sender could not choose, and what it says of itself. */
export interface Flow {
  /** Number of the link it came over, or the node heard transmitting it over slow air; `OWN_INGRESS` for what this node says. */
  readonly ingress: number | NodeId;
  readonly origin: NodeId;
}

/** The ingress of what this node originates. Numbers of links begin at 1. */
export const OWN_INGRESS = 0;
/** Of what was heard without a link. */
export const OVERHEARD_INGRESS = -1;

/** A frame, or what becomes one, of so many bytes. */
interface Sized {
  readonly length: number;
}

interface Waiting<T extends Sized> {
  readonly frames: number;
  readonly bytes: number;
  push(frame: T, flow: Flow): void;
  peek(): T | undefined;
  shift(): T | undefined;
  /** The newest frame of whoever has most waiting. */
  pop(): T | undefined;
  /** Whether it waited here. */
  remove(frame: T): boolean;
  all(): T[];
}

class Fifo<T extends Sized> implements Waiting<T> {
  readonly #frames: T[] = [];
  bytes = 0;

  get frames(): number {
    return this.#frames.length;
  }

  push(frame: T): void {
    this.#frames.push(frame);
    this.bytes += frame.length;
  }

  peek(): T | undefined {
    return this.#frames[0];
  }

  shift(): T | undefined {
    return this.#gone(this.#frames.shift());
  }

  pop(): T | undefined {
    return this.#gone(this.#frames.pop());
  }

  remove(frame: T): boolean {
    const at = this.#frames.indexOf(frame);
    if (at < 0) return false;
    this.#frames.splice(at, 1);
    this.bytes -= frame.length;
    return true;
  }

  all(): T[] {
    return [...this.#frames];
  }

  #gone(frame: T | undefined): T | undefined {
    this.bytes -= frame?.length ?? 0;
    return frame;
  }
}

interface Turn<T extends Sized, Key> {
  readonly key: Key;
  readonly waiting: Waiting<T>;
  deficit: number;
}

/** Deficit round robin (Shreedhar & Varghese 1996) over those that have something waiting. */
class Turns<T extends Sized, Key> implements Waiting<T> {
  frames = 0;
  bytes = 0;
  readonly #byKey = new Map<Key, Turn<T, Key>>();
  /** Whose turn it is comes first. */
  readonly #ring: Turn<T, Key>[] = [];
  readonly #keyOf: (flow: Flow) => Key;
  readonly #make: () => Waiting<T>;

  constructor(keyOf: (flow: Flow) => Key, make: () => Waiting<T>) {
    this.#keyOf = keyOf;
    this.#make = make;
  }

  /** Who had nothing waiting comes last in the round. */
  push(frame: T, flow: Flow): void {
    const key = this.#keyOf(flow);
    let turn = this.#byKey.get(key);
    if (!turn) {
      turn = { key, waiting: this.#make(), deficit: QUANTUM_BYTES };
      this.#byKey.set(key, turn);
      this.#ring.push(turn);
    }
    turn.waiting.push(frame, flow);
    this.frames++;
    this.bytes += frame.length;
  }

  /** Stays the same until something is taken or dropped: the round goes on to who has credit for its frame. */
  peek(): T | undefined {
    for (;;) {
      const turn = this.#ring[0];
      const frame = turn?.waiting.peek();
      if (!turn || !frame || turn.deficit >= frame.length) return frame;
      turn.deficit += QUANTUM_BYTES;
      this.#ring.push(this.#ring.shift() as Turn<T, Key>);
    }
  }

  shift(): T | undefined {
    const frame = this.peek();
    const turn = this.#ring[0];
    if (!frame || !turn) return undefined;
    turn.waiting.shift();
    turn.deficit -= frame.length;
    this.#left(turn, frame);
    return frame;
  }

  pop(): T | undefined {
    let longest: Turn<T, Key> | undefined;
    for (const turn of this.#ring) if (!longest || turn.waiting.bytes > longest.waiting.bytes) longest = turn;
    const frame = longest?.waiting.pop();
    if (longest && frame) this.#left(longest, frame);
    return frame;
  }

  remove(frame: T): boolean {
    const turn = this.#ring.find(({ waiting }) => waiting.remove(frame));
    if (turn) this.#left(turn, frame);
    return turn !== undefined;
  }

  all(): T[] {
    return this.#ring.flatMap(({ waiting }) => waiting.all());
  }

  bytesOf(key: Key): number {
    return this.#byKey.get(key)?.waiting.bytes ?? 0;
  }

  longestBytes(): number {
    let most = 0;
    for (const { waiting } of this.#ring) most = Math.max(most, waiting.bytes);
    return most;
  }

  #left(turn: Turn<T, Key>, frame: T): void {
    this.frames--;
    this.bytes -= frame.length;
    if (turn.waiting.frames > 0) return;
    this.#byKey.delete(turn.key);
    this.#ring.splice(this.#ring.indexOf(turn), 1);
  }
}

/**
 * Frames that wait for one link at one priority. The links they came over take turns by bytes, and so do, within each,
 * their origins: who says much waits for itself, and a neighbour that floods, under however many names, has one
 * neighbour's share. Whoever keeps it bounded drops the newest of the longest flow.
 */
export class FairQueue<T extends Sized = Uint8Array> {
  readonly #turns = new Turns<T, Flow['ingress']>(
    ({ ingress }) => ingress,
    () =>
      new Turns<T, NodeId>(
        ({ origin }) => origin,
        () => new Fifo<T>(),
      ),
  );

  get length(): number {
    return this.#turns.frames;
  }

  get bytes(): number {
    return this.#turns.bytes;
  }

  push(frame: T, flow: Flow): void {
    this.#turns.push(frame, flow);
  }

  /** The frame that `shift` takes. */
  peek(): T | undefined {
    return this.#turns.peek();
  }

  shift(): T | undefined {
    return this.#turns.shift();
  }

  /** The newest frame of the link, and of it the origin, that has most waiting. */
  pop(): T | undefined {
    return this.#turns.pop();
  }

  /** Whether it waited here. */
  remove(frame: T): boolean {
    return this.#turns.remove(frame);
  }

  /** Whether some link has more waiting than this one would have with so many bytes more. */
  isExceededBy(ingress: Flow['ingress'], bytes: number): boolean {
    return this.#turns.longestBytes() > this.#turns.bytesOf(ingress) + bytes;
  }

  /** All that waits, in no order that matters. */
  all(): T[] {
    return this.#turns.all();
  }
}
