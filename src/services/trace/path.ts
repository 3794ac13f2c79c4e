import type { NodeId } from '../../core/ids.js';
import type { TraceMesh } from './trace-mesh.js';
import type { Leg, Stop, Way } from './way.js';

export interface TraceRequest {
  readonly to: string;
  /** Default 5,000, at most 60,000. */
  readonly timeoutMs?: number;
  /** Over each neighbour that may be the first hop, not only the best. */
  readonly all?: boolean;
}

/** A link of the way, and the node at its end. Costs are those of sending in this direction. */
export interface TraceHop {
  readonly hop: number;
  readonly nodeId: string;
  readonly name: string;
  readonly radio: string;
  /** Of the link: its smoothed round trip. */
  readonly rttMs?: number;
  readonly cost: number;
  /** Transmissions a frame takes on this link (ETX). */
  readonly etx: number;
  /** Whether the node itself said so, or only its neighbours on the way. */
  readonly answered: boolean;
  /** From here to that node and back. */
  readonly tookMs?: number;
}

/** Where and why a way ends short of its destination. */
export interface TraceStop {
  /** The last node that answered. */
  readonly nodeId: string;
  readonly name: string;
  readonly code: 'trace.no-way' | 'trace.not-taken' | 'trace.hop-limit' | 'trace.loop' | 'trace.silent';
  readonly detail: string;
  readonly fix: string;
  /** Where it was to go from there, and when this node last heard of that one. */
  readonly next?: {
    readonly nodeId: string;
    readonly name: string;
    readonly radio: string;
    readonly lastSeenAt?: number;
  };
  /** When this node last heard of the destination. */
  readonly lastSeenAt?: number;
}

export interface TracePath {
  readonly to: string;
  readonly name: string;
  readonly reached: boolean;
  readonly tookMs: number;
  /** Probes it took. */
  readonly probes: number;
  /** Of the links on the way together. */
  readonly cost: number;
  readonly hops: readonly TraceHop[];
  /** From the destination to this node, where answers come another way. */
  readonly back?: readonly TraceHop[];
  readonly stop?: TraceStop;
}

export interface TraceResult extends TracePath {
  /** By `all`: ways that begin with other neighbours. */
  readonly alternatives?: readonly TracePath[];
}

interface Known {
  readonly to: NodeId;
  readonly way: Way;
  readonly probes: number;
  readonly back?: readonly Leg[];
  readonly tookMs: number;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
const ETX_MAX = 20;

export function tracePath(mesh: TraceMesh, { to, way, probes, back, tookMs }: Known): TracePath {
  const hops = way.legs().map((leg, i) => hopOf(mesh, leg, i));
  const stop = way.stop();
  return {
    to,
    name: mesh.nameOf(to),
    reached: way.reached,
    tookMs: Math.round(tookMs),
    probes,
    cost: hops.reduce((sum, { cost }) => sum + cost, 0),
    hops,
    ...(back && { back: back.map((leg, i) => hopOf(mesh, leg, i)) }),
    ...(stop && { stop: stopOf(mesh, to, stop) }),
  };
}

const hopOf = (mesh: TraceMesh, { node, step, answered, tookMs }: Leg, index: number): TraceHop => ({
  hop: index + 1,
  nodeId: node,
  name: mesh.nameOf(node),
  radio: step.radio,
  ...(step.rttMs !== undefined && { rttMs: rounded(step.rttMs) }),
  cost: step.cost,
  etx: rounded(Math.min(ETX_MAX, 1 / Math.max(1 / ETX_MAX, step.quality * step.quality))),
  answered,
  ...(tookMs !== undefined && { tookMs: rounded(tookMs) }),
});

function stopOf(mesh: TraceMesh, to: NodeId, { why, at, next }: Stop): TraceStop {
  const seen = (node: NodeId) => {
    const lastSeenAt = mesh.lastSeenAt(node);
    return lastSeenAt === undefined ? {} : { lastSeenAt };
  };
  const here = at === mesh.self;
  const called = (node: NodeId): string => (node === mesh.self ? 'this node' : mesh.nameOf(node) || node);
  return {
    nodeId: at,
    name: mesh.nameOf(at),
    code: `trace.${why}`,
    ...WORDS[why](called(at), next ? called(next.node) : 'the next node', next?.radio ?? '', called(to), here),
    ...(next && { next: { nodeId: next.node, name: mesh.nameOf(next.node), radio: next.radio, ...seen(next.node) } }),
    ...seen(to),
  };
}

type Words = (at: string, next: string, radio: string, to: string, here: boolean) => { detail: string; fix: string };

const WORDS: Readonly<Record<Stop['why'], Words>> = {
  'no-way': (at, _next, _radio, to) => ({
    detail: `${at} knows no way to ${to}: it is offline, or nobody in reach has a link to it`,
    fix: `is ${to} switched on and in range? What is sent to it is kept, and delivered when it is back`,
  }),
  'not-taken': (at, next, radio) => ({
    detail: `${next} does not take what ${at} sends it over ${radio}`,
    fix: `look at that link: distance, antenna, channel; or go around it: edge-agent routes pin`,
  }),
  'hop-limit': (at, next) => ({
    detail: `the hop limit is used up at ${at}, which would go on to ${next}`,
    fix: 'a way this long is most likely a circle: see `edge-agent routes` on the nodes named for pinned routes',
  }),
  loop: (at, next) => ({
    detail: `${at} sends it to ${next}, where it was already`,
    fix: 'see `edge-agent routes` on both for pinned routes; without any this heals within seconds',
  }),
  silent: (at, next, radio, _to, here) => ({
    detail: `no answer beyond ${at}, which sends on to ${next} over ${radio}`,
    fix: here
      ? `try: edge-agent ping ${next}; if that fails look at ${next} and at the radio, or go around it: edge-agent routes pin`
      : `try: edge-agent trace ${next}; if that fails look at ${next}, or at the link between the two`,
  }),
};
