import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { relayCopy } from '../wire/frame.js';
import { Priority } from '../wire/frame-types.js';
import { Offset, readHeader } from '../wire/header.js';
import { type Egress, earlier } from './egress.js';
import type { Link, Links } from './links.js';
import type { MeshContext } from './types.js';

/** Longest relay delay on a carrier fast enough not to notice; slower ones wait up to a few airtimes. */
const FAST_DELAY_MS = 12;
const DELAY_AIRTIMES = 4;
const DELAY_MAX_MS = 2_000;
/** How long the neighbours that sent us a copy are remembered after the relay. */
const MEMORY_MS = 5_000;
const MEMORY_MAX = 16_384;

interface Relay {
  readonly frame: Uint8Array;
  readonly heardFrom: Set<NodeId>;
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
    if (!urgent && [...heardFrom].some((from) => hears(node, from))) continue;
    targets.push(node);
  }
  return targets;
}

/** Flooding with a hop limit, a random relay delay, and suppression by the copies heard meanwhile. */
export class Flooding {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #egress: Egress;
  readonly #hears: (node: NodeId, from: NodeId) => boolean;
  /** By dedup key. Insertion order is order of arrival. */
  readonly #relays = new Map<string, Relay>();
  #pending = 0;

  constructor(context: MeshContext, links: Links, egress: Egress, hears: (node: NodeId, from: NodeId) => boolean) {
    this.#context = context;
    this.#links = links;
    this.#egress = egress;
    this.#hears = hears;
  }

  get pending(): number {
    return this.#pending;
  }

  /** A frame to pass on, as it came over a link, for the first time. */
  relay(key: string, link: Link, frame: Uint8Array, now: Instant): void {
    const heardFrom = new Set<NodeId>(link.peer === undefined ? [] : [link.peer]);
    const relay: Relay = { frame, heardFrom, dueAt: undefined, forgetAt: now.mono + MEMORY_MS };
    this.#remember(key, relay);
    if ((frame[Offset.Ttl] as number) === 0) return;
    if (this.#pending >= Limit.PendingRelays) {
      this.#send(relay, now);
      return;
    }
    const longest = relayDelayMaxMs(this.#slowestBitsPerSecond(), frame.length, this.#links.neighbourCount);
    relay.dueAt = now.mono + this.#context.random.below(Math.max(1, Math.ceil(longest)));
    relay.forgetAt = relay.dueAt + MEMORY_MS;
    this.#pending++;
  }

  /** A directed frame goes to the next node of its path, at once. */
  forward(next: Link, frame: Uint8Array, now: Instant): void {
    this.#context.counters.flood.relayed++;
    this.#egress.sendFrame(next, relayCopy(frame, this.#context.tagKey), now);
  }

  /** Another copy of a frame we have. */
  heardAgain(key: string, link: Link): void {
    this.#context.counters.flood.duplicates++;
    if (link.peer !== undefined) this.#relays.get(key)?.heardFrom.add(link.peer);
  }

  tick(now: Instant): void {
    if (this.#pending > 0) {
      for (const relay of this.#relays.values()) {
        if (relay.dueAt === undefined || relay.dueAt > now.mono) continue;
        relay.dueAt = undefined;
        this.#pending--;
        this.#send(relay, now);
      }
    }
    for (const [key, relay] of this.#relays) {
      if (relay.forgetAt > now.mono || relay.dueAt !== undefined) break;
      this.#relays.delete(key);
    }
  }

  nextDeadline(): number | undefined {
    if (this.#pending === 0) return undefined;
    let earliest: number | undefined;
    for (const relay of this.#relays.values()) earliest = earlier(earliest, relay.dueAt);
    return earliest;
  }

  #send(relay: Relay, now: Instant): void {
    const { priority, source } = readHeader(relay.frame);
    const urgent = priority <= Priority.High;
    const targets = relayTargets(this.#links.neighbours(), source, relay.heardFrom, urgent, this.#hears);
    if (targets.length === 0) {
      this.#context.counters.flood.suppressed++;
      return;
    }
    this.#context.counters.flood.relayed++;
    const copy = relayCopy(relay.frame, this.#context.tagKey);
    for (const node of targets) {
      const link = this.#links.best(node);
      if (link) this.#egress.sendFrame(link, copy, now);
    }
  }

  #slowestBitsPerSecond(): number {
    let slowest = Number.POSITIVE_INFINITY;
    for (const link of this.#links.all()) {
      if (link.phase === 'up') slowest = Math.min(slowest, link.carrier.traits.bitsPerSecond);
    }
    return Number.isFinite(slowest) ? slowest : 1e9;
  }

  #remember(key: string, relay: Relay): void {
    this.#relays.set(key, relay);
    if (this.#relays.size <= MEMORY_MAX) return;
    const oldest = this.#relays.entries().next();
    if (oldest.done) return;
    if (oldest.value[1].dueAt !== undefined) this.#pending--;
    this.#relays.delete(oldest.value[0]);
  }
}
