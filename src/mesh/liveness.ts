import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, type Header } from '../wire/header.js';
import type { Carrier } from './carrier.js';
import { type Egress, localHeader } from './egress.js';
import { LinkWatch } from './link-watch.js';
import type { Link, Links } from './links.js';
import type { Topology } from './topology.js';
import type { MeshContext } from './types.js';
import { hasPresence } from './watch-times.js';

/** Heartbeats whose answers can still be timed. */
const TIMED_HEARTBEATS = 16;
/** What a neighbour may say of others in a second, and at once; more is refused and counted. */
const TOLD_PER_SECOND = 20;
const TOLD_BURST = 200;
/** The digest goes out this often, in heartbeat intervals: the heartbeats between are shorter without it. On a line a third as often while it is the same. */
const DIGEST_INTERVALS = 0.8;
const DIGEST_LINE_INTERVALS = 2.6;
/** On a line unasked heartbeats time the round trip so often. */
const ECHO_INTERVALS = 11.5;

interface Pulse {
  /** When the neighbour was last sent the digest in a frame of its own. */
  digestAt: number;
  /** The one it was sent. */
  digest: number;
  echoedAt: number;
  segmentSaid: number;
  sent: { sequence: number; at: number }[];
  heardSequence: number;
  heardAt: number;
}

export interface LivenessEvents {
  dead(link: Link, reason: string, now: Instant): void;
  /** What the neighbour holds, in a number; as it is for nodes of other segments, where there are such. */
  digest(link: Link, digest: number, beyond: number | undefined, now: Instant): void;
  /** What this node says of its segment, in a mesh that has such. */
  segment(): { readonly bytes: Uint8Array; readonly version: number } | undefined;
  /** What a neighbour says of its own: its digest for nodes of other segments. */
  segmentOf(peer: NodeId, bytes: Uint8Array, now: Instant): number | undefined;
  ownDigest(): number;
  nextSequence(): number;
  /** A link-local message to a neighbour, acknowledged. */
  send(neighbour: NodeId, type: FrameType, body: Uint8Array, now: Instant): void;
  /** Who hears whom, as far as is known. */
  readonly topology: Pick<Topology, 'adjacent' | 'edgesOf'>;
  /** How many a node hears, where it names only some of them. */
  earshotOf?(node: NodeId): number;
}

/**
 * Link-local heartbeats in both directions: they show that a neighbour is there, time the round trip, and carry a
 * digest of what each end holds. A silent neighbour is probed before it is given up: `LinkWatch` has the schedule. On slow shared air,
 * where each word counts, `AirPresence` does all this.
 */
export class Liveness {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #egress: Pick<Egress, 'sendUnacknowledged'>;
  readonly #events: LivenessEvents;
  readonly #pulses = new Map<number, Pulse>();
  readonly #watch: LinkWatch;
  readonly #budgets = new Map<number, TokenBucket>();
  /** By carrier: when the digest last went to everybody, and which version of what is said of the segment. */
  readonly #digestAt = new Map<number, number>();
  readonly #segmentSaid = new Map<number, number>();

  constructor(context: MeshContext, links: Links, egress: Pick<Egress, 'sendUnacknowledged'>, events: LivenessEvents) {
    this.#context = context;
    this.#links = links;
    this.#egress = egress;
    this.#events = events;
    this.#watch = new LinkWatch(context, links, {
      beat: (link, isQuestion, now) => {
        const pulse = this.#pulses.get(link.id);
        if (pulse) this.#send(link, pulse, isQuestion ? 'question' : 'beat', now);
      },
      presence: (carrier, now) => this.#sendPresence(carrier, now),
      dead: (link, reason, now) => {
        events.dead(link, reason, now);
        for (const other of this.#links.upTo(link.peer as NodeId)) this.suspect(other, now);
      },
      tell: (neighbour, node, heard, now) => this.#tell(neighbour, node, heard, now),
      buddies: (node) => [...links.neighbours()].filter((peer) => events.topology.adjacent(peer, node)),
      degree: (node) => Math.max(events.topology.edgesOf(node).size, events.earshotOf?.(node) ?? 0),
    });
  }

  /** How unwell this node itself is, 0 when well: it is so much the slower to call others dead. */
  get unwell(): number {
    return this.#watch.health.score;
  }

  open(link: Link, now: Instant): void {
    const pulse: Pulse = {
      digestAt: Number.NEGATIVE_INFINITY,
      digest: 0,
      echoedAt: Number.NEGATIVE_INFINITY,
      segmentSaid: 0,
      sent: [],
      heardSequence: 0,
      heardAt: 0,
    };
    this.#pulses.set(link.id, pulse);
    this.#watch.open(link, now);
  }

  close(link: Link): void {
    this.#pulses.delete(link.id);
    this.#budgets.delete(link.id);
    this.#watch.close(link);
  }

  /** Anything that came over the link shows that its neighbour is there. */
  alive(link: Link, now: Instant): void {
    link.lastHeard = now;
    this.#watch.alive(link, now);
  }

  /** Something else suggests that the neighbour is gone: ask it now. */
  suspect(link: Link, now: Instant): void {
    this.#watch.suspect(link, now);
  }

  /** Somebody no longer names this node as a neighbour: look whether it is still there. */
  look(node: NodeId, now: Instant): void {
    for (const link of this.#links.upTo(node)) this.#watch.look(link, now);
  }

  /** A neighbour that stood by is passed on to from now on. */
  active(node: NodeId, now: Instant): void {
    for (const link of this.#links.upTo(node)) this.#watch.active(link, now);
  }

  /** A neighbour says whether it hears another one. */
  told(link: Link, payload: Uint8Array, now: Instant): void {
    const said = decode(Body.SuspicionSchema, payload);
    const { counters } = this.#context;
    if (said?.node.length !== 8 || link.peer === undefined) return counters.refuse('suspicion.malformed');
    let budget = this.#budgets.get(link.id);
    if (!budget) {
      budget = new TokenBucket(TOLD_PER_SECOND, TOLD_BURST);
      this.#budgets.set(link.id, budget);
    }
    if (!budget.take(now.mono)) return counters.refuse('suspicion.too-many');
    this.#watch.told(link.peer, nodeIdOf(said.node), said.heard, now);
  }

  heard(link: Link, header: Header, payload: Uint8Array, now: Instant): void {
    const pulse = this.#pulses.get(link.id);
    const beat = decode(Body.HeartbeatSchema, payload);
    if (!pulse || !beat) {
      this.#context.counters.refuse('heartbeat.malformed');
      return;
    }
    if (isPresence(link, header, beat)) {
      this.present(link, now);
      return this.#compare(link, beat, now);
    }
    this.alive(link, now);
    this.#watch.exchanged(link, now);
    pulse.heardSequence = header.sequence & 0xffff;
    pulse.heardAt = now.mono;
    // 0 says nothing, although one sequence in 65,536 ends in it.
    const sent = beat.echo === 0 ? undefined : pulse.sent.find((entry) => entry.sequence === beat.echo);
    if (sent) sampleRtt(link, now.mono - sent.at - beat.heldMs);
    if (header.flags & Flag.AckWanted) this.#send(link, pulse, 'answer', now);
    this.#compare(link, beat, now);
  }

  #compare(link: Link, { digest, segment }: Body.Heartbeat, now: Instant): void {
    const { peer } = link;
    const beyond = segment.length > 0 && peer !== undefined ? this.#events.segmentOf(peer, segment, now) : undefined;
    if (digest !== 0 || beyond !== undefined) this.#events.digest(link, digest, beyond, now);
  }

  /** Neighbours are to know within so long what the next heartbeat says. */
  hurry(withinMs: number, now: Instant): void {
    this.#watch.hurry(withinMs, now);
  }

  /** The neighbour said to everybody that it is there, and that it holds what we do; false when it was waited for. */
  present(link: Link, now: Instant): boolean {
    link.lastHeard = now;
    return this.#watch.present(link, now);
  }

  tick(now: Instant): void {
    this.#watch.tick(now);
  }

  nextDeadline(): number | undefined {
    return this.#watch.nextDeadline();
  }

  #send(link: Link, pulse: Pulse, as: 'beat' | 'question' | 'answer', now: Instant): void {
    const sequence = this.#events.nextSequence();
    const flags = as === 'question' ? Flag.AckWanted : 0;
    const header = localHeader(this.#context, FrameType.Heartbeat, Priority.High, sequence, flags);
    const segment = this.#segmentFor(link, pulse);
    const digest = this.#digestFor(link, pulse, now);
    if (digest !== 0) Object.assign(pulse, { digest, digestAt: now.mono });
    const echoes = this.#echoes(pulse, as, now);
    if (echoes) pulse.echoedAt = now.mono;
    const heldMs = Math.min(16_383, Math.round(now.mono - pulse.heardAt));
    const payload = encode(Body.HeartbeatSchema, {
      digest,
      ...(echoes && { echo: pulse.heardSequence, heldMs }),
      ...segment,
    });
    pulse.sent = [{ sequence: sequence & 0xffff, at: now.mono }, ...pulse.sent].slice(0, TIMED_HEARTBEATS);
    this.#watch.beatSent(link, now);
    this.#context.counters.countSent(FrameType.Heartbeat);
    this.#egress.sendUnacknowledged(link, { header, payload }, now);
  }

  /** One for everybody in earshot. */
  #sendPresence(carrier: Carrier, now: Instant): void {
    const { counters, tagKey } = this.#context;
    const segment = this.#events.segment();
    const isNews = (segment?.version ?? 0) > (this.#segmentSaid.get(carrier.index) ?? 0);
    const tells = isNews || this.#isDigestDue(this.#digestAt.get(carrier.index) ?? Number.NEGATIVE_INFINITY, now);
    if (tells) this.#digestAt.set(carrier.index, now.mono);
    if (tells && segment) this.#segmentSaid.set(carrier.index, segment.version);
    const header = localHeader(this.#context, FrameType.Heartbeat, Priority.High, this.#events.nextSequence());
    const payload = encode(Body.HeartbeatSchema, {
      ...(tells && { digest: this.#events.ownDigest(), ...(segment && { segment: segment.bytes }) }),
    });
    const frame = buildFrame(header, payload, tagKey);
    carrier.pace.sent(frame.length, now.mono);
    counters.countSent(FrameType.Heartbeat);
    counters.countBytes(carrier.index, frame.length);
    this.#context.emit({ kind: 'transmit', radio: carrier.index, frame });
  }

  /** Over a line of its own each heartbeat says it; where one goes to everybody, those that have news. */
  #segmentFor(link: Link, pulse: Pulse): { readonly segment?: Uint8Array } {
    const segment = this.#events.segment();
    const said = Math.max(pulse.segmentSaid, this.#segmentSaid.get(link.carrier.index) ?? 0);
    if (!segment || (hasPresence(link.carrier) && segment.version <= said)) return {};
    pulse.segmentSaid = segment.version;
    return { segment: segment.bytes };
  }

  /** 0 when it need not be said. */
  #digestFor(link: Link, pulse: Pulse, now: Instant): number {
    const digest = this.#events.ownDigest();
    const said = Math.max(pulse.digestAt, this.#digestAt.get(link.carrier.index) ?? pulse.digestAt);
    const isSame = !hasPresence(link.carrier) && digest === pulse.digest;
    return this.#isDigestDue(said, now, isSame ? DIGEST_LINE_INTERVALS : DIGEST_INTERVALS) ? digest : 0;
  }

  /** Answers are timed, and who asks wants one rather than to give one. */
  #echoes({ heardSequence, echoedAt }: Pulse, as: 'beat' | 'question' | 'answer', now: Instant): boolean {
    if (heardSequence === 0) return false;
    if (as === 'answer') return true;
    return as === 'beat' && now.mono - echoedAt >= ECHO_INTERVALS * this.#context.timing.heartbeatMs;
  }

  #isDigestDue(saidAt: number, now: Instant, intervals = DIGEST_INTERVALS): boolean {
    return now.mono - saidAt >= intervals * this.#context.timing.heartbeatMs;
  }

  #tell(neighbour: NodeId, node: NodeId, heard: boolean, now: Instant): void {
    const body = encode(Body.SuspicionSchema, { node: nodeIdBytes(node), heard });
    this.#events.send(neighbour, FrameType.Suspicion, body, now);
  }
}

/** What is said to everybody answers nobody and asks nothing. */
const isPresence = ({ carrier }: Link, { flags }: Header, { echo }: Body.Heartbeat): boolean =>
  hasPresence(carrier) && (flags & Flag.AckWanted) === 0 && echo === 0;

function sampleRtt(link: Link, ms: number): void {
  if (ms < 0 || ms > 60_000) return;
  link.rttMs = link.rttMs === undefined ? ms : link.rttMs * 0.875 + ms * 0.125;
}

/** One number for everything held: what two neighbours compare in each heartbeat. */
export function combineDigests(...digests: readonly number[]): number {
  let combined = 0x811c9dc5;
  for (const digest of digests) {
    combined = Math.imul(combined ^ digest, 0x01000193) >>> 0;
    combined = (combined ^ (combined >>> 15)) >>> 0;
  }
  return combined;
}
