import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import { dedupKeyOf, relayCopy } from '../wire/frame.js';
import { Priority } from '../wire/frame-types.js';
import { type Header, Offset, readHeader } from '../wire/header.js';
import type { AirFlood } from './air-flood.js';
import { isSlowAir } from './carrier.js';
import { type Crowd, DIRECT_TTL, isDirect, NO_CROWD } from './crowd.js';
import { type Egress, earlier } from './egress.js';
import { OVERHEARD_INGRESS, OWN_INGRESS } from './fair-queue.js';
import type { Link, Links } from './links.js';
import { Shouting } from './shouting.js';
import type { Arrival, MeshContext, Outgoing } from './types.js';

/** Longest relay delay on a carrier fast enough not to notice; slower ones wait up to a few airtimes. */
const FAST_DELAY_MS = 12;
const DELAY_AIRTIMES = 4;
const DELAY_MAX_MS = 2_000;
/**
 * How long a relayed frame is kept to be sent again over a way that opens: as long as it takes to notice that the way
 * it was left to is gone. At either bound the oldest goes first.
 */
const MEMORY_MS = 10_000;
const MEMORY_FRAMES_MAX = 16_384;
const MEMORY_BYTES_MAX = 8 << 20;
/**
 * Flooded frames relayed for one neighbour, whoever it says they are from: more are taken and not passed on, and
 * counted. Far above what a segment says together, and so much that a device keeps up.
 */
const RELAYS_PER_SECOND = 1_000;
const RELAYS_BURST = 5_000;
/** Frames looked at anew when links or the topology change: the youngest. */
const RECONSIDERED_MAX = 512;

interface Relay {
  /** A frame as it came, or a message of our own. */
  readonly what: Uint8Array | Outgoing;
  readonly source: NodeId;
  /** Number of the link over which it came first. */
  readonly ingress: number;
  readonly urgent: boolean;
  readonly bytes: number;
  /** Neighbours that sent us a copy. */
  readonly heardFrom: Set<NodeId>;
  /** Of these the ones heard over slow air: who else heard them there is no concern of other links. */
  readonly heardOnAir: Set<NodeId>;
  /** Neighbours that we sent a copy, and that may have taken it. */
  readonly sentTo: Set<NodeId>;
  dueAt: number | undefined;
  forgetAt: number;
}

/** The longest delay before a relay: long enough that copies of neighbours are heard first, never longer than needed. */
export function relayDelayMaxMs(bitsPerSecond: number, frameBytes: number, degree: number): number {
  const airtimeMs = (frameBytes * 8_000) / Math.max(1, bitsPerSecond);
  const crowd = Math.min(4, 1 + degree / 4);
  return Math.min(DELAY_MAX_MS, Math.max(FAST_DELAY_MS, airtimeMs * DELAY_AIRTIMES * crowd));
}

/**
 * Which neighbours still need a copy: not those that sent us one, and, unless it is urgent, not those that hear a
 * node that has it (its hop acknowledgements see to them).
 */
export function relayTargets(
  neighbours: Iterable<NodeId>,
  source: NodeId,
  heardFrom: ReadonlySet<NodeId>,
  urgent: boolean,
  hears: (node: NodeId, from: NodeId) => boolean,
): NodeId[] {
  const targets: NodeId[] = [];
  for (const node of neighbours) {
    if (node === source || heardFrom.has(node)) continue;
    if (!urgent && hearsAny(node, heardFrom, hears)) continue;
    targets.push(node);
  }
  return targets;
}

function hearsAny(node: NodeId, others: ReadonlySet<NodeId>, hears: (node: NodeId, from: NodeId) => boolean): boolean {
  for (const other of others) if (hears(node, other)) return true;
  return false;
}

/**
 * Flooding with a hop limit, a random relay delay, and suppression by the copies heard meanwhile: a copy for each
 * neighbour, but one for all over slow air.
 */
export class Flooding {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #egress: Egress;
  readonly #air: AirFlood;
  readonly #hears: (node: NodeId, from: NodeId) => boolean;
  readonly #shouting: Shouting;
  /** By dedup key. Insertion order is order of arrival. */
  readonly #relays = new Map<string, Relay>();
  readonly #allowances = new WeakMap<Link, TokenBucket>();
  #bytes = 0;
  #pending = 0;
  #reconsider = false;
  crowd: Crowd = NO_CROWD;

  constructor(
    context: MeshContext,
    links: Links,
    egress: Egress,
    air: AirFlood,
    hears: (node: NodeId, from: NodeId) => boolean,
  ) {
    this.#air = air;
    this.#shouting = new Shouting(context);
    this.#context = context;
    this.#links = links;
    this.#egress = egress;
    this.#hears = hears;
  }

  get pending(): number {
    return this.#pending;
  }

  /** A message of ours for everybody, sent at once to all neighbours that things are passed on to, or to all there are. */
  originate(header: Header, payload: Uint8Array, key: string, now: Instant): void {
    const isToAll = header.priority > Priority.High && header.ttl > DIRECT_TTL && this.crowd.isAllAround();
    const said = isToAll ? { ...header, ttl: DIRECT_TTL } : header;
    const relay = this.#remember(key, { header: said, payload }, said, payload.length, OWN_INGRESS, now);
    this.#send(relay, [...(isToAll ? this.#links.neighbours() : this.#links.neighboursOffAir())], now);
    this.#air.originate({ header, payload }, relay.sentTo, now);
    this.#shouting.shout({ header, payload });
  }

  /** A frame to pass on, as it came for the first time: over a link, over slow air, or overheard. */
  relay(key: string, arrival: Arrival | undefined, frame: Uint8Array, now: Instant): void {
    const link = arrival?.link;
    if (link && !this.#allowanceOf(link).take(now.mono)) return this.#context.counters.refuse('flood.limited');
    const relay = this.#remember(key, frame, readHeader(frame), frame.length, link?.id ?? OVERHEARD_INGRESS, now);
    if (arrival) noteArrival(relay, arrival);
    this.#air.arrived(key, arrival, frame, relay.heardFrom, now);
    if ((frame[Offset.Ttl] as number) === 0) return;
    if (this.#pending >= Limit.PendingRelays) {
      this.#relay(relay, now);
      return;
    }
    const longest = relayDelayMaxMs(this.#slowestBitsPerSecond(), frame.length, this.#links.neighbourCount);
    relay.dueAt = now.mono + this.#context.random.below(Math.max(1, Math.ceil(longest)));
    relay.forgetAt = relay.dueAt + MEMORY_MS;
    this.#pending++;
  }

  /** A directed frame goes to the next node of its path, at once. */
  forward(from: Link, next: Link, frame: Uint8Array, now: Instant): void {
    this.#context.counters.flood.relayed++;
    const copy = relayCopy(frame, this.#context.tagKey);
    this.#egress.passesOn(from, frame, next, copy, now);
    this.#egress.sendFrame(next, copy, now, from.id);
  }

  /** Another copy of a frame we have. */
  heardAgain(key: string, arrival: Arrival, frame: Uint8Array, now: Instant): void {
    this.#context.counters.flood.duplicates++;
    const relay = this.#relays.get(key);
    if (relay) noteArrival(relay, arrival);
    this.#air.heardAgain(key, arrival, frame, now);
  }

  /** A copy that a neighbour never acknowledged; false when it was not flooded from here. */
  undelivered(link: Link, frame: Uint8Array): boolean {
    const own = readHeader(frame).source === this.#context.self.id;
    const relay = this.#relays.get(dedupKeyOf(frame, own));
    if (!relay || link.peer === undefined) return false;
    if (relay.sentTo.delete(link.peer)) this.#reconsider = true;
    return true;
  }

  /** Links or the topology changed: who was left to others may now need a copy from us. */
  reconsider(): void {
    this.#reconsider = true;
  }

  tick(now: Instant): void {
    if (this.#pending > 0) {
      for (const relay of this.#relays.values()) {
        if (relay.dueAt === undefined || relay.dueAt > now.mono) continue;
        relay.dueAt = undefined;
        this.#pending--;
        this.#relay(relay, now);
      }
    }
    for (const [key, relay] of this.#relays) {
      if (relay.forgetAt > now.mono || relay.dueAt !== undefined) break;
      this.#forget(key, relay);
    }
    if (this.#reconsider) this.#lookAgain(now);
  }

  nextDeadline(): number | undefined {
    if (this.#reconsider) return Number.NEGATIVE_INFINITY;
    if (this.#pending === 0) return undefined;
    let earliest: number | undefined;
    for (const relay of this.#relays.values()) earliest = earlier(earliest, relay.dueAt);
    return earliest;
  }

  #allowanceOf(link: Link): TokenBucket {
    let allowance = this.#allowances.get(link);
    if (!allowance) {
      allowance = new TokenBucket(RELAYS_PER_SECOND, RELAYS_BURST);
      this.#allowances.set(link, allowance);
    }
    return allowance;
  }

  #lookAgain(now: Instant): void {
    this.#reconsider = false;
    let skip = this.#relays.size - RECONSIDERED_MAX;
    for (const relay of this.#relays.values()) {
      if (skip-- > 0 || relay.dueAt !== undefined || relay.forgetAt <= now.mono) continue;
      const lacking = this.#lacking(relay);
      if (lacking.length > 0) this.#send(relay, lacking, now);
    }
  }

  #relay(relay: Relay, now: Instant): void {
    if (relay.urgent) this.#shouting.shout(relay.what);
    const lacking = this.#lacking(relay);
    if (lacking.length === 0) {
      this.#context.counters.flood.suppressed++;
      return;
    }
    this.#context.counters.flood.relayed++;
    this.#send(relay, lacking, now);
  }

  #lacking({ source, heardFrom, heardOnAir, sentTo, urgent, what }: Relay): NodeId[] {
    if (what instanceof Uint8Array && (what[Offset.Ttl] as number) === 0) return [];
    if (!urgent && what instanceof Uint8Array && isDirect(what) && this.crowd.hearsAll(source)) return [];
    const hears = (node: NodeId, from: NodeId): boolean => !heardOnAir.has(from) && this.#hears(node, from);
    return relayTargets(this.#links.neighboursOffAir(), source, heardFrom, urgent, hears).filter(
      (node) => !sentTo.has(node),
    );
  }

  #send(relay: Relay, nodes: readonly NodeId[], now: Instant): void {
    const { what } = relay;
    const copy = what instanceof Uint8Array ? relayCopy(what, this.#context.tagKey) : undefined;
    for (const node of nodes) {
      const link = this.#links.best(node);
      if (!link) continue;
      relay.sentTo.add(node);
      if (copy) this.#air.has(dedupKeyOf(copy), node);
      if (copy) this.#egress.sendFrame(link, copy, now, relay.ingress);
      else this.#egress.sendMessage(link, what as Outgoing, now);
    }
  }

  #slowestBitsPerSecond(): number {
    let slowest = Number.POSITIVE_INFINITY;
    for (const link of this.#links.all()) {
      if (link.phase === 'up' && !isSlowAir(link.carrier))
        slowest = Math.min(slowest, link.carrier.traits.bitsPerSecond);
    }
    return Number.isFinite(slowest) ? slowest : 1e9;
  }

  #remember(key: string, what: Relay['what'], header: Header, bytes: number, ingress: number, now: Instant): Relay {
    const relay: Relay = {
      what,
      source: header.source,
      ingress,
      urgent: header.priority <= Priority.High,
      bytes,
      heardFrom: new Set(),
      heardOnAir: new Set(),
      sentTo: new Set(),
      dueAt: undefined,
      forgetAt: now.mono + MEMORY_MS,
    };
    const before = this.#relays.get(key);
    if (before) this.#forget(key, before);
    this.#relays.set(key, relay);
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#relays) {
      if (this.#relays.size <= MEMORY_FRAMES_MAX && this.#bytes <= MEMORY_BYTES_MAX) break;
      this.#forget(oldest, entry);
    }
    return relay;
  }

  #forget(key: string, relay: Relay): void {
    if (relay.dueAt !== undefined) this.#pending--;
    this.#bytes -= relay.bytes;
    this.#relays.delete(key);
  }
}

function noteArrival({ heardFrom, heardOnAir }: Relay, { carrier, from }: Arrival): void {
  if (from === undefined) return;
  if (isSlowAir(carrier)) {
    if (!heardFrom.has(from)) heardOnAir.add(from);
  } else heardOnAir.delete(from);
  heardFrom.add(from);
}
