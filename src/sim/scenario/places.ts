import type { Random } from '../../ports/random.js';
import type { Position } from '../lora/landscape.js';
import { clique, grid, line, type Pair, randomConnected, ring, star } from '../topologies.js';
import type { Placement, ScenarioNodes, ScenarioRadio, Shape } from './scenario.js';

const STEPS = 2 ** 32;

const columnsOf = (count: number): number => Math.ceil(Math.sqrt(count));

/** Where the nodes stand at first, metres. */
export function placesOf({ count, placement, spacingM, sideM, positions }: ScenarioNodes, random: Random): Position[] {
  if (positions) return [...positions];
  const share = (): number => random.u32() / STEPS;
  const columns = columnsOf(count);
  const radius = (count * spacingM) / (2 * Math.PI);
  const around = (i: number): Position => {
    const turn = (2 * Math.PI * i) / count;
    return { x: radius * (1 + Math.cos(turn)), y: radius * (1 + Math.sin(turn)) };
  };
  const ways: Readonly<Record<Placement, (i: number) => Position>> = {
    line: (i) => ({ x: i * spacingM, y: 0 }),
    ring: around,
    grid: (i) => ({ x: (i % columns) * spacingM, y: Math.floor(i / columns) * spacingM }),
    scatter: () => ({ x: share() * sideM, y: share() * sideM }),
  };
  return Array.from({ length: count }, (_, i) => ways[placement](i));
}

/** Pairs nearer than `rangeM`. */
function pairsInRange(places: readonly Position[], rangeM: number): Pair[] {
  const cells = new Map<string, number[]>();
  const name = (column: number, row: number): string => `${column},${row}`;
  const cellOf = ({ x, y }: Position): [number, number] => [Math.floor(x / rangeM), Math.floor(y / rangeM)];
  places.forEach((place, i) => {
    const cell = name(...cellOf(place));
    cells.set(cell, [...(cells.get(cell) ?? []), i]);
  });
  const pairs: Pair[] = [];
  places.forEach((place, a) => {
    const [column, row] = cellOf(place);
    for (let i = column - 1; i <= column + 1; i++)
      for (let j = row - 1; j <= row + 1; j++)
        for (const b of cells.get(name(i, j)) ?? []) {
          const other = places[b] as Position;
          if (b > a && Math.hypot(place.x - other.x, place.y - other.y) <= rangeM) pairs.push([a, b]);
        }
  });
  return pairs;
}

function shaped(shape: Shape, count: number, random: Random): Pair[] {
  switch (shape) {
    case 'line':
      return line(count);
    case 'ring':
      return count > 2 ? ring(count) : line(count);
    case 'star':
      return star(count);
    case 'clique':
      return clique(count);
    case 'tree':
      return randomConnected(random, count, 0);
    case 'grid': {
      const columns = columnsOf(count);
      return grid(columns, Math.ceil(count / columns)).filter(([a, b]) => a < count && b < count);
    }
  }
}

/** Who is in range of whom over a radio that is no LoRa radio. */
export function pairsOf(radio: ScenarioRadio, places: readonly Position[], random: Random): Pair[] {
  const members = radio.nodes ?? places.map((_, i) => i);
  const has = new Set(members);
  const within = ([a, b]: Pair): boolean => has.has(a) && has.has(b);
  if (radio.links) return radio.links.filter(within);
  if (radio.rangeM !== undefined) return pairsInRange(places, radio.rangeM).filter(within);
  return shaped(radio.shape ?? 'clique', members.length, random).map(([a, b]) => [
    members[a] as number,
    members[b] as number,
  ]);
}
