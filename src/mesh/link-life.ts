import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { LinkAddress } from '../ports/radio.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import { Bridges } from './bridges.js';
import { type Carrier, isSlowAir } from './carrier.js';
import { crowdOf } from './crowd.js';
import type { Custody } from './custody.js';
import type { Discovery } from './discovery.js';
import type { Drip } from './drip.js';
import type { Egress } from './egress.js';
import type { Fabric } from './fabric.js';
import { Flapping } from './flapping.js';
import type { Flooding } from './flooding.js';
import { EndCause, GOODBYE, isGreetedAnew, type LinkEnd, lost, MADE_ROOM, ownRadio } from './link-end.js';
import { LinkPool } from './link-pool.js';
import type { Link, Links } from './links.js';
import type { Liveness } from './liveness.js';
import type { OwnState } from './own-state.js';
import type { Passing } from './passing.js';
import type { Peers } from './peers.js';
import type { Routing } from './routing.js';
import type { Segments } from './segments.js';
import { Standby } from './standby.js';
import type { MeshContext } from './types.js';

export interface LinkLifeMachines {
  readonly context: MeshContext;
  readonly links: Links;
  readonly egress: Egress;
  readonly liveness: Liveness;
  readonly discovery: Discovery;
  readonly routing: Routing;
  readonly peers: Peers;
  readonly ownState: OwnState;
  readonly drip: Drip;
  readonly flooding: Flooding;
  readonly fabric: Fabric;
  readonly passing: Passing;
  readonly custody: Custody;
  readonly segments: Segments;
  /** Links over one radio at most, and neighbours over all. */
  readonly maxLinks: number | undefined;
  readonly maxPeers: number;
  /** Who is reachable may have changed. */
  changed(): void;
  /** A boot of this node is vouched for. */
  learned(node: NodeId, now: Instant): void;
}

const LINKS_PER_RADIO = 100;

/** What follows in all machines when a link comes into use or ends. */
export class LinkLife {
  readonly #machines: LinkLifeMachines;
  readonly #flapping: Flapping;
  readonly #bridges: Bridges;
  readonly pool: LinkPool;
  readonly standby: Standby;

  constructor(machines: LinkLifeMachines) {
    this.#machines = machines;
    const { context, links, routing, ownState, maxPeers, maxLinks = LINKS_PER_RADIO } = machines;
    this.#flapping = new Flapping(context.counters.links);
    this.#bridges = new Bridges(routing, context.random.fork('bridges'));
    this.pool = new LinkPool(context, links, routing.topology, {
      maxPeers,
      maxLinks,
      drop: (link, now) => this.down(link, MADE_ROOM, now),
    });
    this.standby = new Standby(context.self.id, links, routing.topology, {
      changed: (peer, isActive, now) => this.#activityChanged(peer, isActive, now),
      news: (now) => ownState.linksChanged(now),
    });
    machines.flooding.crowd = crowdOf(links, routing, this.standby, () => machines.segments.isSplit);
    ownState.isAnnounced = (node) => !links.isStandby(node) && routing.serves(node);
    ownState.isAccepted = (node) => this.standby.isAccepted(node);
  }

  up(link: Link, now: Instant): void {
    const { context, links, egress, liveness, routing, peers, ownState, drip, flooding, fabric, custody } =
      this.#machines;
    const peer = link.peer as NodeId;
    link.damped = this.#flapping.isDamped(link, now);
    egress.open(link);
    if (!isSlowAir(link.carrier)) liveness.open(link, now);
    routing.linksChanged();
    ownState.linksChanged(now);
    this.standby.due(now);
    this.#machines.changed();
    peers.heardOf(peer, now);
    peers.lost(peer, undefined);
    context.emit({ kind: 'link', node: peer, radio: link.carrier.index, address: link.address, change: 'up' });
    if (!isSlowAir((links.best(peer) ?? link).carrier)) drip.neighbourUp(peer, now);
    this.#machines.learned(peer, now);
    flooding.reconsider();
    fabric.linksChanged(peer, now);
    custody.linkUp(now);
  }

  /** The radio no longer has this link. */
  ended(at: { readonly radio: number; readonly address: LinkAddress; readonly reason: string }, now: Instant): void {
    const link = this.#machines.links.find(at.radio, at.address);
    if (link) this.down(link, lost(at.reason), now);
  }

  carrierDown(carrier: Carrier, reason: string, now: Instant): void {
    for (const link of [...this.#machines.links.all()])
      if (link.carrier === carrier) this.down(link, ownRadio(reason), now);
    // Its links may have gone first, one by one.
    this.#flapping.forgive(carrier, now);
  }

  /** All links to this node. */
  allDown(node: NodeId, end: LinkEnd, now: Instant): void {
    for (const link of [...this.#machines.links.upTo(node)]) this.down(link, end, now);
  }

  /** A node's state is newer than what was known. */
  stateChanged(snapshot: NodeSnapshot, now: Instant): void {
    const { context, routing, flooding, liveness } = this.#machines;
    const { author, condition } = snapshot;
    if (condition === 'offline' && author !== context.self.id) this.allDown(author, GOODBYE, now);
    const hearsFewer = this.standby.noted(snapshot, now);
    // What it sent to all may have missed somebody.
    if (hearsFewer) flooding.reconsider();
    const before = routing.topology.edgesOf(author);
    if (routing.stateChanged(snapshot)) {
      this.#machines.changed();
      flooding.reconsider();
      const after = routing.topology.edgesOf(author);
      if (hearsFewer) for (const node of before.keys()) if (!after.has(node)) liveness.look(node, now);
    }
    context.emit({ kind: 'state', node: author });
  }

  /** A neighbour is passed on to from now on, or no longer. */
  #activityChanged(peer: NodeId, isActive: boolean, now: Instant): void {
    const { links, drip, fabric, flooding, liveness } = this.#machines;
    const link = links.best(peer);
    if (!link) return;
    if (isActive) liveness.active(peer, now);
    if (!isActive) drip.neighbourDown(peer);
    else if (!isSlowAir(link.carrier)) drip.neighbourUp(peer, now);
    fabric.linksChanged(peer, now);
    if (isActive) flooding.reconsider();
  }

  /** Links that came and went are used again when they have held long enough, and not any more where another way has grown. */
  tick(now: Instant): void {
    const { links, routing, ownState } = this.#machines;
    let isNews = false;
    for (const link of links.all()) {
      if (!link.damped) continue;
      if (!this.#flapping.isDamped(link, now)) link.damped = false;
      else if (this.#bridges.isNeedless(link, now)) link.isBridge = false;
      else continue;
      isNews = true;
    }
    this.#flapping.tick(now);
    if (!isNews) return;
    routing.linksChanged();
    ownState.linksChanged(now);
    this.#machines.changed();
  }

  down(link: Link, end: LinkEnd, now: Instant): void {
    const { context, links, egress, liveness, discovery, routing, peers, ownState, drip, fabric, passing } =
      this.#machines;
    const { peer, phase, carrier, address } = link;
    const { cause, text: reason } = end;
    const remove = !isGreetedAnew(end);
    const left = phase === 'up' ? egress.close(link) : [];
    liveness.close(link);
    if (remove) links.remove(link);
    else links.markGreeting(link);
    routing.linkGone(link);
    if (phase !== 'up' || peer === undefined) return;
    if (!isSlowAir(carrier)) this.#flapping.wentDown(link, cause, now);
    this.#machines.changed();
    context.emit({ kind: 'link', node: peer, radio: carrier.index, address, change: 'down', reason });
    peers.lost(peer, reason);
    if (links.upTo(peer).length === 0) {
      drip.neighbourDown(peer);
      this.#machines.segments.neighbourDown(peer, now);
    }
    fabric.linksChanged(peer, now);
    ownState.linksChanged(now);
    this.standby.due(now);
    if (!isSlowAir(carrier)) discovery.hurry(carrier, now);
    if (remove && !isSlowAir(carrier) && cause !== EndCause.MadeRoom) discovery.lost.add(link, now);
    if (remove) context.emit({ kind: 'drop-link', radio: carrier.index, address });
    for (const frame of left) passing.undelivered(link, frame, now);
  }
}
