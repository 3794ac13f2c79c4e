import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { WeaveEffect, WeaveInput } from '../replication/effects.js';
import type { Weave } from '../replication/weave.js';
import { Priority } from '../wire/frame-types.js';
import type { AirDrip } from './air-drip.js';
import { capacityOf, isSlowAir } from './carrier.js';
import type { Counters } from './counters.js';
import type { Drip } from './drip.js';
import type { Link, Links } from './links.js';
import { combineDigests } from './liveness.js';
import type { Sending } from './sending.js';

/** What a node holds: equal at nodes that agree. */
export interface Digests {
  readonly drip: number;
  readonly records: number;
}

export interface FabricMachines {
  readonly weave: Weave;
  readonly drip: Drip;
  readonly airDrip: AirDrip;
  readonly links: Links;
  readonly sending: Sending;
  readonly counters: Counters;
  emit(effect: WeaveEffect): void;
}

/** Joins the records to the mesh: who is a neighbour and how fast, and what two neighbours compare. */
export class Fabric {
  readonly #machines: FabricMachines;
  /** Neighbours over slow air alone whose records were not ours: those that the weave knows. */
  readonly #onAir = new Set<NodeId>();

  constructor(machines: FabricMachines) {
    this.#machines = machines;
  }

  step(input: WeaveInput, now: Instant): void {
    const { weave, sending, counters, emit } = this.#machines;
    for (const effect of weave.step(input, now)) {
      if (effect.kind === 'send') sending.local(effect.peer, effect.type, effect.body, Priority.Low, now);
      else if (effect.kind === 'counted') counters.refuse(effect.reason, effect.count);
      else emit(effect);
    }
  }

  tick(now: Instant): void {
    const at = this.#machines.weave.nextDeadline();
    if (at !== undefined && at <= now.mono) this.step({ kind: 'tick' }, now);
  }

  /** A link to this neighbour came or went. */
  linksChanged(peer: NodeId, now: Instant): void {
    const { links } = this.#machines;
    const best = links.isStandby(peer) ? undefined : links.best(peer);
    // Over slow air the lists tell whether there is anything to compare.
    if (best && isSlowAir(best.carrier) && !this.#onAir.has(peer)) return;
    if (!best) this.#onAir.delete(peer);
    if (!best) this.step({ kind: 'neighbour-down', peer }, now);
    else this.step({ kind: 'neighbour-up', peer, bytesPerSecond: capacityOf(best.carrier.traits) / 8 }, now);
  }

  /** 32 bits of all that this node holds of others and of records: equal at nodes that agree. */
  digest(): number {
    return combineDigests(this.#machines.drip.digest(), this.#machines.weave.digest());
  }

  digests(): Digests {
    return { drip: this.#machines.drip.digest(), records: this.#machines.weave.digest() };
  }

  /** As `compare`, over slow air: what drips is compared with all in earshot at once. */
  compareOnAir(link: Link, { drip, records }: Digests, now: Instant): void {
    const { peer, carrier } = link;
    if (peer === undefined) return;
    if (drip === this.#machines.drip.digest()) carrier.load.agreed();
    else this.#machines.airDrip.differs(carrier, now);
    if (records === this.#machines.weave.digest() || !carrier.background.isOpen(now.mono)) return;
    const isNew = !this.#onAir.has(peer);
    this.#onAir.add(peer);
    if (isNew) this.linksChanged(peer, now);
    else this.step({ kind: 'mismatch', peer }, now);
  }

  /** Of what two nodes of different segments are both to hold. `common` is a drip's digest of that. */
  digestBeyond(common = this.#machines.drip.commonDigest()): number {
    return combineDigests(common, this.#machines.weave.digest());
  }

  /** A neighbour's digest: where it differs the two compare, within what the carrier has to spare for that. */
  compare(link: Link, digest: number, now: Instant, ours = this.digest()): void {
    const { peer, carrier } = link;
    const { drip, links } = this.#machines;
    if (peer === undefined || digest === ours || links.isStandby(peer)) return;
    if (drip.owes(peer, now) || !carrier.background.isOpen(now.mono)) return;
    drip.mismatch(peer, digest, now);
    this.step({ kind: 'mismatch', peer }, now);
  }
}
