// Frames as docs/protocol.md lays them out, and what a program in plain JavaScript does with them, one at a time.
import { Stream } from './random.mjs';

export const FRAME_BYTES = 136;
const TAG_BYTES = 8;
const DIRECTED = 1;
const HEADER_BYTES = 28;
const FIXED_BYTES = 20;
const VERSION = 1;
const TTL = 5;
const At = { Flags: 2, Ttl: 3, Hops: 4, Epoch: 5, Source: 6, Sequence: 16, Destination: 20 };
const SOURCES = 1_000;
/** One frame in four was heard before, as where two neighbours repeat. */
const REPEATED = 4;
export const KEY = Uint8Array.from({ length: 16 }, (_, i) => 1 + 7 * i);

/** Node `index` of the mesh. */
export const nodeId = (index) => BigInt.asUintN(64, 0x1000_0000_0000_0000n + BigInt(index) * 0x9e37_79b9_7f4an);

/** `count` frames in one slab, each to one of `destinations` nodes. */
export class FrameSlab {
  #stream = new Stream();
  #sequence = 0;
  #tag;

  /** @param {(key: Uint8Array, data: Uint8Array, start: number, end: number, out: Uint8Array, at: number) => void} tag SipHash-2-4 */
  constructor(count, destinations, seed, tag) {
    this.count = count;
    this.destinations = destinations;
    this.#tag = tag;
    this.bytes = Buffer.alloc(count * FRAME_BYTES, 0x5a);
    this.offsets = Uint32Array.from({ length: count + 1 }, (_, i) => i * FRAME_BYTES);
    this.#stream.start(seed, 1, 0);
  }

  /** New frames; those that are repeated, of this round. */
  renew() {
    for (let i = 0; i < this.count; i++) {
      const start = i * FRAME_BYTES;
      const word = this.#stream.next();
      if (i > 0 && word % REPEATED === 0) {
        const earlier = (this.#stream.next() % i) * FRAME_BYTES;
        this.bytes.copy(this.bytes, start, earlier, earlier + FRAME_BYTES);
      } else this.#write(start, word);
    }
  }

  #write(start, word) {
    const { bytes } = this;
    bytes[start] = VERSION << 4;
    bytes[start + At.Flags] = DIRECTED;
    bytes[start + At.Ttl] = TTL;
    bytes[start + At.Hops] = 1;
    bytes[start + At.Epoch] = 0;
    bytes.writeBigUInt64BE(nodeId(1_000_000 + (word % SOURCES)), start + At.Source);
    bytes.writeUInt16BE(word >>> 16, start + 14);
    bytes.writeUInt32BE(this.#sequence++, start + At.Sequence);
    bytes.writeBigUInt64BE(nodeId(this.#stream.next() % this.destinations), start + At.Destination);
    const end = start + FRAME_BYTES - TAG_BYTES;
    this.#tag(KEY, bytes, start, end, bytes, end);
  }
}

/** Shape, hops left, dedup by two generations of a Map, route by a Map. */
export class PlainIngest {
  #young = new Map();
  #old = new Map();
  #routes = new Map();
  #tag = Buffer.alloc(TAG_BYTES);
  #self;

  constructor({ capacity, routes, self, sipHash }) {
    Object.assign(this, { capacity, sipHash });
    const key = Buffer.alloc(8);
    const textOf = (id) => {
      key.writeBigUInt64BE(id);
      return key.latin1Slice();
    };
    this.#self = textOf(self);
    for (const [destination, route] of routes) this.#routes.set(textOf(destination), route);
  }

  /** The next hop's link, or -1 when it ends here. `sipHash` given: only with a good tag. */
  take(frame, nowMs) {
    if (frame.length < HEADER_BYTES + TAG_BYTES || frame[0] >>> 4 !== VERSION || frame[At.Ttl] === 0) return -1;
    if (this.sipHash !== undefined && !this.#isTagged(frame)) return -1;
    const id = frame.latin1Slice(At.Source, FIXED_BYTES);
    if (this.#young.has(id) || this.#old.has(id)) return -1;
    this.#young.set(id, nowMs);
    if (this.#young.size >= this.capacity / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    if ((frame[At.Flags] & DIRECTED) === 0) return -1;
    const destination = frame.latin1Slice(At.Destination, HEADER_BYTES);
    if (destination === this.#self) return -1;
    const route = this.#routes.get(destination);
    return route !== undefined && route.expiresAtMs > nowMs ? route.link : -1;
  }

  #isTagged(frame) {
    const end = frame.length - TAG_BYTES;
    this.sipHash(KEY, frame, 0, end, this.#tag, 0);
    return this.#tag.compare(frame, end) === 0;
  }
}
