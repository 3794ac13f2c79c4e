import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { aliasOf, CANDIDATES_MAX } from '../wire/compact.js';

/** Whom this node named whole so often is taken to be known to those in earshot, unless one of them says otherwise. */
const NAMED_ENOUGH = 4;

/**
 * Nodes by the two bytes that stand for them over slow air. Beyond the limit the one known longest is forgotten, but never this node itself. Of
 * those that share an alias as many are known as frames are read with; a further one is refused, or none of them could be read any more.
 */
export class NodeAliases {
  /** How often each was named whole to those in earshot now. */
  readonly #nodes = new Map<NodeId, number>();
  readonly #byAlias = new Map<number, readonly NodeId[]>();
  readonly #self: NodeId | undefined;

  constructor(self?: NodeId) {
    this.#self = self;
    if (self !== undefined) this.add(self);
  }

  /** True when the node is new here. */
  add(node: NodeId): boolean {
    if (this.#nodes.has(node) || this.knownAs(aliasOf(node)).length >= CANDIDATES_MAX) return false;
    this.#nodes.set(node, 0);
    this.#byAlias.set(aliasOf(node), [...this.knownAs(aliasOf(node)), node]);
    if (this.#nodes.size > Limit.KnownNodes) this.#forgetOldest();
    return true;
  }

  forget(node: NodeId): void {
    if (node === this.#self || !this.#nodes.delete(node)) return;
    const rest = this.knownAs(aliasOf(node)).filter((other) => other !== node);
    if (rest.length > 0) this.#byAlias.set(aliasOf(node), rest);
    else this.#byAlias.delete(aliasOf(node));
  }

  #forgetOldest(): void {
    for (const node of this.#nodes.keys()) if (node !== this.#self) return this.forget(node);
  }

  knownAs(alias: number): readonly NodeId[] {
    return this.#byAlias.get(alias) ?? [];
  }

  has(node: NodeId): boolean {
    return this.#nodes.has(node);
  }

  /** Whether no further node can be known without forgetting another. */
  get isFull(): boolean {
    return this.#nodes.size >= Limit.KnownNodes;
  }

  /** A frame names it whole to all in earshot. */
  named(node: NodeId): void {
    const times = this.#nodes.get(node);
    if (times !== undefined && times < NAMED_ENOUGH) this.#nodes.set(node, times + 1);
  }

  /** Somebody in earshot does not know who has this alias. */
  lacked(alias: number): void {
    for (const node of this.knownAs(alias)) this.#nodes.set(node, 0);
  }

  /** Somebody is in earshot who was not, and may know nobody. */
  came(): void {
    for (const node of this.#nodes.keys()) this.#nodes.set(node, 0);
  }

  /** Whether the alias is enough for those in earshot. */
  isSettled(node: NodeId): boolean {
    return (this.#nodes.get(node) ?? 0) >= NAMED_ENOUGH;
  }
}
