import type { NodeId } from '../core/ids.js';
import { strewn } from './experiments/sim-speed.js';
import type { SimNode } from './sim-node.js';
import type { Pair } from './topologies.js';
import { World } from './world.js';

const AIR = { loss: 0.01, delayMinMs: 1, delayMaxMs: 5 };

/** Nodes strewn over a field, with segments so small that a few dozen nodes are several. */
export function fieldOf(seed: number, nodes: number, segmentNodes: number): { world: World; pairs: Pair[] } {
  const pairs = strewn(seed, nodes);
  return { world: new World({ seed, nodes, segmentNodes, carriers: [{ pairs, air: AIR }] }), pairs };
}

/** The running nodes of each segment, by its head; those of none under `undefined`. */
export function segmentsOf(world: World): Map<NodeId | undefined, SimNode[]> {
  const segments = new Map<NodeId | undefined, SimNode[]>();
  for (const node of world.running()) {
    const { head } = node.mesh.segments;
    segments.set(head, [...(segments.get(head) ?? []), node]);
  }
  return segments;
}

/** Whether all of these hold the same. */
export const agree = (nodes: readonly SimNode[]): boolean => new Set(nodes.map(({ mesh }) => mesh.digest())).size === 1;

/** So many nodes around this one that hang together. */
export function around(pairs: readonly Pair[], start: number, count: number): Set<number> {
  const chosen = new Set([start]);
  for (const at of chosen)
    for (const [a, b] of pairs) {
      const next = a === at ? b : b === at ? a : undefined;
      if (next !== undefined && chosen.size < count) chosen.add(next);
    }
  return chosen;
}

/** How often nodes went to another segment since this was begun. */
export class Moves {
  readonly #heads = new Map<number, NodeId | undefined>();
  readonly #world: World;
  count = 0;

  constructor(world: World) {
    this.#world = world;
    this.look();
    this.count = 0;
  }

  look(): void {
    for (const { index, mesh } of this.#world.running()) {
      const { head } = mesh.segments;
      if (head !== undefined && this.#heads.get(index) !== head) this.count++;
      if (head !== undefined) this.#heads.set(index, head);
    }
  }
}
