import { hlcMs } from '../core/hlc.js';
import type { MessageId, NodeId } from '../core/ids.js';
import type { Instant, Machine } from '../core/machine.js';
import type { RoutingTable } from '../ports/hot-path.js';
import type { WeaveEffect } from '../replication/effects.js';
import { NodeStates } from '../replication/node-state.js';
import { KnownNodes } from '../trust/known-nodes.js';
import { Priority } from '../wire/frame-types.js';
import { AirtimeRecords } from './airtime-record.js';
import { AlertSpread } from './alert-spread.js';
import { Beats } from './beats.js';
import { type Carrier, isSlowAir } from './carrier.js';
import type { MeshInput, MeshOptions, MeshOutput } from './contract.js';
import { Counters } from './counters.js';
import type { Custody } from './custody.js';
import type { Delivery } from './delivery.js';
import { directedMachines } from './directed.js';
import { Discovery } from './discovery.js';
import { Dispatch } from './dispatch.js';
import { Drip } from './drip.js';
import { DripKind } from './drip-items.js';
import { Egress } from './egress.js';
import { Fabric } from './fabric.js';
import { Flooding } from './flooding.js';
import { Inputs } from './inputs.js';
import { slowRoundMs } from './intervals.js';
import { DEAF, lost, RESTARTED } from './link-end.js';
import { LinkLife } from './link-life.js';
import { Links } from './links.js';
import { Liveness } from './liveness.js';
import { ManualAddresses } from './manual-addresses.js';
import { OwnState } from './own-state.js';
import { Passing } from './passing.js';
import { Peers } from './peers.js';
import { Pulse } from './pulse.js';
import { queueSizes } from './queue-sizes.js';
import { Reception } from './reception.js';
import { Routing } from './routing.js';
import { Segments } from './segments.js';
import { Sending } from './sending.js';
import { SharedAir } from './shared-air.js';
import { InPassing } from './short-way.js';
import { StateSpread } from './state-spread.js';
import type { MeshContext, MeshEffect } from './types.js';
import { Upkeep } from './upkeep.js';
import { Wake } from './wake.js';

/** Destinations whose way back is remembered from their traffic, and for how long. */
const ROUTES_MAX = 4_096;
const LEARNED_ROUTE_MS = 60_000;
/** Nodes of which all is known to each other; a mesh of more is one of segments. */
const SEGMENT_NODES = 100;

/** The engine of one node: wires the machines of the mesh and lets them share one outbox. */
export class Mesh implements Machine<MeshInput, MeshOutput> {
  readonly context: MeshContext;
  readonly links = new Links();
  readonly known = new KnownNodes();
  readonly states = new NodeStates();
  readonly counters = new Counters();
  readonly routing: Routing;
  readonly peers: Peers;
  readonly delivery: Delivery;
  readonly custody: Custody;
  readonly liveness: Liveness;
  readonly manual = new ManualAddresses();
  readonly pulse: Pulse;
  readonly segments: Segments;
  readonly #options: MeshOptions;
  readonly #carriers = new Map<number, Carrier>();
  readonly #egress: Egress;
  readonly #discovery: Discovery;
  readonly #flooding: Flooding;
  readonly #air: SharedAir;
  readonly #drip: Drip;
  readonly #beats: Beats;
  readonly #alerts: AlertSpread;
  readonly #reception: Reception;
  readonly #ownState: OwnState;
  readonly #stateSpread: StateSpread;
  readonly #sending: Sending;
  readonly #passing: Passing;
  readonly #dispatch: Dispatch;
  readonly #fabric: Fabric;
  readonly #linkLife: LinkLife;
  readonly #inputs: Inputs;
  readonly #wake: Wake;
  #outbox: MeshOutput[] = [];
  #sequence: number;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#sequence = options.firstSequence;
    const { self, crypto, random, tagKey, timing, hotPath, maxPeers, segmentNodes = SEGMENT_NODES } = options;
    this.pulse = new Pulse(this.counters, options.hasClock ?? true, hlcMs(options.clock.last));
    const emit = (effect: MeshEffect): void => void this.#outbox.push(effect);
    const { counters, pulse } = this;
    this.context = { self, crypto, random, tagKey, timing, counters, pulse, carriers: this.#carriers, emit };
    const table = hotPath.routes({ capacity: ROUTES_MAX, ttlMs: LEARNED_ROUTE_MS });
    this.routing = new Routing(self.id, this.links, table);
    this.peers = new Peers(this.context, this.routing, maxPeers + 2 * segmentNodes, (node, aged, now) => {
      if (this.segments.isOfOther(node)) this.#drip.letGo(node, now);
      else this.#drip.forget(node, aged, now);
      for (const machine of [this.states, this.routing, this.known, this.pulse, this.#air]) machine.forget(node);
    });
    this.#ownState = new OwnState(this.context, this.links, options);
    this.segments = this.#makeSegments(segmentNodes);
    const airtime = new AirtimeRecords(this.context, options.store);
    this.#egress = new Egress(this.context, {
      nextSequence: this.#nextSequence,
      undelivered: (link, frame, now) => this.#passing.undelivered(link, frame, now),
      divert: (link, frame, now) => this.#sending.divert(link, frame, now),
      suspect: (link, now) => this.liveness.suspect(link, now),
      forms: () => this.#air.forms,
      spent: (carrier, now) => airtime.spent(carrier, now),
    });
    this.#discovery = this.#makeDiscovery();
    this.liveness = this.#makeLiveness();
    this.#air = this.#makeAir();
    this.#flooding = new Flooding(this.context, this.links, this.#egress, this.#air.flood, this.#hears);
    this.#drip = this.#makeDrip();
    this.#alerts = new AlertSpread(this.context, this.#drip, (now) => this.#air.alerts.news(now));
    this.#beats = this.#makeBeats();
    this.peers.onAlive = (node, now) => this.custody.reached(node, now);
    this.#reception = this.#makeReception(table);
    const { context, links, routing, peers, liveness } = this;
    const [{ store, weave }, reception] = [options, this.#reception];
    const parts = { context, links, routing, store, reception, reserve: () => this.reserve() };
    const directed = directedMachines(parts, () => this.#sending);
    const { delivery, custody } = directed;
    [this.delivery, this.custody] = [delivery, custody];
    const [egress, beats, flooding, drip] = [this.#egress, this.#beats, this.#flooding, this.#drip];
    const [nextSequence, alerts, discovery] = [this.#nextSequence, this.#alerts, this.#discovery];
    const local = { egress, beats, alerts };
    const sending = new Sending({ ...parts, ...directed, ...local, flooding, nextSequence, ...this.#scope });
    this.#sending = sending;
    this.#passing = new Passing({ context, links, routing, flooding, egress, sending, air: this.#air });
    this.#stateSpread = this.#makeStateSpread();
    const [air, airDrip] = [this.#air, this.#air.drip];
    const timed = [egress, discovery, flooding, air, drip, beats, delivery, custody, weave];
    const push = (effect: WeaveEffect): void => void this.#outbox.push({ kind: 'records', effect });
    const fabric = new Fabric({ weave, drip, airDrip, links, sending, counters: this.counters, emit: push });
    this.#fabric = fabric;
    const machines = { ...local, ...directed, liveness, drip, air, peers, fabric };
    this.#dispatch = new Dispatch({ context, sending, reception, trace: this.#passing.trace, ...machines });
    this.#linkLife = new LinkLife({
      ...{ context, links, egress, liveness, discovery, routing, peers, drip, flooding, fabric, custody },
      ...{ passing: this.#passing, ownState: this.#ownState, segments: this.segments, learned: this.#learned },
      ...{ changed: this.#upkeep.changed, maxPeers, maxLinks: options.maxLinks },
    });
    this.#wake = new Wake(liveness, [...timed, this.#ownState, this.segments, this.#upkeep, this.#linkLife.standby]);
    this.#inputs = new Inputs({
      ...{ links, peers, custody, egress, discovery, sending, alerts, fabric, air, passing: this.#passing },
      ...{ manual: this.manual, reception: this.#reception, linkLife: this.#linkLife, ownState: this.#ownState },
      ...{ carriers: this.#carriers, airtime },
    });
  }

  readonly #ownDigest = (): number => this.digest();
  readonly #scope = { ttl: (): number => this.segments.ttl, isSplit: (): boolean => this.segments.isSplit };
  readonly #hears = (node: NodeId, from: NodeId): boolean => this.routing.topology.adjacent(node, from);

  readonly #upkeep = new Upkeep({
    nodes: () => this.peers.size,
    due: (now) => {
      this.#reception.tick(now);
      this.#alerts.tick(now);
      this.#linkLife.tick(now);
      this.#ownState.linksChanged(now);
    },
    refresh: (now) => {
      this.peers.refresh(now);
      this.segments.refreshed(now);
    },
  });

  readonly #nextSequence = (): number => {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  };

  #makeSegments(most: number): Segments {
    const { context, links, known, states, peers, routing } = this;
    const segments = new Segments(
      {
        ...{ context, links, known, states, peers, routing, ownState: this.#ownState, drip: () => this.#drip },
        digestBeyond: () => this.#fabric.digestBeyond(),
        hurry: (withinMs, now) => this.liveness.hurry(withinMs, now),
        found: (node, now) => this.custody.reached(node, now),
      },
      most,
    );
    peers.isListed = segments.isListed;
    routing.beyond = (node, suits) => segments.ways.toward(node, suits);
    routing.beyondCost = (node) => segments.ways.costTo(node);
    return segments;
  }

  #makeDiscovery(): Discovery {
    return new Discovery(this.context, this.links, this.known, this.manual, {
      nextSequence: this.#nextSequence,
      name: this.#options.name,
      places: () => this.#linkLife.pool,
      linkUp: (link, now) => this.#linkLife.up(link, now),
      alive: (link, now) => this.liveness.alive(link, now),
      sendOpen: (carrier, open, now) => this.#egress.sendOpen(carrier, open, now),
      noticed: ({ carrier, peer }, now) => this.#air.presence.noticed(carrier, peer as NodeId, undefined, now),
      linkReset: (link, now) => this.#linkLife.down(link, RESTARTED, now),
      learned: this.#learned,
    });
  }

  #makeAir(): SharedAir {
    const { context, links, known, states, routing } = this;
    const machines = { context, links, known, states, routing, egress: this.#egress, drip: () => this.#drip };
    return new SharedAir(machines, {
      nextSequence: this.#nextSequence,
      ownDigests: () => this.#fabric.digests(),
      welcome: (carrier, from, node, now) => this.#discovery.welcome(carrier, from, node, now),
      linkUp: (link, now) => this.#discovery.comesUp(link, now),
      deaf: (link, now) => this.#linkLife.down(link, DEAF, now),
      dead: (link, reason, now) => this.#linkLife.down(link, lost(reason), now),
      digests: (link, digests, now) => this.#fabric.compareOnAir(link, digests, now),
      asked: (carrier, now) => this.#discovery.asked(carrier, now),
      changed: () => this.#upkeep.changed(),
      heard: (carrier, input, now) => this.#reception.heard(carrier, input, now),
    });
  }

  readonly #learned = (node: NodeId, now: Instant): void => {
    this.#air.learned(node, now);
    this.#reception.learned(node, now);
  };

  #makeDrip(): Drip {
    return new Drip(this.context, {
      ...{ hears: this.#hears, isOurs: this.segments.isOurs, isWithUs: this.segments.isWithUs },
      isChanging: (now) => this.#ownState.isAboutToChange(now),
      neighbours: () => this.links.neighboursOffAir(),
      spread: (item, from, now) => this.#air.drip.spread(item, from, now),
      heardAgain: (item, from, now) => this.#air.drip.heardAgain(item, from, now),
      tellOnAir: (item, to, now) => !this.links.isOffAir(to) && this.#air.drip.lacked(item, to, now),
      spareAt: (peer, { mono }) => this.links.best(peer)?.carrier.background.opensAt(mono) ?? mono,
      send: (peer, type, body, now) => this.#sending.local(peer, type, body, Priority.High, now),
      take: (kind, item, from, now) =>
        kind === DripKind.Alert
          ? this.#alerts.take(item, from, now)
          : kind === DripKind.State
            ? this.#stateSpread.take(item, from, now)
            : kind === DripKind.Segment
              ? this.segments.take(item, from, now)
              : this.#beats.take(item, this.#drip.rankOf(kind, item.source), from, now),
    });
  }

  #makeLiveness(): Liveness {
    return new Liveness(this.context, this.links, this.#egress, {
      nextSequence: this.#nextSequence,
      ownDigest: () => this.digest(),
      dead: (link, reason, now) => {
        this.#wake.changed();
        this.#linkLife.down(link, lost(reason), now);
      },
      digest: (link, digest, beyond, now) => {
        if (this.segments.isWithUs(link.peer as NodeId)) this.#fabric.compare(link, digest, now);
        else if (beyond !== undefined) this.#fabric.compare(link, beyond, now, this.#fabric.digestBeyond());
      },
      segment: () => this.segments.offer(),
      segmentOf: (peer, bytes, now) => this.segments.heard(peer, bytes, now),
      send: (peer, type, body, now) => {
        this.#wake.changed();
        this.#sending.local(peer, type, body, Priority.High, now);
      },
      topology: this.routing.topology,
      earshotOf: (node) => this.#linkLife.standby.earshotOf(node),
    });
  }

  #makeBeats(): Beats {
    return new Beats(this.context, this.known, this.#options.clock, {
      publish: (item, now) => this.#drip.put(item, undefined, now),
      isBuried: (source, rank, now) => this.#drip.isBuried(DripKind.Beat, source, rank, now),
      members: () => [this.context.self.id, ...this.peers.all()],
      slowRoundMs: () => slowRoundMs([...this.#carriers.values()], this.links, this.peers.size + 1),
      hops: (node) => this.routing.lastPath(node)?.hops,
      learned: this.#learned,
    });
  }

  #makeReception(table: RoutingTable): Reception {
    const { hotPath, dedupCapacity } = this.#options;
    return new Reception(this.context, hotPath, table, this.links, this.known, dedupCapacity, {
      beacon: (carrier, from, header, frame, now) => this.#discovery.heard(carrier, from, header, frame, now),
      alive: (link, now) => this.liveness.alive(link, now),
      present: (link, now) => {
        this.peers.heardOf(link.peer as NodeId, now);
        return this.liveness.present(link, now);
      },
      stranger: (carrier, from, source, now) => this.#discovery.heardLost(carrier, from, source, now),
      acknowledge: (link, frame, now) => this.#egress.acknowledge(link, frame, now),
      hearing: (...said) => this.#air.presence.heard(...said),
      noticed: (...heard) => this.#air.presence.noticed(...heard),
      pass: (key, arrival, header, frame, now) => this.#passing.pass(key, arrival, header, frame, now),
      passedAgain: (key, arrival, frame, now) => this.#flooding.heardAgain(key, arrival, frame, now),
      message: (arrival, header, payload, now) => this.#dispatch.message(arrival, header, payload, now),
      overheard: (...message) => this.#dispatch.overheard(...message),
      unknownBoot: (source, { carrier, from }, now) => {
        if (isSlowAir(carrier)) this.#air.wants(carrier, source, now);
        else if (from !== undefined) this.#drip.request(from, DripKind.Beat, source, now);
      },
    });
  }

  #makeStateSpread(): StateSpread {
    const { states } = this;
    const [own, drip, beats, { clock }] = [this.#ownState, this.#drip, this.#beats, this.#options];
    return new StateSpread(
      this.context,
      { states, own, drip, beats, clock },
      {
        nextSequence: this.#nextSequence,
        isWelcome: this.segments.isWelcome,
        changed: (snapshot, now) => {
          this.peers.heardOf(snapshot.author, now);
          this.#linkLife.stateChanged(snapshot, now);
          this.#air.presence.stated(snapshot);
        },
      },
    );
  }

  /** The id of the next message of ours; its sequence goes into the `flood` or `send` input. */
  reserve(): { readonly id: MessageId; readonly sequence: number } {
    const sequence = this.#nextSequence();
    return { id: this.#sending.idOf(sequence), sequence };
  }

  /** `at.wall` is what this device's own clock shows; all that is stamped and judged goes by the mesh's time. */
  step(input: MeshInput, at: Instant): readonly MeshOutput[] {
    const now = this.pulse.at(at);
    this.#options.clock.aheadMs = this.pulse.aheadMs;
    this.#outbox = [];
    const left = this.#inPassing(input, now);
    if (!left && this.#reception.short.passed === InPassing.Quiet && this.#wake.nothingDue(now.mono))
      return this.#outbox;
    // Neighbours were heard, or it is time to speak: mostly all that follows is liveness.
    if ((!left || input.kind === 'tick') && this.#wake.nothingElseDue(now.mono)) {
      if (!this.#wake.passes(() => this.liveness.tick(now))) this.#tick(now);
      return this.#outbox;
    }
    this.#wake.changed();
    if (left) this.#inputs.handle(left, now);
    this.#tick(now);
    return this.#outbox;
  }

  /** What is left of the input once neighbours that only say that they are there have been heard. */
  #inPassing(input: MeshInput, now: Instant): MeshInput | undefined {
    const carrier = input.kind === 'heard' && this.#carriers.get(input.radio);
    if (!carrier) return input;
    const frames = this.#reception.short.sift(carrier, input.frames, this.#ownDigest, now);
    return frames.length > 0 ? { kind: 'heard', radio: input.radio, frames } : undefined;
  }

  nextDeadline(): number | undefined {
    return this.#wake.at();
  }

  digest(): number {
    return this.#fabric.digest();
  }

  /** What waits in the engine, by name; each is bounded by its limit. */
  queues(): { readonly [name: string]: number } {
    return queueSizes(this, this.#egress, this.#flooding, this.#air, this.#reception, this.#drip, this.#alerts);
  }

  #tick(now: Instant): void {
    this.liveness.tick(now);
    this.#discovery.tick(now);
    this.#linkLife.standby.tick(now);
    this.delivery.tick(now);
    this.#flooding.tick(now);
    this.#air.tick(now);
    this.segments.tick(now);
    this.#stateSpread.tick(now);
    this.#beats.tick(now);
    this.#drip.tick(now);
    this.#fabric.tick(now);
    this.#egress.tick(now);
    this.#upkeep.tick(now);
    this.custody.tick(now);
  }
}
