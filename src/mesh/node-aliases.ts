import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { aliasOf } from '../wire/compact.js';

/** Who has been known here for so long is taken to be known to those in earshot, unless one of them says otherwise. */
const SETTLED_MS = 1_800_000;

/** Nodes by the two bytes that stand for them over slow air. Beyond the limit the one known longest is forgotten. */
export class NodeAliases {
  /** Since when each is known. */
  readonly #nodes = new Map<NodeId, number>();
  readonly #byAlias = new Map<number, readonly NodeId[]>();

  /** True when the node is new here. */
  add(node: NodeId, now: Instant): boolean {
    if (this.#nodes.has(node)) return false;
    this.#nodes.set(node, now.mono);
    this.#byAlias.set(aliasOf(node), [...this.knownAs(aliasOf(node)), node]);
    if (this.#nodes.size > Limit.KnownNodes) this.forget(this.#nodes.keys().next().value as NodeId);
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

  /** Somebody in earshot does not know who has this alias. */
  lacked(alias: number, now: Instant): void {
    for (const node of this.knownAs(alias)) this.#nodes.set(node, now.mono);
  }

  /** Whether the alias is enough for those in earshot. */
  isSettled(node: NodeId, now: Instant): boolean {
    const since = this.#nodes.get(node);
    return since !== undefined && now.mono - since >= SETTLED_MS;
  }
}
