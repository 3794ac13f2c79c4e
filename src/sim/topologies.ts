import type { Random } from '../ports/random.js';

/** Two nodes, by number, that hear each other. */
export type Pair = readonly [number, number];

export const line = (nodes: number): Pair[] => Array.from({ length: nodes - 1 }, (_, i) => [i, i + 1]);

export const ring = (nodes: number): Pair[] => [...line(nodes), [nodes - 1, 0]];

/** Node 0 in the middle. */
export const star = (nodes: number): Pair[] => Array.from({ length: nodes - 1 }, (_, i) => [0, i + 1]);

export function clique(nodes: number): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 0; a < nodes; a++) for (let b = a + 1; b < nodes; b++) pairs.push([a, b]);
  return pairs;
}

/** Rows of so many nodes, each linked to those beside, above and below it. */
export function grid(columns: number, rows: number): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < columns * rows; i++) {
    if ((i + 1) % columns !== 0) pairs.push([i, i + 1]);
    if (i + columns < columns * rows) pairs.push([i, i + columns]);
  }
  return pairs;
}

/** A random tree with `extra` further edges: connected, of no particular shape. */
export function randomConnected(random: Random, nodes: number, extra: number): Pair[] {
  const names = new Set<number>();
  const add = (a: number, b: number): void => void (a !== b && names.add(Math.min(a, b) * nodes + Math.max(a, b)));
  for (let i = 1; i < nodes; i++) add(i, random.below(i));
  const wanted = Math.min(names.size + extra, (nodes * (nodes - 1)) / 2);
  while (names.size < wanted) add(random.below(nodes), random.below(nodes));
  return [...names].map((name) => [Math.floor(name / nodes), name % nodes]);
}

/** The groups of nodes that can reach each other: the number of its group for each node, -1 where `isUp` says no. */
export function componentsOf(nodes: number, pairs: Iterable<Pair>, isUp: (node: number) => boolean): number[] {
  const group = Array.from({ length: nodes }, (_, i) => (isUp(i) ? i : -1));
  const find = (i: number): number => {
    let root = i;
    while (group[root] !== root) root = group[root] as number;
    return root;
  };
  for (const [a, b] of pairs) {
    if (group[a] === -1 || group[b] === -1) continue;
    const [x, y] = [find(a), find(b)];
    group[Math.max(x, y)] = Math.min(x, y);
  }
  return group.map((g, i) => (g === -1 ? -1 : find(i)));
}
