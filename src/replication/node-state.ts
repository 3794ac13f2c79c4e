import { readU16, writeU16 } from '../core/bytes.js';
import { type Hlc, isAhead } from '../core/hlc.js';
import { type NodeId, nodeIdBytes, nodeIdOf, nodeIdsBytes, nodeIdsOf } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { Body, decode, encode } from '../wire/bodies.js';

export const CONDITIONS = ['active', 'idle', 'processing', 'offline'] as const;
export type Condition = (typeof CONDITIONS)[number];

export interface StateFields {
  readonly fps?: number;
  readonly battery?: number;
  readonly charging?: boolean;
  readonly cpu?: number;
  readonly memory?: number;
  readonly temperature?: number;
  readonly disk?: number;
}

export interface NeighbourEdge {
  readonly node: NodeId;
  readonly cost: number;
  readonly radio: string;
  /** Named because the other end chose the link, not the author. */
  readonly accepted?: true;
}

/** A versioned snapshot of one node, written by that node alone. */
export interface NodeSnapshot {
  readonly author: NodeId;
  readonly hlc: Hlc;
  /** Rises with every change, over restarts too. */
  readonly counter: number;
  readonly name: string;
  readonly condition: Condition;
  readonly fields: StateFields;
  readonly custom: Readonly<Record<string, string | number | boolean>>;
  readonly neighbours: readonly NeighbourEdge[];
  readonly updatedAtMs: number;
  readonly version: string;
  /** The head of its segment, and those of the segments that neighbours of it are in; absent in a mesh that is whole. */
  readonly segment?: NodeId;
  readonly beyond?: readonly NodeId[];
  /** How many it hears, where it names only some of them. */
  readonly earshot?: number;
}

const CUSTOM_FIELDS_MAX = 16;
const CUSTOM_TEXT_MAX = 128;
const NAME_MAX = 64;
const AIR_EDGE_BYTES = 10;
/** The latest moment a JavaScript date can hold. */
const UNIX_MS_MAX = 8_640_000_000_000_000n;
const FIELD_NAMES = ['fps', 'battery', 'cpu', 'memory', 'temperature', 'disk'] as const;

/** `brief`: for slow air: neighbours in ten bytes each, all under the name of the first one's radio. */
export function encodeSnapshot(snapshot: NodeSnapshot, brief = false): Uint8Array {
  const custom = Object.entries(snapshot.custom).map(([key, value]) => ({ key, value: customValue(value) }));
  return encode(Body.NodeStateSchema, {
    author: nodeIdBytes(snapshot.author),
    hlc: snapshot.hlc,
    counter: snapshot.counter,
    name: snapshot.name,
    condition: CONDITIONS.indexOf(snapshot.condition),
    ...snapshot.fields,
    custom,
    ...(brief && { air: writeAir(snapshot.neighbours), airRadio: snapshot.neighbours[0]?.radio ?? '' }),
    neighbours: (brief ? [] : snapshot.neighbours).map((edge) => ({
      node: nodeIdBytes(edge.node),
      cost: edge.cost,
      radio: edge.radio,
      ...(edge.accepted && { accepted: true }),
    })),
    updatedAtMs: BigInt(Math.max(0, Math.floor(snapshot.updatedAtMs))),
    version: snapshot.version,
    ...(snapshot.segment !== undefined && { segment: nodeIdBytes(snapshot.segment) }),
    ...(snapshot.beyond && { beyond: nodeIdsBytes(snapshot.beyond) }),
    ...(snapshot.earshot !== undefined && { earshot: snapshot.earshot }),
  });
}

function writeAir(edges: readonly NeighbourEdge[]): Uint8Array {
  const bytes = new Uint8Array(edges.length * AIR_EDGE_BYTES);
  for (const [i, { node, cost }] of edges.entries()) {
    bytes.set(nodeIdBytes(node), i * AIR_EDGE_BYTES);
    writeU16(bytes, i * AIR_EDGE_BYTES + 8, Math.min(0xffff, cost));
  }
  return bytes;
}

function readAir(bytes: Uint8Array, radio: string): NeighbourEdge[] | undefined {
  if (bytes.length % AIR_EDGE_BYTES !== 0 || radio.length > NAME_MAX) return undefined;
  if (bytes.length > AIR_EDGE_BYTES * Limit.NeighboursPerState) return undefined;
  const edges: NeighbourEdge[] = [];
  for (let at = 0; at < bytes.length; at += AIR_EDGE_BYTES) {
    const cost = readU16(bytes, at + 8);
    if (cost === 0) return undefined;
    edges.push({ node: nodeIdOf(bytes, at), cost, radio });
  }
  return edges;
}

function customValue(value: string | number | boolean) {
  if (typeof value === 'string') return { case: 'text', value } as const;
  if (typeof value === 'number') return { case: 'number', value } as const;
  return { case: 'flag', value } as const;
}

/** The snapshot in these bytes, or `undefined` when anything in it is out of bounds. */
export function decodeSnapshot(bytes: Uint8Array): NodeSnapshot | undefined {
  const body = decode(Body.NodeStateSchema, bytes);
  if (body?.author.length !== 8 || body.name.length > NAME_MAX || body.version.length > NAME_MAX) return undefined;
  if (body.custom.length > CUSTOM_FIELDS_MAX || body.neighbours.length > Limit.NeighboursPerState) return undefined;
  const condition = CONDITIONS[body.condition];
  if (!condition || body.updatedAtMs > UNIX_MS_MAX) return undefined;
  const fields: { -readonly [K in keyof StateFields]: StateFields[K] } = {};
  for (const name of FIELD_NAMES) {
    const value = body[name];
    if (value === undefined) continue;
    if (!Number.isFinite(value)) return undefined;
    fields[name] = value;
  }
  if (body.charging !== undefined) fields.charging = body.charging;
  const custom = decodeCustom(body.custom);
  const some = decodeNeighbours(body.neighbours);
  const air = readAir(body.air, body.airRadio);
  if (!custom || !some || !air || some.length + air.length > Limit.NeighboursPerState) return undefined;
  const beyond = nodeIdsOf(body.beyond, Limit.SegmentNeighbours);
  if (!beyond || (body.segment.length !== 0 && body.segment.length !== 8)) return undefined;
  const neighbours = [...some, ...air];
  return {
    author: nodeIdOf(body.author),
    hlc: body.hlc,
    counter: body.counter,
    name: body.name,
    condition,
    fields,
    custom,
    neighbours,
    updatedAtMs: Number(body.updatedAtMs),
    version: body.version,
    ...(body.segment.length > 0 && { segment: nodeIdOf(body.segment) }),
    ...(beyond.length > 0 && { beyond }),
    ...(body.earshot > 0 && { earshot: body.earshot }),
  };
}

function decodeCustom(entries: readonly Body.Custom[]): Record<string, string | number | boolean> | undefined {
  const custom: Record<string, string | number | boolean> = Object.create(null);
  for (const { key, value } of entries) {
    if (key.length === 0 || key.length > NAME_MAX || key === '__proto__' || value.case === undefined) return undefined;
    if (value.case === 'text' && value.value.length > CUSTOM_TEXT_MAX) return undefined;
    if (value.case === 'number' && !Number.isFinite(value.value)) return undefined;
    custom[key] = value.value;
  }
  return custom;
}

function decodeNeighbours(entries: readonly Body.Neighbour[]): NeighbourEdge[] | undefined {
  const edges: NeighbourEdge[] = [];
  for (const entry of entries) {
    if (entry.node.length !== 8 || entry.radio.length > NAME_MAX || entry.cost === 0) return undefined;
    const { cost, radio, accepted } = entry;
    edges.push({ node: nodeIdOf(entry.node), cost, radio, ...(accepted && { accepted: true }) });
  }
  return edges;
}

export const Taken = { Newer: 'newer', Known: 'known', Older: 'older', Ahead: 'ahead', Conflict: 'conflict' } as const;
export type Taken = (typeof Taken)[keyof typeof Taken];

/** The newest snapshot of every node: last writer wins, and only its own node writes it. */
export class NodeStates {
  readonly #snapshots = new Map<NodeId, NodeSnapshot>();

  get(node: NodeId): NodeSnapshot | undefined {
    return this.#snapshots.get(node);
  }

  all(): IterableIterator<NodeSnapshot> {
    return this.#snapshots.values();
  }

  /** `Conflict`: two contents under one stamp, which an honest node never writes; the first is kept. */
  take(snapshot: NodeSnapshot, wallMs: number, aheadLimitMs?: number): Taken {
    if (isAhead(snapshot.hlc, wallMs, aheadLimitMs)) return Taken.Ahead;
    const known = this.#snapshots.get(snapshot.author);
    if (known && snapshot.hlc < known.hlc) return Taken.Older;
    if (known && snapshot.hlc === known.hlc) return snapshot.counter === known.counter ? Taken.Known : Taken.Conflict;
    this.#snapshots.set(snapshot.author, snapshot);
    return Taken.Newer;
  }

  forget(node: NodeId): void {
    this.#snapshots.delete(node);
  }

  get size(): number {
    return this.#snapshots.size;
  }
}
