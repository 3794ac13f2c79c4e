import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { LinkAddress } from '../ports/radio.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import { Freshness, type KnownNodes } from '../trust/known-nodes.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { buildFrame, payloadOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { type Header, overheadBytes } from '../wire/header.js';
import { AirHearing, HEARD_MAX } from './air-hearing.js';
import { readAliases, readIds, writeAliases, writeIds } from './air-lists.js';
import type { AirView } from './air-policy.js';
import { AirWitness, type WitnessEvents } from './air-witness.js';
import { airtimeMs, type Carrier } from './carrier.js';
import { type Egress, earlier, localHeader } from './egress.js';
import type { Digests } from './fabric.js';
import { freshnessOver } from './heard-frames.js';
import { hearingMaxMs, hearingMinMs } from './intervals.js';
import { costOver, type Link, type Links } from './links.js';
import type { MeshContext } from './types.js';

/** Silence, in intervals of the neighbour's, after which it is gone. */
const GONE_AFTER_INTERVALS = 2.9;
/** Of which the lists name who was heard: by the time a node is given up, those of others no longer vouch for it. */
const LISTED_INTERVALS = 2;
/** Sends to a neighbour that fail one after the other, with nothing heard of it meanwhile, until it is gone. */
const FAILED_MAX = 2;
/** A list comes after a part of its interval: of so much at least while intervals still grow, or all that started together speak together for good. */
const [GROWING_PART, LONGEST_PART] = [0.5, 0.9];
const MOST_PART = 1.1;
/** Intervals that have doubled twice are so much longer. */
const SLOWING = 4;
/** A list of so many bytes less than fit may have left out somebody for want of room. */
const FULL_BYTES = 24;
/** Lists in a row that leave us out until we take it that we are not heard. */
const UNNAMED_MAX = 2;
/** Nodes whose beacon is asked for in one list, and that are remembered to be asked for. */
const ASKED_MAX = 4;
const TO_ASK_MAX = 64;
/** Aliases asked for in one list, and ids named in one; how many wait to be; and no alias is asked for again so soon. */
const LACKED_MAX = 8;
const NAMED_MAX = 4;
const NAMES_WAITING_MAX = 64;
const LACKED_EVERY_MS = 300_000;
/** Protobuf around the lists, digest and interval included. */
const BODY_BYTES = 24;
/** News is told at once so often in a row; then the share of the channel decides. */
const BURST = 6;
/** Without news for so many of its shortest intervals, and more among many, a node takes it that it knows who is there. */
const SETTLE_INTERVALS = 2;

interface Presence {
  readonly carrier: Carrier;
  readonly hearing: AirHearing;
  intervalMs: number;
  nextAt: number;
  queued: boolean;
  /** Said so far. */
  lists: number;
  /** Airtime of the share that was saved up, in ms. */
  savedMs: number;
  savedAt: number;
  /** Heard, but nobody vouches for their boot. */
  readonly toAsk: Set<NodeId>;
  /** Aliases that stand for nobody known, and when they were asked for last. */
  readonly lacked: Map<number, number | undefined>;
  /** Nodes whose alias somebody else lacks. */
  readonly toName: Set<NodeId>;
}

export interface PresenceEvents extends WitnessEvents {
  nextSequence(): number;
  ownDigests(): Digests;
  /** The link over which this neighbour is heard, new where there was none; `undefined` when there are too many. */
  welcome(carrier: Carrier, from: LinkAddress, node: NodeId, now: Instant): Link | undefined;
  /** Both ends hear each other. */
  linkUp(link: Link, now: Instant): void;
  /** The neighbour no longer hears us. */
  deaf(link: Link, now: Instant): void;
  dead(link: Link, reason: string, now: Instant): void;
  digests(link: Link, digests: Digests, now: Instant): void;
  /** Somebody is heard who was not. */
  came(): void;
  /** A node with a good tag said who it is. */
  told(node: NodeId, now: Instant): void;
  /** Somebody says who these nodes are. */
  named(nodes: readonly NodeId[], now: Instant): void;
  /** Somebody does not know who has this alias: who may be meant. */
  lacked(alias: number): readonly NodeId[];
  /** Somebody lacks this node's beacon. */
  asked(carrier: Carrier, now: Instant): void;
}

/**
 * Who is there, on slow air that many share: one list for all in earshot of whom this node hears, and how well. It
 * stands for greetings, heartbeats and round trips: who finds itself in it is heard, and all know whom others reach.
 */
export class AirPresence {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #known: KnownNodes;
  readonly #egress: Egress;
  readonly #events: PresenceEvents;
  readonly #presences = new Map<number, Presence>();
  readonly #witness: AirWitness;
  /** By neighbour: sends that failed since it was last heard. */
  readonly #failed = new Map<NodeId, { count: number; since: number }>();

  constructor(context: MeshContext, links: Links, known: KnownNodes, egress: Egress, events: PresenceEvents) {
    this.#context = context;
    this.#links = links;
    this.#known = known;
    this.#egress = egress;
    this.#events = events;
    // What costs less goes over something faster.
    const least = (): number => Math.min(...[...this.#presences.values()].map(({ carrier }) => costOver(carrier, 1)));
    this.#witness = new AirWitness(events, (cost) => cost >= least());
  }

  /** Only for slow air. */
  carrierUp(carrier: Carrier, now: Instant): void {
    const intervalMs = hearingMinMs(carrier.traits, 0, this.#context.timing);
    this.#presences.set(carrier.index, {
      carrier,
      hearing: new AirHearing(
        this.#context.self.id,
        carrier.traits.snrFloorDb,
        SETTLE_INTERVALS * intervalMs,
        now.mono,
      ),
      intervalMs,
      // Nothing to tell before others had time to say who they are.
      nextAt: now.mono + intervalMs + this.#context.random.below(Math.ceil(intervalMs)),
      queued: false,
      lists: 0,
      savedMs: BURST * airtimeMs(carrier.traits, carrier.traits.mtuBytes),
      savedAt: now.mono,
      toAsk: new Set(),
      lacked: new Map(),
      toName: new Set(),
    });
  }

  carrierDown(carrier: Carrier): void {
    this.#presences.delete(carrier.index);
  }

  view(carrier: Carrier): AirView {
    return this.#presences.get(carrier.index)?.hearing ?? new AirHearing(this.#context.self.id, undefined, 0, 0);
  }

  hears(carrier: Carrier, node: NodeId): boolean {
    return this.#presences.get(carrier.index)?.hearing.ear(node) !== undefined;
  }

  /** A frame that `node` transmitted was heard. */
  noticed(carrier: Carrier, node: NodeId, snrDb: number | undefined, now: Instant): void {
    const presence = this.#presences.get(carrier.index);
    if (presence?.hearing.heard(node, snrDb, now.mono)) this.#came(presence, node, now);
  }

  /** Frames came whose aliases stand for nobody known: somebody may say for whom. */
  lacks(carrier: Carrier, aliases: readonly number[], now: Instant): void {
    const presence = this.#presences.get(carrier.index);
    if (!presence) return;
    const { lacked } = presence;
    let isNews = false;
    for (const alias of aliases) {
      const askedAt = lacked.get(alias) ?? Number.NEGATIVE_INFINITY;
      if ((lacked.has(alias) && lacked.get(alias) === undefined) || now.mono - askedAt < LACKED_EVERY_MS) continue;
      lacked.delete(alias);
      lacked.set(alias, undefined);
      isNews = true;
      if (lacked.size > NAMES_WAITING_MAX) lacked.delete(lacked.keys().next().value as number);
    }
    if (isNews) this.#news(presence, now);
  }

  /** A boot of this node is vouched for. */
  learned(node: NodeId): void {
    for (const { toAsk } of this.#presences.values()) toAsk.delete(node);
  }

  /** The list of a neighbour, whose tag is good. */
  heard(
    carrier: Carrier,
    from: LinkAddress,
    header: Header,
    frame: Uint8Array,
    snrDb: number | undefined,
    now: Instant,
  ): void {
    const presence = this.#presences.get(carrier.index);
    if (!presence) return;
    const { counters, self } = this.#context;
    const { source, saltHint, sequence } = header;
    const body = decode(Body.HearingSchema, payloadOf(frame));
    const asked = body && readIds(body.asked);
    if (!body || !asked) return counters.refuse('hearing.malformed');
    const [lacked, named] = [readAliases(body.lacked), readIds(body.named)];
    if (!lacked || !named) return counters.refuse('hearing.malformed');
    this.#events.told(source, now);
    this.#names(presence, lacked, named, now);
    if (asked.includes(self.id)) this.#events.asked(carrier, now);
    const freshness = freshnessOver(carrier, this.#known, header);
    if (freshness === Freshness.Replayed) return counters.refuse('frame.replayed');
    if (freshness === Freshness.UnknownBoot) return this.#ask(presence, source, now);
    this.#known.accept(source, saltHint, sequence);
    const { hearing } = presence;
    const isNew = hearing.heard(source, snrDb, now.mono);
    const heardUs = hearing.ear(source)?.hearsUs;
    if (!hearing.listed(source, body, now.mono)) {
      return counters.refuse('hearing.malformed');
    }
    if (frame.length + FULL_BYTES <= carrier.traits.mtuBytes) this.#attest(source);
    const link = this.#events.welcome(carrier, from, source, now);
    if (!link) return;
    link.lastHeard = now;
    const ear = hearing.ear(source);
    if (isNew) this.#came(presence, source, now);
    else if (heardUs !== undefined && ear?.hearsUs === undefined) this.#speakUp(presence, now);
    if (ear?.hearsUs !== undefined && link.phase === 'greeting') {
      link.quality = Math.min(ear.hearsUs, ear.chance);
      this.#events.linkUp(link, now);
    } else if (link.phase === 'up' && (ear?.unnamed ?? 0) >= UNNAMED_MAX) this.#events.deaf(link, now);
    if (link.phase === 'up') this.#events.digests(link, { drip: body.digest, records: body.records }, now);
  }

  tick(now: Instant): void {
    for (const presence of this.#presences.values()) {
      this.#bury(presence, now);
      if (presence.nextAt <= now.mono && !presence.queued) this.#say(presence, now);
    }
  }

  nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { nextAt, queued } of this.#presences.values()) if (!queued) earliest = earlier(earliest, nextAt);
    return earliest;
  }

  /** Somebody came: who it is should soon know that it is heard. */
  #news(presence: Presence, now: Instant): void {
    const { carrier, hearing } = presence;
    presence.intervalMs = hearingMinMs(carrier.traits, hearing.size, this.#context.timing);
    const soon = now.mono + presence.intervalMs / 2 + this.#context.random.below(Math.ceil(presence.intervalMs / 2));
    presence.nextAt = Math.min(presence.nextAt, Math.max(soon, this.#affordableAt(presence, now)));
  }

  #came(presence: Presence, node: NodeId, now: Instant): void {
    this.#witness.back(node);
    this.#events.came();
    this.#news(presence, now);
  }

  /** Somebody missed our lists: the next one comes early. */
  #speakUp(presence: Presence, now: Instant): void {
    const { carrier, hearing } = presence;
    const soonMs = hearingMinMs(carrier.traits, hearing.size, this.#context.timing);
    presence.nextAt = Math.min(presence.nextAt, now.mono + this.#context.random.below(Math.ceil(soonMs)));
  }

  /** What a node's lists say against its state, over all slow air where it is heard. */
  #attest(author: NodeId): void {
    const presences = [...this.#presences.values()];
    const names = (node: NodeId): boolean =>
      node === this.#context.self.id || presences.some(({ hearing }) => hearing.isNamed(author, node));
    this.#witness.listed(author, names);
  }

  /** A newer state of a node is held. */
  stated(snapshot: NodeSnapshot): void {
    if (this.#presences.size > 0) this.#witness.stated(snapshot);
  }

  /** A frame for a neighbour was sent as often as it may be, and not acknowledged. */
  failed({ id, carrier, peer, lastHeard }: Link, now: Instant): void {
    const presence = this.#presences.get(carrier.index);
    // What was left over when a link ended says nothing.
    if (!presence || peer === undefined || this.#links.byId(id)?.phase !== 'up') return;
    const heardAt = Math.max(lastHeard.mono, presence.hearing.ear(peer)?.heardAt ?? 0);
    const before = this.#failed.get(peer);
    const count = before && before.since >= heardAt ? before.count + 1 : 1;
    this.#failed.delete(peer);
    if (count >= FAILED_MAX) return this.#giveUp(presence, peer, `${count} sends failed`, now);
    this.#failed.set(peer, { count, since: count === 1 ? now.mono : (before?.since ?? now.mono) });
    if (this.#failed.size > HEARD_MAX) this.#failed.delete(this.#failed.keys().next().value as NodeId);
  }

  /** Whom others look for by alias, and whom they name. */
  #names(presence: Presence, lacked: readonly number[], named: readonly NodeId[], now: Instant): void {
    const { toName } = presence;
    const before = new Set(toName);
    for (const alias of lacked.slice(0, LACKED_MAX))
      for (const node of this.#events.lacked(alias)) if (toName.size < NAMES_WAITING_MAX) toName.add(node);
    for (const node of named) toName.delete(node);
    if (named.length > 0) this.#events.named(named.slice(0, NAMED_MAX), now);
    if ([...toName].some((node) => !before.has(node))) this.#news(presence, now);
  }

  #ask(presence: Presence, node: NodeId, now: Instant): void {
    if (presence.toAsk.has(node)) return;
    if (presence.toAsk.size >= TO_ASK_MAX) return this.#context.counters.refuse('hearing.ask');
    presence.toAsk.add(node);
    this.#news(presence, now);
  }

  #say(presence: Presence, now: Instant): void {
    presence.queued = true;
    const priority = Priority.High;
    const lost = (): void => {
      presence.queued = false;
    };
    this.#egress.sendOpen(presence.carrier, { priority, take: (turn) => this.#frame(presence, turn), lost }, now);
  }

  #frame(presence: Presence, now: Instant): Uint8Array {
    const { carrier, hearing, toAsk } = presence;
    const { counters, tagKey, timing, random } = this.#context;
    const mostMs = hearingMaxMs(carrier.traits, hearing.size, timing);
    const leastMs = hearingMinMs(carrier.traits, hearing.size, timing);
    presence.queued = false;
    const least = presence.intervalMs < mostMs ? GROWING_PART : LONGEST_PART;
    presence.intervalMs = Math.min(mostMs, Math.max(leastMs, presence.intervalMs) * 2);
    const part = least + ((MOST_PART - least) * random.below(1_000)) / 1_000;
    presence.nextAt = now.mono + presence.intervalMs * part;
    const asked = [...toAsk].slice(0, ASKED_MAX);
    for (const node of asked) toAsk.delete(node);
    const named = [...presence.toName].slice(0, NAMED_MAX);
    for (const node of named) presence.toName.delete(node);
    const lacked = [...presence.lacked].filter(([, askedAt]) => askedAt === undefined).slice(0, LACKED_MAX);
    for (const [alias] of lacked) presence.lacked.set(alias, now.mono);
    const names = asked.length * 8 + named.length * 8 + lacked.length * 2;
    const room = carrier.traits.mtuBytes - overheadBytes(0) - BODY_BYTES - names;
    const { drip: digest, records } = this.#events.ownDigests();
    const payload = encode(Body.HearingSchema, {
      digest,
      records,
      ...hearing.ownList({ intervals: LISTED_INTERVALS, usualMs: mostMs }, room, now.mono),
      asked: writeIds(asked),
      lacked: writeAliases(lacked.map(([alias]) => alias)),
      named: writeIds(named),
      // After news lists become rarer: by when one of several is to have come, though the next ones are lost.
      intervalS: Math.ceil((Math.min(mostMs, presence.intervalMs * SLOWING) * MOST_PART) / 1_000),
      number: ++presence.lists,
    });
    const header = localHeader(this.#context, FrameType.Hearing, Priority.High, this.#events.nextSequence());
    const frame = buildFrame(header, payload, tagKey);
    this.#affordableAt(presence, now);
    presence.savedMs -= airtimeMs(carrier.traits, frame.length);
    counters.countSent(FrameType.Hearing);
    return frame;
  }

  /** When the share of the channel allows another list: it is the one that fills the longest interval. */
  #affordableAt(presence: Presence, now: Instant): number {
    const { carrier, hearing } = presence;
    const onceMs = airtimeMs(carrier.traits, hearing.size * 3 + overheadBytes(0) + BODY_BYTES);
    const share = onceMs / hearingMaxMs(carrier.traits, hearing.size, this.#context.timing);
    const saved = presence.savedMs + (now.mono - presence.savedAt) * share;
    presence.savedMs = Math.min(BURST * onceMs, saved);
    presence.savedAt = now.mono;
    return presence.savedMs >= 0 ? now.mono : now.mono - presence.savedMs / share;
  }

  #giveUp({ carrier, hearing }: Presence, node: NodeId, reason: string, now: Instant): void {
    hearing.forget(node);
    if (![...this.#presences.values()].some((other) => other.hearing.ear(node))) this.#witness.lost(node, now);
    for (const link of [...this.#links.upTo(node)]) if (link.carrier === carrier) this.#events.dead(link, reason, now);
  }

  #bury(presence: Presence, now: Instant): void {
    const { carrier, hearing } = presence;
    const usualMs = hearingMaxMs(carrier.traits, hearing.size, this.#context.timing);
    for (const [node, { heardAt, intervalMs = usualMs }] of [...hearing.ears()]) {
      const silentMs = now.mono - heardAt;
      if (silentMs < GONE_AFTER_INTERVALS * intervalMs) continue;
      this.#giveUp(presence, node, `silent for ${Math.round(silentMs / 1_000)} s`, now);
    }
    for (const link of [...this.#links.all()]) {
      const isLeft = link.carrier === carrier && link.phase === 'greeting' && !hearing.ear(link.peer as NodeId);
      if (isLeft) this.#links.remove(link);
    }
  }
}
