import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { NodeSnapshot } from '../replication/node-state.js';

/** Lists in a row that leave out a node which their author's state names, until that no longer counts; one where the node is missed here, too. */
const LEFT_OUT_MAX = 2;
/** Nodes given up that are remembered; the one given up first goes. */
const GONE_MAX = 256;
/** Authors of lists that are remembered; the one heard of longest ago goes first, and its state counts as it is. */
export const AUTHORS_MAX = 1_024;
/** Who is a little behind in missing a node may still name it in a state of that time; clocks differ. */
const LATER_MS = 60_000;

type State = Pick<NodeSnapshot, 'author' | 'neighbours' | 'updatedAtMs'>;

export interface WitnessEvents {
  /** The states that are held here. */
  states(): Iterable<State>;
  stateOf(node: NodeId): State | undefined;
  /** Of those whom this node's state names it does not hear these. */
  overrule(node: NodeId, unheard: ReadonlySet<NodeId>): void;
}

/**
 * What is heard over slow air every few minutes, held against states, which are old there: a node that is gone is named in them long after nobody
 * hears it any more. Of whom a neighbour hears its lists decide; a node that was heard here and is no longer is not vouched for by what those
 * beyond earshot said before.
 */
export class AirWitness {
  readonly #events: WitnessEvents;
  /** Whether an edge of this cost may be one over slow air. */
  readonly #isOnAir: (cost: number) => boolean;
  /** By author of lists, of those that its state names: lists in a row that did not. */
  readonly #leftOut = new Map<NodeId, ReadonlyMap<NodeId, number>>();
  /** Nodes that were heard here, and when they were given up: unix ms. */
  readonly #gone = new Map<NodeId, number>();

  constructor(events: WitnessEvents, isOnAir: (cost: number) => boolean) {
    this.#events = events;
    this.#isOnAir = isOnAir;
  }

  /** Authors of lists. */
  get size(): number {
    return this.#leftOut.size;
  }

  /** A node has said whom it hears. */
  listed(author: NodeId, names: (node: NodeId) => boolean): void {
    const before = this.#leftOut.get(author);
    const leftOut = new Map<NodeId, number>();
    for (const node of this.#named(this.#events.stateOf(author)))
      if (!names(node)) leftOut.set(node, (before?.get(node) ?? 0) + 1);
    this.#leftOut.delete(author);
    this.#leftOut.set(author, leftOut);
    if (this.#leftOut.size > AUTHORS_MAX) this.#forgetOldest();
    if (!before || before.size > 0 || leftOut.size > 0) this.#tell(author);
  }

  /** Nothing was heard of a node for so long that it is given up. Of whom it hears its lists say nothing more. */
  lost(node: NodeId, { wall }: Instant): void {
    this.#leftOut.delete(node);
    this.#gone.delete(node);
    this.#gone.set(node, wall);
    if (this.#gone.size > GONE_MAX) this.#back(this.#gone.keys().next().value as NodeId);
    this.#tell(node);
    this.#tellOf(node);
  }

  /** A node was heard again. */
  back(node: NodeId): void {
    if (this.#gone.has(node)) this.#back(node);
  }

  /** A newer state came: of one given up, it may be alive; of others, it may name whom they hear now. */
  stated({ author, updatedAtMs }: State): void {
    const goneAt = this.#gone.get(author);
    if (goneAt !== undefined && updatedAtMs > goneAt) this.#back(author);
    if (this.#gone.size > 0 || this.#leftOut.has(author)) this.#tell(author);
  }

  #forgetOldest(): void {
    const oldest = this.#leftOut.keys().next().value as NodeId;
    this.#leftOut.delete(oldest);
    this.#tell(oldest);
  }

  #back(node: NodeId): void {
    this.#gone.delete(node);
    this.#tellOf(node);
  }

  *#named(state: State | undefined): Generator<NodeId> {
    for (const { node, cost } of state?.neighbours ?? []) if (this.#isOnAir(cost)) yield node;
  }

  /** Says again of all that name a node whether that counts. */
  #tellOf(node: NodeId): void {
    for (const { author, neighbours } of this.#events.states())
      if (neighbours.some((edge) => edge.node === node)) this.#tell(author);
  }

  #tell(author: NodeId): void {
    const state = this.#events.stateOf(author);
    const leftOut = this.#leftOut.get(author);
    const unheard = new Set<NodeId>();
    for (const node of this.#named(state)) {
      const goneAt = this.#gone.get(node);
      const lists = leftOut?.get(node) ?? 0;
      const isOld = goneAt !== undefined && (state?.updatedAtMs ?? 0) <= goneAt + LATER_MS;
      if (leftOut ? lists >= (goneAt === undefined ? LEFT_OUT_MAX : 1) : isOld) unheard.add(node);
    }
    this.#events.overrule(author, unheard);
  }
}
