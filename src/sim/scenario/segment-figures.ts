import type { World } from '../world.js';

/** How a mesh of segments stands; one that is whole is a segment for each part that hangs together. */
export interface SegmentFigures {
  readonly count: number;
  /** Nodes of the largest. */
  readonly largest: number;
  /** Share of the nodes that hold the same as most of their segment. */
  readonly agreement: number;
}

export function segmentFigures(world: World): SegmentFigures {
  const { component } = world.ground.latest;
  const digests = new Map<string, Map<number, number>>();
  const running = world.present();
  for (const { index, mesh } of running) {
    const { isSplit, head } = mesh.segments;
    // Who is in none stands alone.
    const segment = isSplit ? (head ?? `alone ${index}`) : `whole ${component[index]}`;
    const counts = digests.get(segment) ?? new Map<number, number>();
    counts.set(mesh.digest(), (counts.get(mesh.digest()) ?? 0) + 1);
    digests.set(segment, counts);
  }
  let [largest, agreeing] = [0, 0];
  for (const counts of digests.values()) {
    largest = Math.max(
      largest,
      [...counts.values()].reduce((sum, count) => sum + count, 0),
    );
    agreeing += Math.max(...counts.values());
  }
  return { count: digests.size, largest, agreement: running.length === 0 ? 1 : agreeing / running.length };
}
