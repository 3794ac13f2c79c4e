import type { MeshInput } from '../mesh/contract.js';
import type { SimNode } from './sim-node.js';
import type { World } from './world.js';

/**
 * Lets a node stand still as a starved process does: what its radios hear waits, its timers come late, and those come
 * first when it goes on. `ms` may be infinite: a node that hangs, its radios still up.
 */
export function stall(world: World, node: SimNode, ms: number): void {
  // An own property hides the method, also from the node itself; a node that stands still already goes on standing.
  if (Object.hasOwn(node, 'submit')) return;
  const waiting: MeshInput[] = [];
  node.submit = (input) => void waiting.push(input);
  if (!Number.isFinite(ms)) return;
  const { life } = node;
  world.clock.timer('stall', ms, () => {
    endStall(node);
    if (node.life !== life) return;
    node.submit({ kind: 'tick' });
    for (const input of waiting) if (input.kind !== 'tick') node.submit(input);
  });
}

/** What waited is lost: for a node that is started anew. */
export function endStall(node: SimNode): void {
  Reflect.deleteProperty(node, 'submit');
}
