import type { NodeId } from '../../core/ids.js';
import type { PeerChange } from '../../mesh/types.js';
import type { ObservedNode, Observer } from '../observer.js';
import type { World } from '../world.js';
import type { Findings } from './findings.js';

const EVERY_MS = 1_000;
/** What a change takes to be noticed beyond the peer timeout: spreading, and a moment of processing. */
const SPREAD_MS = 3_000;
/** Two segments became one, or a node came from another: until all of one know all of each other. */
const JOIN_MS = 5_000;
/** Pairs of nodes looked at in one second. */
const PAIRS_AT_A_TIME = 40_000;

/**
 * Where radios reach who is in range: once nothing has changed for the peer timeout, each node holds exactly those alive that it can reach. At the end
 * all nodes of a component hold the newest state of each other, and the same digest. Of a mesh of segments that goes for the nodes of each segment;
 * those of others are named by some summary. Of many nodes some are compared with all others each time, in turn.
 */
export class ViewChecker implements Observer {
  readonly #world: World;
  readonly #findings: Findings;
  /** By node: whom its events, taken together, call alive. */
  readonly #told = new Map<number, Set<NodeId>>();
  /** By node: the head of its segment, and since when. */
  readonly #heads = new Map<number, { readonly head: NodeId | undefined; readonly since: number }>();
  #nextAt = 0;
  #turn = 0;

  constructor(world: World, findings: Findings) {
    this.#world = world;
    this.#findings = findings;
  }

  started(node: ObservedNode): void {
    this.#told.set(node.index, new Set());
  }

  peer(node: ObservedNode, peer: NodeId, change: PeerChange, now: number): void {
    const told = this.#told.get(node.index) as Set<NodeId>;
    if (change === 'alive' && told.has(peer)) this.#wrong(now, `node ${node.index} says twice that ${peer} is alive`);
    if (change === 'alive') told.add(peer);
    else if (change !== 'joined') told.delete(peer);
  }

  sampled(now: number): void {
    if (now < this.#nextAt) return;
    this.#nextAt = now + EVERY_MS;
    for (const { index, mesh } of this.#world.present()) {
      const { head } = mesh.segments;
      if (this.#heads.get(index)?.head !== head) this.#heads.set(index, { head, since: now });
    }
    const { quietSince } = this.#world.ground;
    if (this.#world.isChancy) return;
    if (now - quietSince >= this.#world.timing.peerTimeoutMs + SPREAD_MS) this.#compareLiveness(now);
  }

  finished(now: number): void {
    if (this.#world.isChancy) return;
    this.#compareLiveness(now);
    for (const node of this.#world.present()) this.#compareHoldings(node, now);
  }

  #compareLiveness(now: number): void {
    const { component } = this.#world.ground.latest;
    for (const node of this.#inTurn()) {
      for (const other of this.#world.nodes) {
        if (other === node || !isOneSegment(node, other) || this.#hasMoved(node, other, now)) continue;
        // Of a node that takes its leave word is on its way.
        if (other.running && !this.#world.ground.isUp(other.index)) continue;
        const reachable = component[node.index] === component[other.index];
        const alive = node.mesh.peers.isAlive(other.id);
        if (alive !== reachable)
          this.#wrong(now, `node ${node.index} holds ${other.index} ${alive ? 'alive' : 'offline'}`);
        if (alive !== this.#told.get(node.index)?.has(other.id))
          this.#wrong(now, `events of ${node.index} and its list differ`);
      }
    }
  }

  /** Whether one of them is in its segment since lately. */
  #hasMoved(node: ObservedNode, other: ObservedNode, now: number): boolean {
    const movedAt = Math.max(this.#heads.get(node.index)?.since ?? 0, this.#heads.get(other.index)?.since ?? 0);
    return node.mesh.segments.isSplit && now - movedAt < JOIN_MS;
  }

  /** As many as are compared at a time. */
  #inTurn(): ObservedNode[] {
    const running = this.#world.present();
    const most = Math.max(1, Math.floor(PAIRS_AT_A_TIME / Math.max(1, running.length)));
    if (running.length <= most) return running;
    const from = this.#turn % running.length;
    this.#turn += most;
    return [...running.slice(from), ...running.slice(0, from)].slice(0, most);
  }

  #compareHoldings(node: ObservedNode, now: number): void {
    const { component } = this.#world.ground.latest;
    for (const other of this.#world.present()) {
      if (component[node.index] !== component[other.index]) continue;
      if (!isOneSegment(node, other)) {
        if (node.mesh.segments.map.of(other.id).length === 0)
          this.#wrong(now, `node ${node.index} knows no segment of ${other.index}`);
        continue;
      }
      if (node.mesh.digest() !== other.mesh.digest())
        this.#wrong(now, `${node.index} and ${other.index} hold different things`);
      const [held, newest] = [node.mesh.states.get(other.id), other.mesh.states.get(other.id)];
      if (held?.hlc !== newest?.hlc || held?.counter !== newest?.counter)
        this.#wrong(now, `node ${node.index} holds an old state of ${other.index}`);
    }
  }

  #wrong(now: number, what: string): void {
    this.#findings.add('views', now, what);
  }
}

/** Whether two are to know all of each other: always in a mesh that is whole. Who does not run has no say. */
const isOneSegment = (a: ObservedNode, b: ObservedNode): boolean =>
  !a.mesh.segments.isSplit || (b.running && a.mesh.segments.head === b.mesh.segments.head);
