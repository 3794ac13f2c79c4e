import type { NodeId } from '../core/ids.js';
import type { Random } from '../ports/random.js';

/** Neighbours asked at once whether they hear a silent node. */
export const BUDDIES = 3;

/** What is known of one neighbour that somebody does not hear. */
interface Suspicion {
  /** Whom this node asked. */
  readonly told: Set<NodeId>;
  /** Who asked this node, and is to be told when the suspect is heard. */
  readonly askers: Set<NodeId>;
  /** Who does not hear it either. */
  readonly confirmed: Set<NodeId>;
  /** Who heard it since the asking began. */
  readonly vouched: Set<NodeId>;
}

/**
 * What neighbours say of a common neighbour. Their words are never proof: to be told that somebody is silent makes a node look for itself, and
 * to be told that somebody was heard makes it wait longer. One entry for each neighbour at most.
 */
export class Suspicions {
  readonly #random: Random;
  readonly #of = new Map<NodeId, Suspicion>();

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#of.size;
  }

  /** Somebody asks: it does not hear `node`. */
  asked(node: NodeId, by: NodeId): void {
    const suspicion = this.#made(node);
    suspicion.askers.add(by);
    suspicion.confirmed.add(by);
    suspicion.vouched.delete(by);
  }

  /** Somebody heard `node`. */
  vouched(node: NodeId, by: NodeId): void {
    const suspicion = this.#of.get(node);
    suspicion?.vouched.add(by);
    suspicion?.confirmed.delete(by);
  }

  /** Whom to tell that `node` does not answer: those who asked first, then others by lot. Each is told once. */
  tell(node: NodeId, buddies: readonly NodeId[]): NodeId[] {
    const suspicion = this.#made(node);
    const chosen = buddies.filter((buddy) => suspicion.askers.has(buddy) && !suspicion.told.has(buddy));
    const others = buddies.filter((buddy) => !suspicion.askers.has(buddy) && !suspicion.told.has(buddy));
    while (chosen.length < BUDDIES && others.length > 0)
      chosen.push(...others.splice(this.#random.below(others.length), 1));
    for (const buddy of chosen) suspicion.told.add(buddy);
    return chosen;
  }

  /** `node` was heard: who waits to know. */
  heard(node: NodeId): NodeId[] {
    const askers = [...(this.#of.get(node)?.askers ?? [])];
    this.#of.delete(node);
    return askers;
  }

  forget(node: NodeId): void {
    this.#of.delete(node);
  }

  /** A neighbour is gone: its word no longer counts. */
  gone(neighbour: NodeId): void {
    for (const { told, askers, confirmed, vouched } of this.#of.values())
      for (const names of [told, askers, confirmed, vouched]) names.delete(neighbour);
  }

  /** How many others do not hear `node`, and how many heard it. */
  count(node: NodeId): { readonly confirmed: number; readonly vouched: number; readonly told: number } {
    const { confirmed, vouched, told } = this.#of.get(node) ?? {};
    return { confirmed: confirmed?.size ?? 0, vouched: vouched?.size ?? 0, told: told?.size ?? 0 };
  }

  #made(node: NodeId): Suspicion {
    let suspicion = this.#of.get(node);
    if (!suspicion) {
      suspicion = { told: new Set(), askers: new Set(), confirmed: new Set(), vouched: new Set() };
      this.#of.set(node, suspicion);
    }
    return suspicion;
  }
}
