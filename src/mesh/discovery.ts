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
import { earlier, localHeader } from './egress.js';
import type { Link, Links } from './links.js';
import type { Carrier, MeshContext } from './types.js';

/** A beacon to everybody: often at first and after a change, then ever more rarely. */
const BEACON_MIN_MS = 250;
const BEACON_MAX_MS = 15_000;
/** A greeting is repeated this often, and given up after so many. */
const GREETING_MS = 250;
const GREETINGS_MAX = 8;
/** Addresses given by hand are greeted this often while nothing answers. */
const MANUAL_MS = 2_000;
const MANUAL_MAX = 256;
const NAME_BYTES_MAX = 64;
/** Links narrower than this cannot carry a beacon, even without a name. */
export const LINK_MTU_MIN = 192;
/** Signature checks a second for each carrier of beacons in the name of boots we know; more are refused and counted. */
const KNOWN_CHECKS_PER_SECOND = 200;

interface Schedule {
  readonly carrier: Carrier;
  intervalMs: number;
  nextAt: number;
  readonly strangers: TokenBucket;
  readonly known: TokenBucket;
}

interface ManualAddress {
  readonly carrier: number;
  readonly address: LinkAddress;
  readonly expected: NodeId | undefined;
  nextAt: number;
}

export interface DiscoveryEvents {
  linkUp(link: Link, now: Instant): void;
  /** The neighbour at the other end restarted: what is known of the link no longer holds. */
  linkReset(link: Link, now: Instant): void;
  /** A boot of this node is vouched for from now on. */
  learned(node: NodeId, now: Instant): void;
  nextSequence(): number;
  readonly maxPeers: number;
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
  readonly #events: DiscoveryEvents;
  readonly #nonce: number;
  readonly #schedules = new Map<number, Schedule>();
  readonly #manual = new Map<string, ManualAddress>();
  #leaving = false;

  constructor(context: MeshContext, links: Links, known: KnownNodes, events: DiscoveryEvents) {
    this.#context = context;
    this.#links = links;
    this.#known = known;
    this.#events = events;
    this.#nonce = (context.random.u32() | 1) >>> 0;
  }

  carrierUp(carrier: Carrier, now: Instant): void {
    if (carrier.traits.mtuBytes < LINK_MTU_MIN) {
      this.#context.counters.refuse('carrier.mtu');
      return;
    }
    const nextAt = now.mono + this.#context.random.below(50);
    this.#schedules.set(carrier.index, {
      carrier,
      intervalMs: BEACON_MIN_MS,
      nextAt,
      strangers: new TokenBucket(Limit.StrangerChecksPerSecond, Limit.StrangerChecksPerSecond),
      known: new TokenBucket(KNOWN_CHECKS_PER_SECOND, KNOWN_CHECKS_PER_SECOND),
    });
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
    schedule.intervalMs = BEACON_MIN_MS;
    schedule.nextAt = Math.min(schedule.nextAt, now.mono + this.#context.random.below(BEACON_MIN_MS));
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

  addManual(carrier: Carrier, address: LinkAddress, expected: NodeId | undefined, now: Instant): boolean {
    if (this.#manual.size >= MANUAL_MAX) return false;
    this.#manual.set(`${carrier.index}|${address}`, { carrier: carrier.index, address, expected, nextAt: now.mono });
    return true;
  }

  removeManual(peer: NodeId): void {
    for (const [key, entry] of this.#manual) {
      const link = this.#links.find(entry.carrier, entry.address);
      if (entry.expected === peer || link?.peer === peer) this.#manual.delete(key);
    }
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
    const current = link ?? this.#welcome(carrier, from, header.source, now);
    if (current) this.#greeted(current, header.source, beacon, now);
  }

  tick(now: Instant): void {
    if (this.#leaving) return;
    for (const schedule of this.#schedules.values()) {
      if (schedule.nextAt > now.mono || !schedule.carrier.traits.broadcast) continue;
      this.#transmit(schedule.carrier, undefined, this.#beacon(0, false, schedule.carrier.traits.mtuBytes, now));
      schedule.nextAt = now.mono + schedule.intervalMs * (0.9 + this.#context.random.below(200) / 1_000);
      schedule.intervalMs = Math.min(BEACON_MAX_MS, schedule.intervalMs * 2);
    }
    for (const link of [...this.#links.all()]) {
      if (link.phase === 'greeting' && link.nextGreetingAt <= now.mono) this.#greet(link, now);
    }
    for (const entry of this.#manual.values()) {
      const carrier = this.#schedules.get(entry.carrier)?.carrier;
      if (entry.nextAt > now.mono || !carrier) continue;
      entry.nextAt = now.mono + MANUAL_MS;
      if (this.#links.find(entry.carrier, entry.address)) continue;
      this.#transmit(carrier, entry.address, this.#beacon(0, true, carrier.traits.mtuBytes, now));
    }
  }

  nextDeadline(): number | undefined {
    if (this.#leaving) return undefined;
    let earliest: number | undefined;
    for (const schedule of this.#schedules.values()) {
      if (schedule.carrier.traits.broadcast) earliest = earlier(earliest, schedule.nextAt);
    }
    for (const link of this.#links.all())
      if (link.phase === 'greeting') earliest = earlier(earliest, link.nextGreetingAt);
    for (const entry of this.#manual.values())
      if (this.#schedules.has(entry.carrier)) earliest = earlier(earliest, entry.nextAt);
    return earliest;
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
    const expected = this.#manual.get(`${carrier.index}|${from}`)?.expected;
    if (expected === undefined || expected === source) return true;
    this.#context.counters.refuse('peer.unexpected');
    return false;
  }

  #welcome(carrier: Carrier, from: LinkAddress, source: NodeId, now: Instant): Link | undefined {
    const isNew = this.#links.upTo(source).length === 0;
    if (isNew && this.#links.neighbourCount >= this.#events.maxPeers) {
      this.#context.counters.refuse('peer.limit');
      return undefined;
    }
    const link = this.#links.add(carrier, from, carrier.traits.mtuBytes, now);
    if (!link) this.#context.counters.refuse('link.limit');
    return link;
  }

  #greeted(link: Link, source: NodeId, beacon: Body.Beacon, now: Instant): void {
    if (link.phase === 'up' && (link.peer !== source || link.peerNonce !== beacon.nonce)) {
      this.#events.linkReset(link, now);
      this.#links.markGreeting(link);
    }
    link.peer = source;
    link.peerNonce = beacon.nonce;
    link.lastHeard = now;
    const hearsUs = beacon.heard === this.#nonce;
    if (hearsUs && link.phase === 'greeting') {
      this.#links.markUp(link);
      this.#events.linkUp(link, now);
    }
    if (link.phase === 'greeting') this.#greet(link, now);
    else if (beacon.answer) this.#sendTo(link, false, now);
  }

  #greet(link: Link, now: Instant): void {
    if (link.greetings >= GREETINGS_MAX && !link.carrier.traits.connected) {
      this.#links.remove(link);
      return;
    }
    link.greetings++;
    link.nextGreetingAt = now.mono + GREETING_MS * Math.min(8, link.greetings);
    this.#sendTo(link, true, now);
  }

  #sendTo(link: Link, answer: boolean, now: Instant): void {
    this.#transmit(link.carrier, link.address, this.#beacon(link.peerNonce, answer, link.mtuBytes, now));
  }

  #transmit(carrier: Carrier, to: LinkAddress | undefined, frame: Uint8Array): void {
    const { counters } = this.#context;
    counters.countSent(FrameType.Beacon);
    counters.countBytes(carrier.index, frame.length);
    this.#context.emit({ kind: 'transmit', radio: carrier.index, ...(to !== undefined && { to }), frame });
  }

  #beacon(heard: number, answer: boolean, mtuBytes: number, now: Instant): Uint8Array {
    const { self, crypto, tagKey } = this.#context;
    const room = mtuBytes - overheadBytes(Flag.Signed);
    const named = this.#payload(heard, answer, this.#events.name, now);
    const payload = named.length <= room ? named : this.#payload(heard, answer, '', now);
    const header = localHeader(
      this.#context,
      FrameType.Beacon,
      Priority.Medium,
      this.#events.nextSequence(),
      Flag.Signed,
    );
    return buildFrame(header, payload, tagKey, crypto.sign(self.keys, immutablePart(header, payload)));
  }

  #payload(heard: number, answer: boolean, name: string, now: Instant): Uint8Array {
    const { self } = this.#context;
    return encode(Body.BeaconSchema, {
      publicKey: self.keys.publicKey,
      bootSalt: self.boot.salt,
      bootCounter: self.boot.counter,
      clockMs: BigInt(Math.max(0, Math.floor(now.wall))),
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
