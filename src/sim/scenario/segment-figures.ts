import type { SimNode } from '../sim-node.js';
import type { World } from '../world.js';

/** How a mesh of segments stands; one that is whole is a segment for each part that hangs together. */
export interface SegmentFigures {
  readonly count: number;
  /** Nodes of the largest. */
  readonly largest: number;
  /** Share of the nodes that hold the newest state of every running node of their segment. What heads say of segments is always on its way somewhere. */
  readonly agreement: number;
}

export function segmentFigures(world: World): SegmentFigures {
  const { component } = world.ground.latest;
  const segments = new Map<string, SimNode[]>();
  const running = world.running();
  for (const node of running) {
    const { isSplit, head } = node.mesh.segments;
    // Who is in none stands alone.
    const segment = isSplit ? (head ?? `alone ${node.index}`) : `whole ${component[node.index]}`;
    const nodes = segments.get(segment);
    if (nodes) nodes.push(node);
    else segments.set(segment, [node]);
  }
  let [largest, agreeing] = [0, 0];
  for (const nodes of segments.values()) {
    largest = Math.max(largest, nodes.length);
    agreeing += nodes.filter((node) => nodes.every((other) => holdsNewest(node, other))).length;
  }
  return { count: segments.size, largest, agreement: running.length === 0 ? 1 : agreeing / running.length };
}

const holdsNewest = ({ mesh }: SimNode, other: SimNode): boolean =>
  mesh.states.get(other.id)?.hlc === other.mesh.states.get(other.id)?.hlc;
