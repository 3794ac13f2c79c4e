import type { NodeId } from '../core/ids.js';
import type { HeardBatch, LinkAddress } from '../ports/radio.js';
import type { ReadFrame } from './short-frames.js';

const FIRST_BYTES = 8 * 1_500;
const FIRST_FRAMES = 16;

/** A batch of which it may be known who transmitted frame i. */
export interface LaidBatch extends HeardBatch {
  readonly transmitters?: readonly (NodeId | undefined)[];
}

/** Lays single frames out as a batch, in memory that grows to the largest one and stays. Good until the next call. */
export class FrameSlab {
  #slab = new Uint8Array(FIRST_BYTES);
  #offsets = new Uint32Array(FIRST_FRAMES + 1);
  #sources = new Uint32Array(FIRST_FRAMES);
  #snrDb = new Float32Array(FIRST_FRAMES);

  lay(frames: readonly ReadFrame[]): LaidBatch {
    const [first] = frames;
    // One alone is its own slab.
    if (first && frames.length === 1) return this.#alone(first);
    this.#grow(frames);
    const addresses: LinkAddress[] = [];
    let at = 0;
    for (const [i, { from, snrDb, bytes }] of frames.entries()) {
      // Frames of one turn mostly come from one neighbour.
      if (addresses.at(-1) !== from) addresses.push(from);
      this.#sources[i] = addresses.length - 1;
      this.#offsets[i] = at;
      this.#snrDb[i] = snrDb ?? Number.NaN;
      this.#slab.set(bytes, at);
      at += bytes.length;
    }
    this.#offsets[frames.length] = at;
    const [slab, offsets, sources, snrDb] = [this.#slab, this.#offsets, this.#sources, this.#snrDb];
    const transmitters = frames.some(({ transmitter }) => transmitter) && frames.map(({ transmitter }) => transmitter);
    const batch = { slab, offsets, sources, snrDb, count: frames.length, addresses };
    return transmitters ? { ...batch, transmitters } : batch;
  }

  #alone({ from, snrDb, bytes, transmitter }: ReadFrame): LaidBatch {
    this.#offsets[0] = 0;
    this.#offsets[1] = bytes.length;
    this.#sources[0] = 0;
    this.#snrDb[0] = snrDb ?? Number.NaN;
    const [offsets, sources] = [this.#offsets, this.#sources];
    const batch = { slab: bytes, offsets, sources, snrDb: this.#snrDb, count: 1, addresses: [from] };
    return transmitter === undefined ? batch : { ...batch, transmitters: [transmitter] };
  }

  #grow(frames: readonly ReadFrame[]): void {
    let total = 0;
    for (const { bytes } of frames) total += bytes.length;
    if (total > this.#slab.length) this.#slab = new Uint8Array(total * 2);
    if (frames.length <= this.#sources.length) return;
    this.#offsets = new Uint32Array(frames.length * 2 + 1);
    this.#sources = new Uint32Array(frames.length * 2);
    this.#snrDb = new Float32Array(frames.length * 2);
  }
}
