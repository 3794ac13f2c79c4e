import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { HeardFrame } from '../ports/radio.js';
import { aliasOf, compactFrame, expandFrame, isCompact } from '../wire/compact.js';
import { FIRST_FAR_TYPE, FrameType, Priority } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { type Carrier, isSlowAir } from './carrier.js';
import type { NodeAliases } from './node-aliases.js';
import type { MeshContext } from './types.js';

/** Short frames kept until their aliases are known, and for how long; the oldest goes first, and is counted. */
export const UNREAD_MAX = 64;
const UNREAD_MS = 60_000;

/** A frame as the radio heard it, and its transmitter where the frame proves who that was. */
export interface ReadFrame extends HeardFrame {
  readonly transmitter?: NodeId;
}

interface Unread {
  readonly carrier: Carrier;
  readonly frame: HeardFrame;
  readonly aliases: readonly number[];
  readonly until: number;
}

export interface ShortFramesEvents {
  /** Nobody is known by these aliases, or not the one that is meant: ask those in earshot. */
  lacks(carrier: Carrier, aliases: readonly number[], now: Instant): void;
}

/**
 * The edge of slow air: frames go out in their short form and come in as full ones. What names itself to those who may not know
 * it, beacons and lists of whom one hears, stays as it is.
 */
export class ShortFrames {
  readonly #context: MeshContext;
  readonly #aliases: NodeAliases;
  readonly #events: ShortFramesEvents;
  readonly #unread: Unread[] = [];
  readonly #ready: { readonly carrier: Carrier; readonly frame: ReadFrame }[] = [];
  /** By the short form that was handed to a radio. */
  readonly #fullOf = new WeakMap<Uint8Array, Uint8Array>();

  constructor(context: MeshContext, aliases: NodeAliases, events: ShortFramesEvents) {
    this.#context = context;
    this.#aliases = aliases;
    this.#events = events;
  }

  /** Frames that wait to be read. */
  get unread(): number {
    return this.#unread.length;
  }

  /** The form in which a frame goes over this carrier. */
  outgoing(carrier: Carrier, frame: Uint8Array): Uint8Array {
    if (!isSlowAir(carrier)) return frame;
    const { type, source, destination, priority } = readHeader(frame);
    if (type === FrameType.Beacon || type === FrameType.Hearing) return frame;
    const { self, tagKey } = this.#context;
    // Neighbours know this node, be it the source or who passes it on: they have heard its lists.
    const isKnown = (node: NodeId): boolean => node === self.id || this.#aliases.isSettled(node);
    // What is urgent waits for no list that says who is meant.
    const isFarAndUrgent = type >= FIRST_FAR_TYPE && destination === undefined && priority <= Priority.High;
    const mayBeStrange = isFarAndUrgent && source !== self.id;
    const areKnown = !mayBeStrange && isKnown(source) && (destination === undefined || isKnown(destination));
    if (!areKnown) for (const node of [source, destination]) if (node !== undefined) this.#aliases.named(node);
    const short = compactFrame(frame, self.id, tagKey, !areKnown);
    if (!short || short.length >= frame.length) return frame;
    this.#fullOf.set(short, frame);
    return short;
  }

  /** The frame that was handed to a radio in this form. */
  handedOver(form: Uint8Array): Uint8Array {
    return this.#fullOf.get(form) ?? form;
  }

  /** Full frames of those heard over a slow air. Those that cannot be read yet are kept for a while. */
  incoming(carrier: Carrier, frames: readonly HeardFrame[], now: Instant): readonly ReadFrame[] {
    if (!frames.some(({ bytes }) => bytes.length > 0 && isCompact(bytes))) return frames;
    return frames.flatMap((frame) => {
      if (frame.bytes.length === 0 || !isCompact(frame.bytes)) return [frame];
      const read = this.#read(carrier, frame, now);
      if (read && 'bytes' in read) return [read];
      if (read && !frame.overheard)
        this.#keep({ carrier, frame, aliases: read.aliases, until: now.mono + UNREAD_MS }, now);
      return [];
    });
  }

  /** A node is known from now on. */
  learned(node: NodeId, now: Instant): void {
    if (this.#aliases.add(node)) this.#retry([node], now);
  }

  /** A frame with a good tag is from this node: it takes the place of none that is known better. */
  met(node: NodeId, now: Instant): void {
    if (!this.#aliases.isFull) this.learned(node, now);
  }

  /** Somebody names nodes: they are known once a frame proves that they are meant. */
  hinted(nodes: readonly NodeId[], now: Instant): void {
    this.#retry(
      nodes.filter((node) => !this.#aliases.has(node)),
      now,
    );
  }

  /** What waited and can be read now. */
  takeReady(): readonly { readonly carrier: Carrier; readonly frame: ReadFrame }[] {
    return this.#ready.splice(0).filter(({ carrier }) => carrier.up);
  }

  get isReady(): boolean {
    return this.#ready.length > 0;
  }

  tick(now: Instant): void {
    while (this.#unread[0] && this.#unread[0].until <= now.mono) this.#drop();
  }

  #retry(nodes: readonly NodeId[], now: Instant): void {
    const aliases = new Set(nodes.map(aliasOf));
    for (const unread of this.#unread.filter((waiting) => waiting.aliases.some((alias) => aliases.has(alias)))) {
      const frame = this.#read(unread.carrier, unread.frame, now, nodes);
      if (!frame || !('bytes' in frame)) continue;
      this.#unread.splice(this.#unread.indexOf(unread), 1);
      const { source, destination } = readHeader(frame.bytes);
      for (const node of nodes)
        if (node === source || node === destination || node === frame.transmitter) this.#aliases.add(node);
      this.#ready.push({ carrier: unread.carrier, frame });
    }
  }

  /** `undefined` when it is not of this mesh, which is counted. */
  #read(
    carrier: Carrier,
    frame: HeardFrame,
    now: Instant,
    hints: readonly NodeId[] = [],
  ): ReadFrame | { readonly aliases: readonly number[] } | undefined {
    const { tagKey, counters } = this.#context;
    const knownAs = (alias: number): readonly NodeId[] => [
      ...new Set([...this.#aliases.knownAs(alias), ...hints.filter((node) => aliasOf(node) === alias)]),
    ];
    const read = expandFrame(frame.bytes, knownAs, tagKey);
    if ('frame' in read) return { ...frame, bytes: read.frame, transmitter: read.transmitter };
    if ('aliases' in read && read.aliases.length > 0) return read;
    // With whole ids nothing is left to be learned.
    if ('aliases' in read) carrier.foreignAt = now.mono;
    counters.refuse('aliases' in read ? 'frame.tag' : 'frame.malformed');
    return undefined;
  }

  #keep(unread: Unread, now: Instant): void {
    this.#unread.push(unread);
    if (this.#unread.length > UNREAD_MAX) this.#drop();
    this.#events.lacks(unread.carrier, unread.aliases, now);
  }

  #drop(): void {
    this.#unread.shift();
    this.#context.counters.refuse('frame.unknown-alias');
  }
}
