import type { HybridClock } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import {
  decodeSnapshot,
  encodeSnapshot,
  type NodeSnapshot,
  type NodeStates,
  Taken,
} from '../replication/node-state.js';
import { saltHintOf } from '../trust/identity.js';
import { immutablePart } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import type { Beats } from './beats.js';
import type { Drip } from './drip.js';
import { type DripItem, DripKind } from './drip-items.js';
import { localHeader } from './egress.js';
import type { OwnState } from './own-state.js';
import type { MeshContext } from './types.js';

export interface StateSpreadEvents {
  nextSequence(): number;
  /** Whether a snapshot that a neighbour passed on is any concern of this node's. */
  isWelcome(snapshot: NodeSnapshot, from: NodeId, now: Instant): boolean;
  /** A node's snapshot is newer than what was known. */
  changed(snapshot: NodeSnapshot, now: Instant): void;
}

/** Publishes this node's snapshot through drip, and takes those of others from it. */
export class StateSpread {
  readonly #context: MeshContext;
  readonly #states: NodeStates;
  readonly #own: OwnState;
  readonly #drip: Drip;
  readonly #beats: Beats;
  readonly #clock: HybridClock;
  readonly #events: StateSpreadEvents;

  constructor(
    context: MeshContext,
    machines: { states: NodeStates; own: OwnState; drip: Drip; beats: Beats; clock: HybridClock },
    events: StateSpreadEvents,
  ) {
    this.#context = context;
    this.#states = machines.states;
    this.#own = machines.own;
    this.#drip = machines.drip;
    this.#beats = machines.beats;
    this.#clock = machines.clock;
    this.#events = events;
  }

  tick(now: Instant): void {
    const snapshot = this.#own.tick(now);
    if (!snapshot) return;
    const { self } = this.#context;
    this.#states.take(snapshot, now.wall, Number.POSITIVE_INFINITY);
    const body = encodeSnapshot(snapshot, this.#own.isBrief);
    const sequence = this.#events.nextSequence();
    const header = localHeader(this.#context, FrameType.Drip, Priority.Medium, sequence);
    this.#beats.originated(sequence, immutablePart(header, body), now);
    const saltHint = saltHintOf(self.boot.salt);
    this.#drip.put(
      { kind: DripKind.State, source: self.id, saltHint, sequence, rank: snapshot.hlc, body },
      undefined,
      now,
    );
    this.#events.changed(snapshot, now);
  }

  /** The rank of a snapshot from a neighbour when it is newer and to be passed on. */
  take(item: Omit<DripItem, 'rank'>, from: NodeId, now: Instant): bigint | undefined {
    const snapshot = decodeSnapshot(item.body);
    if (!snapshot || snapshot.author !== item.source) {
      this.#context.counters.refuse('state.malformed');
      return undefined;
    }
    if (snapshot.author === this.#context.self.id) {
      this.#ownWords(snapshot, now);
      return undefined;
    }
    if (this.#drip.answerStale(snapshot.author, snapshot.hlc, from, now)) return undefined;
    if (this.#drip.isBuried(DripKind.State, snapshot.author, snapshot.hlc, now)) {
      this.#context.counters.refuse('state.forgotten');
      return undefined;
    }
    if (!this.#events.isWelcome(snapshot, from, now)) return undefined;
    const taken = this.#states.take(snapshot, now.wall, this.#clock.aheadMs);
    if (taken === Taken.Ahead || taken === Taken.Conflict) this.#context.counters.refuse(`state.${taken}`);
    if (taken !== Taken.Newer) return undefined;
    this.#clock.observe(snapshot.hlc, now.wall);
    this.#events.changed(snapshot, now);
    return snapshot.hlc;
  }

  /** Our own words from before a restart, newer than our clock: speak again, later than that. */
  #ownWords(snapshot: NodeSnapshot, now: Instant): void {
    const current = this.#states.get(snapshot.author);
    if (current && snapshot.hlc <= current.hlc) return;
    if (this.#clock.observe(snapshot.hlc, now.wall)) this.#own.repeat(now);
    else this.#context.counters.refuse('state.ahead');
  }
}
