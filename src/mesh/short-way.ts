import { readU16, readU32 } from '../core/bytes.js';
import { nodeIdBytes } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { type FrameIngest, INGEST_STRIDE, Verdict } from '../ports/hot-path.js';
import type { HeardFrame } from '../ports/radio.js';
import type { KnownNodes } from '../trust/known-nodes.js';
import { FrameType } from '../wire/frame-types.js';
import { FIXED_HEADER_BYTES, Offset, overheadBytes } from '../wire/header.js';
import type { Carrier } from './carrier.js';
import type { Counters } from './counters.js';
import type { Link, Links, PeerAtHand } from './links.js';
import { hasPresence } from './watch-times.js';

/** What became of a frame that may need next to nothing. */
export const InPassing = {
  /** It is something else, or there is something about it: nothing was done. */
  No: 'no',
  /** Done, and nothing else in the engine has changed. */
  Quiet: 'quiet',
  /** Done, but what is to be done next may have changed. */
  Done: 'done',
} as const;
export type InPassing = (typeof InPassing)[keyof typeof InPassing];

/** Of the digest in a heartbeat: field 1, four bytes. */
const DIGEST_TAG = 0x0d;
const DIGEST_BYTES = 5;
const FLAGS = 63;

/**
 * The short way of what most frames are when little happens: a heartbeat to everybody in earshot, from a neighbour that
 * holds what this node does. It passes the same checks as every frame.
 */
export class ShortWay {
  readonly #counters: Counters;
  readonly #links: Links;
  readonly #known: KnownNodes;
  readonly #ingest: FrameIngest;
  readonly #present: (link: Link, now: Instant) => boolean;
  readonly #offsets = new Uint32Array(2);
  readonly #out = new Int32Array(INGEST_STRIDE);
  /** Of all that `sift` did last. */
  passed: InPassing = InPassing.Quiet;

  /** `present`: false when that changes what is to be done next. */
  constructor(
    counters: Counters,
    links: Links,
    known: KnownNodes,
    ingest: FrameIngest,
    present: (link: Link, now: Instant) => boolean,
  ) {
    this.#counters = counters;
    this.#links = links;
    this.#known = known;
    this.#ingest = ingest;
    this.#present = present;
  }

  /** The frames that are no such; what became of the others says `passed`. `digest`: of what this node holds. */
  sift(carrier: Carrier, frames: readonly HeardFrame[], digest: () => number, now: Instant): readonly HeardFrame[] {
    this.passed = InPassing.Quiet;
    const left: HeardFrame[] = [];
    for (const frame of frames) {
      const how = this.heard(carrier, frame, digest, now);
      if (how === InPassing.No) left.push(frame);
      else if (how === InPassing.Done) this.passed = InPassing.Done;
    }
    return left;
  }

  heard(
    carrier: Carrier,
    { from, bytes, shouted, overheard }: HeardFrame,
    digest: () => number,
    now: Instant,
  ): InPassing {
    if (bytes[Offset.Type] !== FrameType.Heartbeat || shouted || overheard || !isBare(bytes, digest))
      return InPassing.No;
    const link = this.#links.find(carrier.index, from);
    if (link?.phase !== 'up' || link.peer === undefined || !hasPresence(carrier)) return InPassing.No;
    const atHand = this.#atHand(link, readU16(bytes, Offset.Salt));
    if (!atHand || readU32(bytes, Offset.Source) !== atHand.high || readU32(bytes, Offset.Source + 4) !== atHand.low)
      return InPassing.No;
    const sequence = readU32(bytes, Offset.Sequence);
    if (!atHand.window.isFresh(sequence)) return InPassing.No;
    this.#offsets[1] = bytes.length;
    this.#ingest.run(bytes, this.#offsets, 1, now.mono, this.#out);
    const verdict = this.#out[0];
    // What else may be wrong with it is its length or version: the long way says so.
    if (verdict !== Verdict.Accept && verdict !== Verdict.Tag && verdict !== Verdict.Duplicate) return InPassing.No;
    link.traffic.framesIn++;
    link.traffic.bytesIn += bytes.length;
    if (verdict === Verdict.Tag) this.#counters.refuse('frame.tag');
    if (verdict !== Verdict.Accept) return InPassing.Quiet;
    atHand.window.accept(sequence);
    this.#known.used(atHand.peer);
    this.#counters.countReceived(FrameType.Heartbeat);
    return this.#present(link, now) ? InPassing.Quiet : InPassing.Done;
  }

  /** What is known of the neighbour at the other end; `undefined` while nobody vouched for this boot of it. */
  #atHand(link: Link, saltHint: number): PeerAtHand | undefined {
    const { peer, atHand } = link;
    const { generation } = this.#known;
    if (atHand?.generation === generation && atHand.peer === peer && atHand.saltHint === saltHint) return atHand;
    const window = peer && this.#known.windowOf(peer, saltHint);
    if (!window) return undefined;
    const id = nodeIdBytes(peer);
    link.atHand = { peer, high: readU32(id, 0), low: readU32(id, 4), saltHint, window, generation };
    return link.atHand;
  }
}

/** As this engine writes them: no flags, and nothing but the digest, if that. */
function isBare(bytes: Uint8Array, digest: () => number): boolean {
  const payload = bytes.length - overheadBytes(0);
  if (((bytes[Offset.Flags] as number) & FLAGS) !== 0 || payload < 0) return false;
  return (
    payload === 0 ||
    (payload === DIGEST_BYTES && bytes[FIXED_HEADER_BYTES] === DIGEST_TAG && digestOf(bytes) === digest())
  );
}

/** Protobuf's fixed32 has the lowest byte first. */
const digestOf = (bytes: Uint8Array): number => {
  const word = readU32(bytes, FIXED_HEADER_BYTES + 1);
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
};
