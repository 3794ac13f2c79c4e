import { type FrameIngest, INGEST_STRIDE, type IngestOptions, Verdict } from '../../ports/hot-path.js';
import {
  FIXED_HEADER_BYTES,
  Flag,
  FRAGMENT_BYTES,
  MAX_FRAME_BYTES,
  Offset,
  PROTOCOL_VERSION,
  SIGNATURE_BYTES,
  TAG_BYTES,
} from '../../wire/header.js';
import { sipHash24 } from '../../wire/siphash.js';
import {
  checkArray,
  checkCount,
  checkId,
  checkInteger,
  checkObject,
  checkRoom,
  checkTime,
  hotPathError,
} from '../checks.js';
import { TAG_KEY_BYTES } from '../limits.js';
import { DedupTwin } from './dedup.js';
import { RoutesTwin } from './routes.js';

const ID_BYTES = 8;

const readLe = (b: Uint8Array, at: number): number =>
  (b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16) | ((b[at + 3] as number) << 24);

const readBe = (b: Uint8Array, at: number): number =>
  (((b[at] as number) << 24) | ((b[at + 1] as number) << 16) | ((b[at + 2] as number) << 8) | (b[at + 3] as number)) >>>
  0;

/** What the checks of shape leave behind for the later ones; one for each ingest, so that no frame allocates. */
interface Shape {
  headerBytes: number;
  payloadBytes: number;
  fragmentOffset: number;
  directed: boolean;
  destinationAt: number;
}

/** Checks frames in the order of docs/protocol.md; the twin of native/core/frame_ingest.cpp. */
export class IngestTwin implements FrameIngest {
  readonly #dedup: DedupTwin;
  readonly #routes: RoutesTwin;
  readonly #maxFrameBytes: number;
  readonly #selfHigh: number;
  readonly #selfLow: number;
  readonly #keys: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(256).fill(undefined);
  readonly #trusted: boolean;
  readonly #tag = new Uint8Array(TAG_BYTES);
  readonly #shape: Shape = { headerBytes: 0, payloadBytes: 0, fragmentOffset: 0, directed: false, destinationAt: 0 };

  constructor(options: IngestOptions) {
    checkObject(options, 'options');
    const { dedup, routes, self, maxFrameBytes, trusted } = options;
    if (!DedupTwin.isOne(dedup)) throw hotPathError('hotpath.handle', 'dedup must come from the same hot path');
    if (!RoutesTwin.isOne(routes)) throw hotPathError('hotpath.handle', 'routes must come from the same hot path');
    checkId(self, 'self');
    checkInteger(maxFrameBytes, 'maxFrameBytes', 1, MAX_FRAME_BYTES);
    this.#dedup = dedup;
    this.#routes = routes;
    this.#maxFrameBytes = maxFrameBytes;
    this.#trusted = trusted === true;
    this.#selfHigh = Number(self >> 32n);
    this.#selfLow = Number(self & 0xffffffffn);
  }

  setKey(epoch: number, key: Uint8Array | undefined): void {
    checkInteger(epoch, 'epoch', 0, 255);
    if (key === undefined) {
      this.#keys[epoch] = undefined;
      return;
    }
    checkArray(key, Uint8Array, 'key');
    checkCount('key', key.length, TAG_KEY_BYTES);
    this.#keys[epoch] = key.slice();
  }

  run(slab: Uint8Array, offsets: Uint32Array, count: number, nowMs: number, out: Int32Array): number {
    checkArray(slab, Uint8Array, 'slab');
    checkArray(offsets, Uint32Array, 'offsets');
    checkInteger(count, 'count', 0, 0xffffffff);
    checkTime(nowMs, 'nowMs');
    checkArray(out, Int32Array, 'out');
    checkRoom('offsets', offsets.length, count + 1);
    checkRoom('out', out.length, count * INGEST_STRIDE);
    checkOffsets(offsets, count, slab.length);
    if (count > 0) this.#dedup.advance(nowMs);
    let accepted = 0;
    for (let i = 0; i < count; i++) {
      const start = offsets[i] as number;
      const verdict = this.#judge(slab, start, offsets[i + 1] as number);
      const shape = this.#shape;
      const at = i * INGEST_STRIDE;
      out[at] = verdict;
      out[at + 1] = shape.headerBytes;
      out[at + 2] = shape.payloadBytes;
      out[at + 3] = verdict === Verdict.Accept && shape.directed ? this.#linkFor(slab, start, nowMs) : -1;
      if (verdict === Verdict.Accept) accepted++;
    }
    return accepted;
  }

  #checkTag(slab: Uint8Array, start: number, end: number): Verdict | undefined {
    const key = this.#keys[slab[start + Offset.Epoch] as number];
    if (key === undefined) return Verdict.Epoch;
    sipHash24(key, slab, start, end - TAG_BYTES, this.#tag, 0);
    // All bytes are looked at: how long it takes says nothing about where they differ.
    let difference = 0;
    for (let i = 0; i < TAG_BYTES; i++) difference |= (this.#tag[i] as number) ^ (slab[end - TAG_BYTES + i] as number);
    return difference === 0 ? undefined : Verdict.Tag;
  }

  #judge(slab: Uint8Array, start: number, end: number): Verdict {
    const verdict = this.#readShape(slab, start, end - start);
    const shape = this.#shape;
    if (verdict !== Verdict.Accept) {
      shape.headerBytes = 0;
      shape.payloadBytes = 0;
      return verdict;
    }
    const refusal = this.#trusted ? undefined : this.#checkTag(slab, start, end);
    if (refusal !== undefined) return refusal;
    const source = start + Offset.Source;
    if (readBe(slab, source) === this.#selfHigh && readBe(slab, source + 4) === this.#selfLow) return Verdict.Own;
    // The dedup key is the 14 bytes of the message id and the fragment's offset, big-endian, here as little-endian words.
    const tail = (slab[source + 12] as number) | ((slab[source + 13] as number) << 8);
    const offset = ((shape.fragmentOffset >>> 8) << 16) | ((shape.fragmentOffset & 0xff) << 24);
    const isNew = this.#dedup.take(
      readLe(slab, source),
      readLe(slab, source + 4),
      readLe(slab, source + 8),
      tail | offset,
    );
    return isNew ? Verdict.Accept : Verdict.Duplicate;
  }

  #readShape(slab: Uint8Array, start: number, length: number): Verdict {
    if (length < FIXED_HEADER_BYTES + TAG_BYTES) return Verdict.Truncated;
    if (length > this.#maxFrameBytes) return Verdict.Oversized;
    const version = (slab[start + Offset.Version] as number) >>> 4;
    // The next version keeps this layout, so that neighbours can be upgraded one by one.
    if (version !== PROTOCOL_VERSION && version !== PROTOCOL_VERSION + 1) return Verdict.Version;

    const flags = slab[start + Offset.Flags] as number;
    const isFragment = (flags & Flag.Fragment) !== 0;
    const shape = this.#shape;
    shape.directed = (flags & Flag.Directed) !== 0;
    shape.destinationAt = FIXED_HEADER_BYTES + (isFragment ? FRAGMENT_BYTES : 0);
    const header =
      shape.destinationAt + (shape.directed ? ID_BYTES : 0) + ((flags & Flag.Transmitter) !== 0 ? ID_BYTES : 0);
    const payload = length - header - ((flags & Flag.Signed) !== 0 ? SIGNATURE_BYTES : 0) - TAG_BYTES;
    if (payload < 0) return Verdict.Malformed;
    shape.fragmentOffset = 0;
    if (isFragment) {
      const words = readBe(slab, start + FIXED_HEADER_BYTES);
      shape.fragmentOffset = words >>> 16;
      if (payload === 0 || shape.fragmentOffset + payload > (words & 0xffff)) return Verdict.Malformed;
    }
    shape.headerBytes = header;
    shape.payloadBytes = payload;
    return Verdict.Accept;
  }

  #linkFor(slab: Uint8Array, start: number, nowMs: number): number {
    const at = start + this.#shape.destinationAt;
    const high = readBe(slab, at);
    const low = readBe(slab, at + 4);
    return high === this.#selfHigh && low === this.#selfLow ? -1 : this.#routes.linkTo(low, high, nowMs);
  }
}

/** Offsets are the caller's own work: one that leaves the slab is a mistake to report, not a frame to count. */
function checkOffsets(offsets: Uint32Array, count: number, slabBytes: number): void {
  let last = 0;
  for (let i = 0; i <= count; i++) {
    const offset = offsets[i] as number;
    if (offset < last || offset > slabBytes) {
      throw hotPathError('hotpath.argument', `offsets[${i}] is below the one before or outside the slab`);
    }
    last = offset;
  }
}
