import { type FrameIngest, INGEST_STRIDE, type IngestOptions } from '../ports/hot-path.js';
import type { Addon, AddonIngest } from './load.js';

/** `IngestControl` of native/addon/handles.hpp: time, count, accepted, offsets. */
const TURN_FRAMES = 256;
const NOW_AT = 0;
const COUNT_AT = 8;
const ACCEPTED_AT = 12;
const OFFSETS_AT = 16;
const CONTROL_BYTES = 1_048;
const TIME_MAX_MS = 2 ** 53;

/** The length as the engine knows it, whatever a subclass says: 0 once the memory is gone. */
const lengthOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')?.get as (
  this: Uint8Array | Int32Array,
) => number;

/**
 * The addon's ingest. Handing five arguments over takes as long as a dozen frames do; so the arrays of the last run are
 * kept, numbers go through memory both sides know, and all that is left is a call. Whatever is unusual (other arrays, large
 * batches, mistakes) goes the plain way, which says what is wrong.
 */
export class NativeIngest implements FrameIngest {
  readonly #plain: AddonIngest;
  readonly #turn: () => void;
  readonly #now: Float64Array;
  readonly #count: Uint32Array;
  readonly #accepted: Uint32Array;
  readonly #offsets: Uint32Array;
  /** What the addon holds pointers into. */
  #slab: Uint8Array | undefined;
  #out: Int32Array | undefined;
  #slabBytes = 0;
  #outWords = 0;

  constructor(addon: Addon, isa: string, { dedup, routes, self, maxFrameBytes, trusted }: IngestOptions) {
    const control = new ArrayBuffer(CONTROL_BYTES);
    this.#plain = new addon.FrameIngest(dedup, routes, self, maxFrameBytes, isa, trusted === true, control);
    this.#turn = this.#plain.turn();
    this.#now = new Float64Array(control, NOW_AT, 1);
    this.#count = new Uint32Array(control, COUNT_AT, 1);
    this.#accepted = new Uint32Array(control, ACCEPTED_AT, 1);
    this.#offsets = new Uint32Array(control, OFFSETS_AT, TURN_FRAMES + 1);
  }

  setKey(epoch: number, key: Uint8Array | undefined): void {
    this.#plain.setKey(epoch, key);
  }

  run(slab: Uint8Array, offsets: Uint32Array, count: number, nowMs: number, out: Int32Array): number {
    if ((slab !== this.#slab || out !== this.#out) && !this.#bind(slab, out)) {
      return this.#plain.run(slab, offsets, count, nowMs, out);
    }
    // What might run code of the caller's comes first, the look at the arrays last: none can go between that and the turn.
    if (!this.#copy(offsets, count, nowMs) || !this.#isThere(slab, out, count)) {
      return this.#plain.run(slab, offsets, count, nowMs, out);
    }
    this.#turn();
    return this.#accepted[0] as number;
  }

  /** Fills the control; false where something is unusual or wrong. */
  #copy(offsets: Uint32Array, count: number, nowMs: number): boolean {
    if (typeof nowMs !== 'number' || !(nowMs >= 0 && nowMs <= TIME_MAX_MS)) return false;
    if (typeof count !== 'number' || count >>> 0 !== count || count > TURN_FRAMES) return false;
    if (!(offsets instanceof Uint32Array) || offsets.length <= count) return false;
    const copy = this.#offsets;
    let last = 0;
    for (let i = 0; i <= count; i++) {
      const offset = offsets[i] as number;
      if (!(offset >= last)) return false;
      copy[i] = offset;
      last = offset;
    }
    this.#now[0] = nowMs;
    this.#count[0] = count;
    return last <= this.#slabBytes;
  }

  /** Whether the arrays are still as long as when they were bound: a buffer that was transferred or made smaller is not. */
  #isThere(slab: Uint8Array, out: Int32Array, count: number): boolean {
    if (lengthOf.call(slab) === this.#slabBytes && lengthOf.call(out) === this.#outWords) {
      return count * INGEST_STRIDE <= this.#outWords;
    }
    this.#slab = undefined;
    this.#out = undefined;
    return false;
  }

  #bind(slab: Uint8Array, out: Int32Array): boolean {
    this.#slab = undefined;
    this.#out = undefined;
    if (!this.#plain.bind(slab, out)) return false;
    this.#slab = slab;
    this.#out = out;
    this.#slabBytes = lengthOf.call(slab);
    this.#outWords = lengthOf.call(out);
    return true;
  }
}
