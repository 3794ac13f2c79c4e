import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { aliasOf } from '../wire/compact.js';

/** Nodes by the two bytes that stand for them over slow air. Beyond the limit the one unheard longest is forgotten. */
export class NodeAliases {
  /** In the order in which they were last added. */
  readonly #nodes = new Set<NodeId>();
  readonly #byAlias = new Map<number, readonly NodeId[]>();

  /** True when the node is new here. */
  add(node: NodeId): boolean {
    const isNew = !this.#nodes.delete(node);
    this.#nodes.add(node);
    if (!isNew) return false;
    this.#byAlias.set(aliasOf(node), [...this.knownAs(aliasOf(node)), node]);
    if (this.#nodes.size > Limit.KnownNodes) this.forget(this.#nodes.values().next().value as NodeId);
    return true;
  }

  forget(node: NodeId): void {
    if (!this.#nodes.delete(node)) return;
    const rest = this.knownAs(aliasOf(node)).filter((other) => other !== node);
    if (rest.length > 0) this.#byAlias.set(aliasOf(node), rest);
    else this.#byAlias.delete(aliasOf(node));
  }

  knownAs(alias: number): readonly NodeId[] {
    return this.#byAlias.get(alias) ?? [];
  }

  has(node: NodeId): boolean {
    return this.#nodes.has(node);
  }

  /** Whether its alias stands for this node and no other that is known. */
  isPlain(node: NodeId): boolean {
    const [only, other] = this.knownAs(aliasOf(node));
    return only === node && other === undefined;
  }
}
