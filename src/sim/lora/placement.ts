import { EdgeError } from '../../core/errors.js';
import type { Random } from '../../ports/random.js';
import type { Position } from './landscape.js';

const TRIES_MAX = 20_000;
const STEPS = 2 ** 32;

export interface PlacementOptions {
  readonly nodes: number;
  /** Of the square, metres. */
  readonly sideM: number;
  /** No two are nearer. */
  readonly leastM: number;
  /** Each but the first is at most this far from one before it; without, they stand anywhere. */
  readonly reachM?: number;
}

const share = (random: Random): number => random.u32() / STEPS;

/** Meshtasticator's way: anywhere in the square where an earlier node is in reach. Throws EdgeError `sim.placement`. */
export function scatter(random: Random, { nodes, sideM, leastM, reachM }: PlacementOptions): Position[] {
  const places: Position[] = [];
  for (let tries = 0; places.length < nodes; tries++) {
    if (tries > TRIES_MAX * nodes) {
      const fix = 'Use a smaller square, a longer reach, or a smaller least distance.';
      throw new EdgeError('sim.placement', `Found no place for node ${places.length} of ${nodes}.`, { fix });
    }
    const place = { x: share(random) * sideM, y: share(random) * sideM };
    const distances = places.map(({ x, y }) => Math.hypot(x - place.x, y - place.y));
    if (distances.some((distance) => distance < leastM)) continue;
    if (reachM !== undefined && places.length > 0 && !distances.some((distance) => distance <= reachM)) continue;
    places.push(place);
  }
  return places;
}
