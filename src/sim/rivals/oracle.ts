/** By node: whom its transmissions reach. */
export type LinkGraph = readonly (readonly number[])[];

export interface OraclePlan {
  /** Whom a message can reach within so many hops, its source left out. */
  readonly reachable: readonly number[];
  /** Who transmits, the source first. */
  readonly relays: readonly number[];
  /** Copies that all together receive. */
  readonly copies: number;
}

/** Rounds of the search for fewer relays. */
const ROUNDS_MAX = 20;

/**
 * With full knowledge, and as if nothing were ever lost: the smallest set of relays found by which everybody within
 * `hopLimit` relays of the source is reached. Greedy, then relays are dropped, and two replaced by one, while that works.
 */
export function oraclePlan(graph: LinkGraph, source: number, hopLimit: number): OraclePlan {
  const everybody = reach(graph, source, hopLimit, undefined);
  const reachable = [...everybody.keys()].filter((node) => node !== source);
  const relays = reachable.length === 0 ? [source] : improve(graph, source, hopLimit, greedy(graph, source, hopLimit));
  const copies = relays.reduce((sum, node) => sum + (graph[node]?.length ?? 0), 0);
  return { reachable, relays, copies };
}

/** Who is reached, and after how many transmissions; by these relays only, or by all. */
function reach(
  graph: LinkGraph,
  source: number,
  hopLimit: number,
  relays: ReadonlySet<number> | undefined,
): Map<number, number> {
  const depth = new Map([[source, 0]]);
  let ring = [source];
  for (let hops = 1; hops <= hopLimit + 1 && ring.length > 0; hops++) {
    const next: number[] = [];
    for (const node of ring) {
      if (relays !== undefined && !relays.has(node)) continue;
      for (const to of graph[node] ?? []) {
        if (depth.has(to)) continue;
        depth.set(to, hops);
        next.push(to);
      }
    }
    ring = next;
  }
  return depth;
}

function greedy(graph: LinkGraph, source: number, hopLimit: number): Set<number> {
  const wanted = reach(graph, source, hopLimit, undefined);
  const relays = new Set([source]);
  for (;;) {
    const covered = reach(graph, source, hopLimit, relays);
    if (covered.size === wanted.size) return relays;
    let [best, gain] = [-1, 0];
    for (const [node, depth] of covered) {
      if (relays.has(node) || depth > hopLimit) continue;
      const news = (graph[node] ?? []).filter((to) => !covered.has(to)).length;
      if (news > gain) [best, gain] = [node, news];
    }
    // Nobody adds one: whom the set reaches by a detour, too late to go on, it must reach in time.
    if (best === -1) for (const node of shortestWay(graph, source, wanted, covered)) relays.add(node);
    else relays.add(best);
  }
}

/** Relays on a shortest way to somebody who is not covered yet. */
function shortestWay(
  graph: LinkGraph,
  source: number,
  depths: ReadonlyMap<number, number>,
  covered: ReadonlyMap<number, number>,
): number[] {
  let at = [...depths.keys()].find((node) => !covered.has(node)) as number;
  const way: number[] = [];
  while (at !== source) {
    const depth = depths.get(at) as number;
    at = [...depths.keys()].find((node) => depths.get(node) === depth - 1 && graph[node]?.includes(at)) as number;
    way.push(at);
  }
  return way;
}

function improve(graph: LinkGraph, source: number, hopLimit: number, first: ReadonlySet<number>): number[] {
  const wanted = reach(graph, source, hopLimit, undefined).size;
  const works = (relays: ReadonlySet<number>): boolean => reach(graph, source, hopLimit, relays).size === wanted;
  let relays = new Set(first);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const fewer = withoutOne(relays, source, works) ?? withOneForTwo(graph, relays, source, works);
    if (fewer === undefined) break;
    relays = fewer;
  }
  return [source, ...[...relays].filter((node) => node !== source)];
}

type Works = (relays: ReadonlySet<number>) => boolean;

function withoutOne(relays: ReadonlySet<number>, source: number, works: Works): Set<number> | undefined {
  for (const node of relays) {
    if (node === source) continue;
    const rest = new Set(relays);
    rest.delete(node);
    if (works(rest)) return rest;
  }
  return undefined;
}

function withOneForTwo(
  graph: LinkGraph,
  relays: ReadonlySet<number>,
  source: number,
  works: Works,
): Set<number> | undefined {
  const others = [...relays].filter((node) => node !== source);
  for (let i = 0; i < others.length; i++) {
    for (let j = i + 1; j < others.length; j++) {
      const rest = new Set(relays);
      rest.delete(others[i] as number);
      rest.delete(others[j] as number);
      for (let node = 0; node < graph.length; node++) {
        if (relays.has(node) || (graph[node]?.length ?? 0) === 0) continue;
        rest.add(node);
        if (works(rest)) return rest;
        rest.delete(node);
      }
    }
  }
  return undefined;
}
