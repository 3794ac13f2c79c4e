import type { HybridClock } from '../core/hlc.js';
import { hlcMs } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import type { Instant, Machine } from '../core/machine.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';
import type { Random } from '../ports/random.js';
import { FrameType } from '../wire/frame-types.js';
import type { Fingerprint } from '../wire/gen/edge_pb.js';
import { Announcer } from './announcer.js';
import { Author } from './author.js';
import { Outbox, type WeaveEffect, type WeaveInput } from './effects.js';
import { Evidence } from './evidence.js';
import { Holdings } from './holdings.js';
import { Intake } from './intake.js';
import { isTombstoneKey, type RecordKey, shortDigest } from './keys.js';
import {
  EXPIRY_CHECK_MS,
  MAX_EXPIRED_PER_TICK,
  MAX_OFFERED_ENTRIES,
  MAX_PEERS,
  MAX_RECEIVED_PARTS,
  MAX_REFUSED,
  MAX_STORES_FOR_WANTS,
  RECONCILE_INTERVAL_MS,
  REFUSED_GENERATION_MS,
  STORE_PAUSE_MS,
  type WeaveLimits,
} from './limits.js';
import { loadRegistry } from './load.js';
import { LocalWriter } from './local-writer.js';
import {
  ENTRY_BYTES,
  type Entry,
  packHaves,
  packParts,
  packRecords,
  packWants,
  parseFingerprints,
  parseHave,
  parseRecords,
  parseWant,
  partBytes,
} from './packing.js';
import { Peer } from './peer.js';
import { respond, rootPart } from './reconcile.js';
import { Registry } from './registry.js';
import { Remembered } from './remembered.js';
import { serve } from './serve.js';
import type { StoreReader } from './store-layout.js';
import { Verifier } from './verifier.js';
import { WeaveView } from './view.js';
import { Wants } from './wants.js';

export interface WeaveOptions {
  readonly self: NodeId;
  readonly keys: KeyPair;
  /** Of this start: 16 bytes of salt, and how many starts there were. */
  readonly boot: { readonly salt: Uint8Array; readonly counter: number };
  readonly crypto: Crypto;
  /** Only read; writes are effects. */
  readonly store: StoreReader;
  readonly random: Random;
  /** Shared with whoever else stamps in this node; brought up to the newest stamp found in the store. */
  readonly clock: HybridClock;
  readonly limits: WeaveLimits;
  /** How long a detection lives that names no expiry. */
  readonly retentionMs: number;
  /** False: vectors of detections recorded from now on stay here; search by others cannot find them by likeness. */
  readonly shareVectors: boolean;
}

/**
 * The replicated fabric of records. What is new travels from neighbour to neighbour by announcement and request;
 * what was missed is found by comparing fingerprints. Nothing counts as held, is announced or settled before it is
 * durable.
 */
export class Weave implements Machine<WeaveInput, WeaveEffect> {
  readonly view: WeaveView;
  readonly #options: WeaveOptions;
  readonly #out = new Outbox();
  readonly #registry: Registry;
  readonly #holdings: Holdings;
  readonly #local: LocalWriter;
  readonly #intake: Intake;
  readonly #wants = new Wants();
  readonly #announcer = new Announcer();
  readonly #refused = new Remembered(MAX_REFUSED, REFUSED_GENERATION_MS);
  readonly #peers = new Map<NodeId, Peer>();
  #now: Instant = { mono: 0, wall: 0 };
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: WeaveOptions) {
    const { crypto, store, limits, clock } = options;
    this.#options = options;
    this.#registry = new Registry(options.random.u32());
    this.#holdings = new Holdings(this.#registry, store, limits, this.#out);
    const loaded = loadRegistry(store, this.#registry, this.#holdings.batches);
    if (loaded.unreadable > 0) this.#out.count('weave.unreadable', loaded.unreadable);
    clock.observe(loaded.newest, hlcMs(loaded.newest));
    const author = new Author({ ...options, salt: options.boot.salt, maxRetentionMs: limits.maxRetentionMs });
    this.#local = new LocalWriter({ author, holdings: this.#holdings, store, crypto, out: this.#out });
    this.#intake = new Intake({
      crypto,
      clock,
      maxRetentionMs: limits.maxRetentionMs,
      holdings: this.#holdings,
      verifier: new Verifier(crypto),
      evidence: new Evidence(this.#holdings, store, this.#out),
      refused: this.#refused,
      out: this.#out,
    });
    this.view = new WeaveView(this.#registry, store, crypto);
  }

  /** 32 bits of all that is held durably; equal for nodes that hold the same. For heartbeats. */
  digest(): number {
    return this.#registry.digest();
  }

  step(input: WeaveInput, now: Instant): readonly WeaveEffect[] {
    this.#now = now;
    this.#handle(input);
    this.#pursue();
    return this.#out.take();
  }

  nextDeadline(): number | undefined {
    const { mono } = this.#now;
    const deadlines = [this.#announcer.dueAt, this.#wants.nextDeadline()];
    if (this.#wants.size > 0 && this.#pausedUntil > mono) deadlines.push(this.#pausedUntil);
    deadlines.push(this.#monoOf(this.#registry.nextExpiry), this.#monoOf(this.#intake.nextHeldAt));
    let next: number | undefined;
    for (const deadline of deadlines)
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    return next;
  }

  #handle(input: WeaveInput): void {
    switch (input.kind) {
      case 'neighbour-up':
        this.#up(input.peer, input.bytesPerSecond);
        return;
      case 'neighbour-down':
        this.#peers.delete(input.peer);
        this.#wants.peerDown(input.peer);
        return;
      case 'received':
        this.#received(input.peer, input.type, input.body);
        return;
      case 'mismatch':
        this.#mismatch(input.peer);
        return;
      case 'put':
        this.#local.put(input.ticket, input.drafts, this.#now.wall);
        return;
      case 'erase':
        this.#local.erase(input.ticket, input.hash, this.#now.wall);
        return;
      case 'stored':
        this.#completed(input.ticket, true, '');
        return;
      case 'store-failed':
        this.#completed(input.ticket, false, input.code);
        return;
      case 'tick':
        return;
    }
  }

  #up(id: NodeId, bytesPerSecond: number): void {
    const known = this.#peers.get(id);
    if (known) {
      known.reachedAt(bytesPerSecond);
      this.#wants.peerUp(id, bytesPerSecond);
      return;
    }
    if (this.#peers.size >= MAX_PEERS) {
      this.#out.count('weave.peers.overflow');
      return;
    }
    const peer = new Peer(id);
    peer.reachedAt(bytesPerSecond);
    this.#peers.set(id, peer);
    this.#wants.peerUp(id, bytesPerSecond);
    // One of the two begins; should its frame be lost, the heartbeats' digests tell.
    if (this.#options.self < id) this.#sendRoot(peer);
  }

  #received(from: NodeId, type: FrameType, body: Uint8Array): void {
    const peer = this.#peers.get(from);
    if (!peer) {
      this.#out.count('weave.stranger');
      return;
    }
    if (type === FrameType.Have) {
      this.#have(peer, body);
      return;
    }
    if (type === FrameType.Want) {
      this.#want(peer, body);
      return;
    }
    if (type === FrameType.Records) {
      this.#records(peer, body);
      return;
    }
    if (type === FrameType.Fingerprints) {
      this.#fingerprints(peer, body);
      return;
    }
    this.#out.count('weave.type');
  }

  #have(peer: Peer, body: Uint8Array): void {
    const entries = parseHave(body);
    if (!entries) {
      this.#out.count('weave.malformed');
      return;
    }
    for (const entry of entries) this.#offered(peer, entry);
  }

  #want(peer: Peer, body: Uint8Array): void {
    const keys = parseWant(body);
    if (!keys) {
      this.#out.count('weave.malformed');
      return;
    }
    const items = serve(this.#registry, this.#options.store, keys, peer, this.#now.mono, this.#out);
    for (const message of packRecords(items)) this.#out.send(peer.id, FrameType.Records, message);
  }

  #records(peer: Peer, body: Uint8Array): void {
    const message = parseRecords(body);
    if (!message) {
      this.#out.count('weave.malformed');
      return;
    }
    const taken = this.#intake.take(message, peer, this.#now);
    for (const key of taken.answered) this.#wants.settle(key);
    for (const key of taken.bad) this.#wants.reject(key, peer.id);
    this.#wants.arrived(peer.id, taken.answered.length, this.#now.mono);
    peer.gained += taken.gained;
    this.#offer(peer, taken.ours.map((key) => this.#entry(key)).filter(isPresent));
  }

  #fingerprints(peer: Peer, body: Uint8Array): void {
    const received = parseFingerprints(body);
    if (!received) {
      this.#out.count('weave.malformed');
      return;
    }
    if (received.length > MAX_RECEIVED_PARTS) this.#out.count('weave.oversized', received.length - MAX_RECEIVED_PARTS);
    const parts: Fingerprint[] = [];
    const ours: Entry[] = [];
    for (const part of received.slice(0, MAX_RECEIVED_PARTS)) {
      if (part.bits === 0 && !peer.mayCompare(this.#now.mono)) {
        this.#out.count('weave.deferred');
        continue;
      }
      const response = respond(this.#registry, part);
      if (!response) {
        this.#out.count('weave.malformed');
        continue;
      }
      if (response.theirs.length > 0) peer.comparing = true;
      for (const entry of response.theirs) this.#offered(peer, entry);
      let cost = 0;
      for (const answer of response.parts) cost += partBytes(answer);
      // What is left out now is found again by the next comparison.
      if (ours.length > MAX_OFFERED_ENTRIES || !peer.reconciling.take(this.#now.mono, cost)) {
        this.#out.count('weave.deferred');
        break;
      }
      parts.push(...response.parts);
      // All of them may be more than a slow way is ever allowed at once.
      const offered = peer.reconciling.takeUpTo(this.#now.mono, response.ours.length, ENTRY_BYTES);
      ours.push(...response.ours.slice(0, offered));
      if (offered < response.ours.length) {
        this.#out.count('weave.deferred');
        break;
      }
    }
    for (const answer of packParts(parts)) this.#out.send(peer.id, FrameType.Fingerprints, answer);
    this.#offer(peer, ours);
  }

  /** A neighbour has this version of this key. */
  #offered(peer: Peer, { key, digest }: Entry): void {
    const known = this.#holdings.known(key);
    const { mono } = this.#now;
    if (known && shortDigest(known.digest) === digest) {
      this.#announcer.noteHas(key, peer.id);
      return;
    }
    if (this.#refused.get(key, mono) === digest || peer.hasRefused(key, digest, mono)) return;
    if (this.#intake.isHeld(key, digest)) return;
    const full = isTombstoneKey(key) ? this.#holdings.fullOfTombstones : this.#holdings.full;
    if (!known && full) {
      this.#out.count('weave.limit');
      return;
    }
    if (!this.#wants.offer(key, peer.id)) this.#out.count('weave.wanted.overflow');
  }

  #offer(peer: Peer, entries: readonly Entry[]): void {
    for (const body of packHaves(entries)) this.#out.send(peer.id, FrameType.Have, body);
  }

  #mismatch(id: NodeId): void {
    const peer = this.#peers.get(id);
    const { mono } = this.#now;
    if (!peer || mono - peer.rootSentAt < RECONCILE_INTERVAL_MS || this.#wants.waitsFor(id)) return;
    if (peer.mayCompare(mono)) this.#sendRoot(peer);
  }

  #sendRoot(peer: Peer): void {
    peer.rootSentAt = this.#now.mono;
    peer.comparing = false;
    peer.gained = 0;
    for (const body of packParts([rootPart(this.#registry)])) this.#out.send(peer.id, FrameType.Fingerprints, body);
  }

  #completed(ticket: number, ok: boolean, code: string): void {
    const completed = this.#holdings.complete(ticket, ok);
    if (!completed) return;
    if (ok) for (const { entry, from } of completed.items) this.#announcer.gained(entry.key, from, this.#now.mono);
    else {
      this.#pausedUntil = this.#now.mono + STORE_PAUSE_MS;
      this.#out.count('weave.store-failed', completed.items.length);
    }
    this.#local.completed(ticket, completed, code);
  }

  /** What is due, whatever woke us. */
  #pursue(): void {
    const { mono, wall } = this.#now;
    if (!this.#holdings.busy)
      for (const { key, digest } of this.#holdings.expire(wall, MAX_EXPIRED_PER_TICK))
        this.#refused.set(key, shortDigest(digest), mono);
    this.#intake.retryHeld((id) => this.#peers.get(id) ?? new Peer(id), this.#now);
    if (this.#announcer.dueAt !== undefined && this.#announcer.dueAt <= mono) this.#announce();
    const dropped = this.#wants.expire(mono);
    if (dropped > 0) this.#out.count('weave.unanswered', dropped);
    this.#ask();
    this.#compareAgain();
  }

  #announce(): void {
    const changes = this.#announcer.take();
    for (const peer of this.#peers.values()) {
      const entries: Entry[] = [];
      for (const [key, has] of changes) {
        const entry = has.has(peer.id) ? undefined : this.#entry(key);
        if (entry) entries.push(entry);
      }
      this.#offer(peer, entries);
    }
  }

  #ask(): void {
    if (this.#wants.size === 0 || this.#holdings.outstanding >= MAX_STORES_FOR_WANTS) return;
    if (this.#pausedUntil > this.#now.mono) return;
    for (const [peer, keys] of this.#wants.dispatch(this.#now.mono))
      for (const body of packWants(keys)) this.#out.send(peer, FrameType.Want, body);
  }

  /** A comparison may have been cut short (limits on both sides): goes on once its records are here and durable. */
  #compareAgain(): void {
    if (this.#holdings.outstanding > 0) return;
    for (const peer of this.#peers.values()) {
      if (!peer.comparing || peer.gained === 0 || this.#wants.waitsFor(peer.id)) continue;
      if (peer.mayCompare(this.#now.mono)) this.#sendRoot(peer);
    }
  }

  #entry(key: RecordKey): Entry | undefined {
    const row = this.#registry.row(key);
    return row < 0 ? undefined : { key, digest: shortDigest(this.#registry.digestOf(row)) };
  }

  /** The wall clock may step: what waits for it is looked at within `EXPIRY_CHECK_MS` in any case. */
  #monoOf(at: number | undefined): number | undefined {
    if (at === undefined) return undefined;
    return this.#now.mono + Math.min(Math.max(at - this.#now.wall, MIN_WAKE_MS), EXPIRY_CHECK_MS);
  }
}

/** So that expiry of many records leaves room for other work. */
const MIN_WAKE_MS = 20;

const isPresent = <T>(value: T | undefined): value is T => value !== undefined;
