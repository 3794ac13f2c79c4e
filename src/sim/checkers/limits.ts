import type { NodeId } from '../../core/ids.js';
import { Limit } from '../../core/limits.js';
import { AIR_SPREADS_MAX } from '../../mesh/air-turns.js';
import { ALERTS_HELD_MAX } from '../../mesh/alert-spread.js';
import { OPEN_QUEUE_MAX } from '../../mesh/open-queue.js';
import { UNREAD_MAX } from '../../mesh/short-frames.js';
import type { ObservedNode, Observer } from '../observer.js';
import type { World } from '../world.js';
import type { Findings } from './findings.js';

/** Entries of drip: two for each node. */
const DRIP_MAX = 8_192;
const ASSEMBLIES_MAX = 128;
const DEDUP_MAX = 10_000;
/** Deadlines in the past, one after the other, after a step that has handled all there was. */
const PAST_DEADLINES_MAX = 20;
/** Steps a second of an engine at rest: for itself, and for each link (heartbeats, their answers, retransmissions where a third is lost). */
const IDLE_STEPS_PER_SECOND = { base: 4, perLink: 4 } as const;
/** At rest: nothing was put in, and nothing changed, for this long. */
const REST_AFTER_MS = 35_000;
const REST_WINDOW_MS = 10_000;
/** Nodes whose queues are looked at in one moment. */
const NODES_AT_A_TIME = 100;

const BOUNDS: Readonly<Record<string, { readonly most: number; readonly perLink?: true }>> = {
  frames: { most: Limit.QueuedFramesPerLink, perLink: true },
  inFlight: { most: Limit.InFlightPerLink, perLink: true },
  open: { most: OPEN_QUEUE_MAX },
  relays: { most: Limit.PendingRelays },
  spreads: { most: AIR_SPREADS_MAX },
  unread: { most: UNREAD_MAX },
  messages: { most: Limit.PendingMessages },
  held: { most: Limit.HeldFrames },
  assemblies: { most: ASSEMBLIES_MAX },
  dedup: { most: DEDUP_MAX },
  drip: { most: DRIP_MAX },
  alerts: { most: ALERTS_HELD_MAX },
  links: { most: Limit.Links },
  own: { most: Limit.OwnParcels },
  kept: { most: Limit.KeptParcels },
  receipts: { most: Limit.Receipts },
  transfersOut: { most: Limit.OutTransfers },
  transfersIn: { most: Limit.InTransfers },
};

/** No queue beyond its bound, no busy waiting, no timer left behind, little work at rest. */
export class LimitChecker implements Observer {
  readonly #world: World;
  readonly #findings: Findings;
  /** By node: deadlines in the past, one after the other. */
  readonly #past = new Map<number, number>();
  readonly #stepsAt = new Map<number, number>();
  readonly #heads = new Map<number, NodeId | undefined>();
  #busyAt = 0;
  #turn = 0;
  #windowFrom: number | undefined;

  constructor(world: World, findings: Findings) {
    this.#world = world;
    this.#findings = findings;
  }

  sent(): void {
    this.#busyAt = this.#world.now;
  }

  records(): void {
    this.#busyAt = this.#world.now;
  }

  rested(node: ObservedNode, deadline: number | undefined, now: number): void {
    const past = deadline !== undefined && deadline < now ? (this.#past.get(node.index) ?? 0) + 1 : 0;
    this.#past.set(node.index, past);
    if (past === PAST_DEADLINES_MAX) this.#wrong(now, `node ${node.index} keeps a deadline in the past`);
  }

  sampled(now: number): void {
    const running = this.#world.running();
    for (const { index, mesh } of running) {
      const { head } = mesh.segments;
      // Whoever comes into another segment learns of all in it.
      if (this.#heads.get(index) !== head) this.#busyAt = now;
      this.#heads.set(index, head);
    }
    // Of many each is looked at now and then, in turn.
    const every = Math.ceil(running.length / NODES_AT_A_TIME);
    for (let i = this.#turn++ % every; i < running.length; i += every) this.#queues(running[i] as ObservedNode, now);
    this.#idle(now);
  }

  /** Every running node has its one timer, and the air and the stores at most theirs. */
  finished(now: number): void {
    const names = this.#world.clock.names();
    const engines = names.filter((name) => name === 'engine').length;
    const running = this.#world.running().length;
    if (engines > running) this.#wrong(now, `${engines} engine timers for ${running} nodes`);
    const carriers = this.#world.carriers.reduce((sum, { timersMax }) => sum + timersMax, 0);
    if (names.length > running + carriers + running) this.#wrong(now, `timers left: ${names.join(', ')}`);
  }

  #queues(node: ObservedNode, now: number): void {
    const links = Math.max(1, node.mesh.links.size);
    const queues = node.mesh.queues();
    for (const name in queues) {
      const size = queues[name] as number;
      const bound = BOUNDS[name];
      if (!bound) this.#wrong(now, `the queue ${name} has no bound here`);
      else if (size > bound.most * (bound.perLink ? links : 1))
        this.#wrong(now, `node ${node.index} holds ${size} in ${name}, which takes ${bound.most}`);
    }
  }

  #idle(now: number): void {
    const restless = Math.max(this.#busyAt, this.#world.ground.quietSince) + REST_AFTER_MS > now;
    if (restless) {
      this.#windowFrom = undefined;
      return;
    }
    if (this.#windowFrom === undefined) {
      this.#windowFrom = now;
      for (const node of this.#world.nodes) this.#stepsAt.set(node.index, node.steps);
    } else if (now - this.#windowFrom >= REST_WINDOW_MS) {
      for (const node of this.#world.running()) this.#rest(node, (now - this.#windowFrom) / 1_000, now);
      this.#windowFrom = undefined;
    }
  }

  #rest(node: ObservedNode, seconds: number, now: number): void {
    const perSecond = (node.steps - (this.#stepsAt.get(node.index) ?? 0)) / seconds;
    const { base, perLink } = IDLE_STEPS_PER_SECOND;
    const bound = base + perLink * node.mesh.links.size;
    if (perSecond > bound) this.#wrong(now, `node ${node.index} at rest steps ${perSecond.toFixed(1)} times a second`);
  }

  #wrong(now: number, what: string): void {
    this.#findings.add('limits', now, what);
  }
}
