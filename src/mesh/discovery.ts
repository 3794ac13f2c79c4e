import { equalBytes } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import type { LinkAddress } from '../ports/radio.js';
import { BOOT_SALT_BYTES, nodeIdOfKey, PUBLIC_KEY_BYTES, saltHintOf } from '../trust/identity.js';
import { Freshness, type KnownNodes, Learned } from '../trust/known-nodes.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { buildFrame, immutablePart, payloadOf, signatureOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, type Header, overheadBytes } from '../wire/header.js';
import { airtimeMs, type Carrier, isSlowAir } from './carrier.js';
import { earlier, localHeader } from './egress.js';
import { beaconMaxMs, beaconMinMs, greetingMs, SLOW_BEACON_MS } from './intervals.js';
import type { LinkPool } from './link-pool.js';
import type { Link, Links } from './links.js';
import { LostNeighbours } from './lost-neighbours.js';
import type { ManualAddress, ManualAddresses } from './manual-addresses.js';
import type { OpenFrame } from './open-queue.js';
import type { MeshContext } from './types.js';

/** A greeting is repeated so often, ever more slowly, and given up where the radio makes no links. */
const GREETINGS_MAX = 8;
const SLOWEST_GREETING = 8;
/** A first beacon comes within this time. */
const FAST_START_MS = 50;
/** Over slow air a beacon that was asked for is not repeated for others that ask within this time. */
const ASKED_EVERY_MS = 180_000;
const NAME_BYTES_MAX = 64;
/** Links narrower than this cannot carry a beacon, even without a name. */
export const LINK_MTU_MIN = 192;
/** Signature checks a second for each carrier of beacons in the name of boots we know; more are refused and counted. */
const KNOWN_CHECKS_PER_SECOND = 200;

interface Schedule {
  readonly carrier: Carrier;
  intervalMs: number;
  nextAt: number;
  sentAt: number;
  readonly strangers: TokenBucket;
  readonly known: TokenBucket;
}

export interface DiscoveryEvents {
  linkUp(link: Link, now: Instant): void;
  alive(link: Link, now: Instant): void;
  /** The neighbour at the other end restarted: what is known of the link no longer holds. */
  linkReset(link: Link, now: Instant): void;
  /** A neighbour over slow air said who it is. */
  noticed(link: Link, now: Instant): void;
  /** A boot of this node is vouched for from now on. */
  learned(node: NodeId, now: Instant): void;
  sendOpen(carrier: Carrier, open: OpenFrame, now: Instant): void;
  nextSequence(): number;
  /** Whether there is room for a link, or room was made. */
  readonly places: () => Pick<LinkPool, 'admits' | 'mayComeUp'>;
  readonly name: string;
}

/**
 * Finds neighbours: signed beacons to everybody in earshot, and a greeting in both directions, so that a link is used
 * only once each end knows that the other hears it.
 */
export class Discovery {
  readonly #context: MeshContext;
  readonly #links: Links;
  readonly #known: KnownNodes;
  readonly #manual: ManualAddresses;
  readonly #events: DiscoveryEvents;
  readonly #nonce: number;
  readonly #schedules = new Map<number, Schedule>();
  /** Neighbours given up although they did not say goodbye. */
  readonly lost = new LostNeighbours();
  #leaving = false;

  constructor(context: MeshContext, links: Links, known: KnownNodes, manual: ManualAddresses, events: DiscoveryEvents) {
    this.#context = context;
    this.#links = links;
    this.#known = known;
    this.#manual = manual;
    this.#events = events;
    this.#nonce = (context.random.u32() | 1) >>> 0;
  }

  carrierUp(carrier: Carrier, now: Instant): void {
    if (carrier.traits.mtuBytes < LINK_MTU_MIN) {
      this.#context.counters.refuse('carrier.mtu');
      return;
    }
    // Over slow air lists of whom one hears say who is there: beacons are for those that ask.
    const slowMs = isSlowAir(carrier) ? SLOW_BEACON_MS : undefined;
    const nextAt = now.mono + this.#context.random.below(slowMs ?? FAST_START_MS);
    this.#schedules.set(carrier.index, {
      carrier,
      intervalMs: slowMs ?? beaconMinMs(carrier.traits),
      nextAt,
      sentAt: Number.NEGATIVE_INFINITY,
      strangers: new TokenBucket(Limit.StrangerChecksPerSecond, Limit.StrangerChecksPerSecond),
      known: new TokenBucket(KNOWN_CHECKS_PER_SECOND, KNOWN_CHECKS_PER_SECOND),
    });
    this.#manual.carrierUp(carrier.index, now.mono);
  }

  carrierDown(carrier: Carrier): void {
    this.#schedules.delete(carrier.index);
  }

  /** This node is leaving: no beacon goes out any more, and none is answered. */
  leave(): void {
    this.#leaving = true;
  }

  /** Something changed: beacons are frequent again. */
  hurry(carrier: Carrier, now: Instant): void {
    const schedule = this.#schedules.get(carrier.index);
    if (!schedule) return;
    schedule.intervalMs = beaconMinMs(carrier.traits);
    schedule.nextAt = Math.min(schedule.nextAt, now.mono + this.#context.random.below(Math.ceil(schedule.intervalMs)));
  }

  /** Somebody in earshot of a slow air lacks this node's beacon. */
  asked(carrier: Carrier, now: Instant): void {
    const schedule = this.#schedules.get(carrier.index);
    if (!schedule || now.mono - schedule.sentAt < ASKED_EVERY_MS) return;
    const soon = this.#context.random.below(Math.ceil(beaconMinMs(carrier.traits)));
    schedule.nextAt = Math.min(schedule.nextAt, now.mono + soon);
  }

  /** The link over which a node is heard that said who it is, new where there was none. */
  welcome(carrier: Carrier, from: LinkAddress, source: NodeId, now: Instant): Link | undefined {
    const link = this.#links.find(carrier.index, from) ?? this.#welcome(carrier, from, source, now);
    if (link && link.phase === 'greeting') link.peer = source;
    return link?.peer === source ? link : undefined;
  }

  /** The radio made a link by itself; who is there will be known after the greeting. */
  connected(carrier: Carrier, address: LinkAddress, mtuBytes: number, now: Instant): void {
    const link = this.#links.find(carrier.index, address) ?? this.#links.add(carrier, address, mtuBytes, now);
    if (!link) {
      this.#context.counters.refuse('link.limit');
      this.#context.emit({ kind: 'drop-link', radio: carrier.index, address });
      return;
    }
    link.mtuBytes = mtuBytes;
    this.#greet(link, now);
  }

  /** Who was given up, or whose last word of the greeting was lost, speaks as to a neighbour: greet it soon. */
  heardLost(carrier: Carrier, from: LinkAddress, source: NodeId, now: Instant): void {
    const current = this.#links.find(carrier.index, from);
    if (carrier.traits.connected && current?.phase === 'greeting' && current.peer === source)
      current.nextGreetingAt = Math.min(current.nextGreetingAt, now.mono + greetingMs(carrier.traits) / 2);
    if (this.#leaving || current || !this.lost.take(carrier, from, source, now)) return;
    const link = this.#welcome(carrier, from, source, now);
    if (link) this.#greet(link, now);
  }

  /** Both ends hear each other: the link is used from now on, where there is still a place for it. */
  comesUp(link: Link, now: Instant): void {
    if (this.#takesPlace(link, now)) this.#events.linkUp(link, now);
  }

  addManual(carrier: Carrier, address: LinkAddress, expected: NodeId | undefined, now: Instant): void {
    if (!this.#manual.add(carrier.index, address, expected, now.mono)) this.#context.counters.refuse('peer.addresses');
  }

  removeManual(peer: NodeId): void {
    this.#manual.remove(
      ({ carrier, address, expected }) => expected === peer || this.#links.find(carrier, address)?.peer === peer,
    );
  }

  /** A beacon whose tag is good. */
  heard(carrier: Carrier, from: LinkAddress, header: Header, frame: Uint8Array, now: Instant): void {
    if (this.#leaving) return;
    const payload = payloadOf(frame);
    const beacon = decode(Body.BeaconSchema, payload);
    const signature = signatureOf(frame);
    if (!beacon || !signature || !wellFormed(beacon, header)) {
      this.#context.counters.refuse('beacon.malformed');
      return;
    }
    if (this.#known.freshness(header.source, header.saltHint, header.sequence) === Freshness.Replayed) {
      this.#context.counters.refuse('frame.replayed');
      return;
    }
    const link = this.#links.find(carrier.index, from);
    const unchanged = link?.phase === 'up' && link.peer === header.source && link.peerNonce === beacon.nonce;
    if (link && unchanged && !beacon.answer) {
      this.#known.accept(header.source, header.saltHint, header.sequence);
      link.lastHeard = now;
      return;
    }
    if (!this.#vouched(carrier, header, beacon, payload, signature, now)) return;
    if (!this.#expected(carrier, from, header.source)) return;
    this.#context.pulse.heard(header.source, Number(beacon.clockMs), greetingMs(carrier.traits), now);
    const current = link ?? this.#welcome(carrier, from, header.source, now);
    if (current) this.#greeted(current, header.source, beacon, now);
  }

  tick(now: Instant): void {
    if (this.#leaving) return;
    for (const schedule of this.#schedules.values()) {
      if (schedule.nextAt > now.mono || !schedule.carrier.traits.broadcast) continue;
      this.#toAll(schedule.carrier, now);
      schedule.sentAt = now.mono;
      schedule.nextAt = now.mono + schedule.intervalMs * (0.9 + this.#context.random.below(200) / 1_000);
      schedule.intervalMs = Math.min(
        beaconMaxMs(schedule.carrier.traits, schedule.carrier.linksUp),
        schedule.intervalMs * 2,
      );
    }
    for (const link of this.#links.greeting())
      if (link.nextGreetingAt <= now.mono && !isSlowAir(link.carrier)) this.#greet(link, now);
    for (const { carrier: index, address } of this.#manual.due(now.mono, (entry) => this.#isLinked(entry))) {
      const carrier = this.#schedules.get(index)?.carrier;
      if (carrier) this.#transmit(carrier, address, this.#beacon(0, true, carrier.traits.mtuBytes), now);
    }
  }

  nextDeadline(): number | undefined {
    if (this.#leaving) return undefined;
    let earliest: number | undefined;
    for (const schedule of this.#schedules.values()) {
      if (schedule.carrier.traits.broadcast) earliest = earlier(earliest, schedule.nextAt);
    }
    for (const { nextGreetingAt, carrier } of this.#links.greeting())
      if (!isSlowAir(carrier)) earliest = earlier(earliest, nextGreetingAt);
    return earlier(
      earliest,
      this.#manual.nextDeadline((carrier) => this.#schedules.has(carrier)),
    );
  }

  #isLinked({ carrier, address }: ManualAddress): boolean {
    return this.#links.find(carrier, address) !== undefined;
  }

  /** Whether the author signed this and the boot it speaks for is the newest. Counts and refuses otherwise. */
  #vouched(
    carrier: Carrier,
    header: Header,
    beacon: Body.Beacon,
    payload: Uint8Array,
    signature: Uint8Array,
    now: Instant,
  ): boolean {
    const { counters, crypto } = this.#context;
    const boot = this.#known.currentBoot(header.source);
    const stranger = !boot || !equalBytes(boot.salt, beacon.bootSalt);
    const budgets = this.#schedules.get(carrier.index);
    if (!(stranger ? budgets?.strangers : budgets?.known)?.take(now.mono)) {
      counters.refuse(stranger ? 'beacon.too-many-strangers' : 'beacon.too-many');
      return false;
    }
    if (nodeIdOfKey(crypto, beacon.publicKey) !== header.source) {
      counters.refuse('beacon.identity');
      return false;
    }
    if (!crypto.verify(beacon.publicKey, immutablePart(header, payload), signature)) {
      counters.refuse('beacon.signature');
      return false;
    }
    const learned = this.#known.learn(header.source, beacon.publicKey, {
      salt: beacon.bootSalt,
      counter: beacon.bootCounter,
    });
    if (learned === Learned.Older) {
      counters.refuse('beacon.older-boot');
      return false;
    }
    if (learned === Learned.Conflict)
      this.#context.emit({ kind: 'suspect', node: header.source, what: 'two boots under one counter' });
    if (!this.#known.accept(header.source, header.saltHint, header.sequence)) {
      counters.refuse('frame.replayed');
      return false;
    }
    if (learned !== Learned.Known) this.#events.learned(header.source, now);
    return true;
  }

  /** Whether the node at an address given by hand is the one that was named. */
  #expected(carrier: Carrier, from: LinkAddress, source: NodeId): boolean {
    const expected = this.#manual.find(carrier.index, from)?.expected;
    if (expected === undefined || expected === source) return true;
    this.#context.counters.refuse('peer.unexpected');
    return false;
  }

  #welcome(carrier: Carrier, from: LinkAddress, source: NodeId, now: Instant): Link | undefined {
    const isAdmitted = this.#events.places().admits(carrier, source, now);
    const link = isAdmitted ? this.#links.add(carrier, from, carrier.traits.mtuBytes, now) : undefined;
    if (!link) this.#context.counters.refuse(isAdmitted ? 'link.limit' : 'peer.limit');
    return link;
  }

  #greeted(link: Link, source: NodeId, beacon: Body.Beacon, now: Instant): void {
    // Over slow air a link may be up before the first beacon came: its nonce is 0 until then.
    if (link.phase === 'up' && (link.peer !== source || ![0, beacon.nonce].includes(link.peerNonce))) {
      this.#events.linkReset(link, now);
      this.#links.markGreeting(link);
    }
    link.peer = source;
    link.peerNonce = beacon.nonce;
    link.lastHeard = now;
    if (isSlowAir(link.carrier)) return this.#events.noticed(link, now);
    if (link.phase === 'up' && link.carrier.traits.connected) this.#events.alive(link, now);
    const hearsUs = beacon.heard === this.#nonce;
    const isNew = hearsUs && link.phase === 'greeting';
    if (isNew && !this.#takesPlace(link, now)) return;
    // Before anything else: the other end takes nothing over the link until it knows that it is heard.
    if (link.phase === 'greeting') this.#greet(link, now);
    else if (beacon.answer) this.#sendTo(link, false, now);
    if (isNew) this.#events.linkUp(link, now);
  }

  /** False where others have come up meanwhile and no place is left. */
  #takesPlace(link: Link, now: Instant): boolean {
    const isTaken = this.#events.places().mayComeUp(link, now);
    if (isTaken) this.#links.markUp(link);
    else {
      this.#links.remove(link);
      this.#context.counters.refuse('peer.limit');
    }
    return isTaken;
  }

  #greet(link: Link, now: Instant): void {
    if (link.greetings >= GREETINGS_MAX && !link.carrier.traits.connected) {
      this.#links.remove(link);
      return;
    }
    link.greetings++;
    link.nextGreetingAt = now.mono + greetingMs(link.carrier.traits) * Math.min(SLOWEST_GREETING, link.greetings);
    this.#sendTo(link, true, now);
  }

  #sendTo(link: Link, answer: boolean, now: Instant): void {
    this.#transmit(link.carrier, link.address, this.#beacon(link.peerNonce, answer, link.mtuBytes), now);
  }

  /** Over slow air it waits its turn among what is more urgent. */
  #toAll(carrier: Carrier, now: Instant): void {
    const build = (): Uint8Array => this.#beacon(0, false, carrier.traits.mtuBytes);
    if (isSlowAir(carrier)) {
      this.#context.counters.countSent(FrameType.Beacon);
      this.#events.sendOpen(carrier, { priority: Priority.Medium, take: build }, now);
    } else this.#transmit(carrier, undefined, build(), now);
  }

  #transmit(carrier: Carrier, to: LinkAddress | undefined, frame: Uint8Array, now: Instant): void {
    const { counters } = this.#context;
    carrier.pace.sent(frame.length, now.mono);
    carrier.budget.spend(airtimeMs(carrier.traits, frame.length), now.mono);
    counters.countSent(FrameType.Beacon);
    counters.countBytes(carrier.index, frame.length);
    this.#context.emit({ kind: 'transmit', radio: carrier.index, ...(to !== undefined && { to }), frame });
  }

  #beacon(heard: number, answer: boolean, mtuBytes: number): Uint8Array {
    const { self, crypto, tagKey } = this.#context;
    const room = mtuBytes - overheadBytes(Flag.Signed);
    const named = this.#payload(heard, answer, this.#events.name);
    const payload = named.length <= room ? named : this.#payload(heard, answer, '');
    const header = localHeader(
      this.#context,
      FrameType.Beacon,
      Priority.Medium,
      this.#events.nextSequence(),
      Flag.Signed,
    );
    return buildFrame(header, payload, tagKey, crypto.sign(self.keys, immutablePart(header, payload)));
  }

  #payload(heard: number, answer: boolean, name: string): Uint8Array {
    const { self } = this.#context;
    return encode(Body.BeaconSchema, {
      publicKey: self.keys.publicKey,
      bootSalt: self.boot.salt,
      bootCounter: self.boot.counter,
      clockMs: BigInt(this.#context.pulse.clockMs),
      name,
      nonce: this.#nonce,
      heard,
      answer,
    });
  }
}

function wellFormed(beacon: Body.Beacon, header: Header): boolean {
  return (
    beacon.publicKey.length === PUBLIC_KEY_BYTES &&
    beacon.bootSalt.length === BOOT_SALT_BYTES &&
    saltHintOf(beacon.bootSalt) === header.saltHint &&
    beacon.name.length <= NAME_BYTES_MAX &&
    !header.fragment &&
    !header.destination
  );
}
