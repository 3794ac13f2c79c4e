import type { NodeId } from '../../core/ids.js';
import { DEFAULT_TTL } from '../../core/limits.js';
import { FRAME_BYTES_MAX } from '../../mesh/links.js';
import { Topology } from '../../mesh/topology.js';
import { createHotPath } from '../../native/hot-path.js';
import { type FrameIngest, INGEST_STRIDE, type RoutingTable, Verdict } from '../../ports/hot-path.js';
import type { Random } from '../../ports/random.js';
import { nodeCrypto } from '../../system/node-crypto.js';
import { seededRandom } from '../../system/seeded-random.js';
import { nodeIdOfKey } from '../../trust/identity.js';
import { buildFrame, relayCopy } from '../../wire/frame.js';
import { FrameType, Priority } from '../../wire/frame-types.js';
import { readHeader } from '../../wire/header.js';
import { randomConnected } from '../topologies.js';
import { type Experiment, Fold, type GoalRow } from './goal-row.js';

const NODES = 1_000;
const MESSAGES = 5_000;
/** Beside the tree that joins all: a mean degree of 5. */
const EXTRA_PAIRS = 1_500;
const EPOCH = 0;
const TAG_KEY_BYTES = 16;
const KEY_BYTES = 32;
const COST_MAX = 50;

interface Station {
  readonly id: NodeId;
  readonly key: bigint;
  readonly neighbours: number[];
  readonly routes: RoutingTable;
  readonly ingest: FrameIngest;
}

const keyOf = (id: NodeId): bigint => BigInt(`0x${id}`);

/** Ids as devices have them: of real hashes of 32-byte keys. */
function drawIds(random: Random): NodeId[] {
  const crypto = nodeCrypto();
  return Array.from({ length: NODES }, () => nodeIdOfKey(crypto, random.bytes(KEY_BYTES)));
}

/** Nodes with the shipped frame check, dedup cache and routing table, the latter filled by the shipped path search. */
function stations(random: Random, tagKey: Uint8Array): Station[] {
  const ids = drawIds(random);
  const costs = new Map<number, Map<NodeId, number>>(ids.map((_, i) => [i, new Map()]));
  const neighbours: number[][] = ids.map(() => []);
  for (const [a, b] of randomConnected(random, NODES, EXTRA_PAIRS)) {
    const cost = 1 + random.below(COST_MAX);
    costs.get(a)?.set(ids[b] as NodeId, cost);
    costs.get(b)?.set(ids[a] as NodeId, cost);
    neighbours[a]?.push(b);
    neighbours[b]?.push(a);
  }
  const topology = new Topology();
  const edgesOf = (i: number) => [...(costs.get(i) ?? [])].map(([node, cost]) => ({ node, cost, radio: 'sim' }));
  ids.forEach((author, i) => void topology.set({ author, neighbours: edgesOf(i), condition: 'active' }));
  const numbers = new Map(ids.map((id, i) => [id, i]));
  const hotPath = createHotPath({ kind: 'js' });
  return ids.map((id, i) => {
    const routes = hotPath.routes({ capacity: NODES });
    for (const [destination, { nextHop, cost }] of topology.pathsFrom(id, costs.get(i) ?? new Map()))
      routes.offer(keyOf(destination), keyOf(nextHop), numbers.get(nextHop) as number, cost, 0);
    const dedup = hotPath.dedup({ capacity: MESSAGES, ttlMs: 600_000 });
    const ingest = hotPath.ingest({ dedup, routes, self: keyOf(id), maxFrameBytes: FRAME_BYTES_MAX });
    ingest.setKey(EPOCH, tagKey);
    return { id, key: keyOf(id), neighbours: neighbours[i] as number[], routes, ingest };
  });
}

interface Tally {
  wrong: number;
  undelivered: number;
  oneByte: number;
  twoByte: number;
}

/** One message from its source on: each relay's neighbours hear it, the one it is for takes it, the next hop relays it. */
class Walk {
  readonly #stations: readonly Station[];
  readonly #tagKey: Uint8Array;
  readonly #out = new Int32Array(INGEST_STRIDE);
  readonly tally: Tally = { wrong: 0, undelivered: 0, oneByte: 0, twoByte: 0 };

  constructor(all: readonly Station[], tagKey: Uint8Array) {
    this.#stations = all;
    this.#tagKey = tagKey;
  }

  message(from: number, to: number, sequence: number, payload: Uint8Array): void {
    const [source, destination] = [this.#stations[from] as Station, this.#stations[to] as Station];
    const header = {
      ...{ version: 1, type: FrameType.Message, flags: 0, priority: Priority.Medium, ttl: DEFAULT_TTL, hops: 0 },
      ...{ epoch: EPOCH, source: source.id, saltHint: from & 0xffff, sequence, destination: destination.id },
    };
    let frame = buildFrame(header, payload, this.#tagKey);
    let at = source.routes.lookup(destination.key, 1)?.link;
    let arrived = false;
    const mistaken = { oneByte: false, twoByte: false };
    for (let relay = from; at !== undefined && !arrived; ) {
      this.#overhear(relay, to, frame, mistaken);
      const [here, reached] = [this.#stations[at] as Station, at];
      this.#run(here, frame);
      if (this.#out[0] !== Verdict.Accept) break;
      arrived = readHeader(frame).destination === here.id;
      if (arrived && reached !== to) this.tally.wrong++;
      relay = reached;
      at = this.#out[3] as number;
      if (at < 0) at = undefined;
      frame = relayCopy(frame, this.#tagKey);
    }
    if (!arrived) this.tally.undelivered++;
    if (mistaken.oneByte) this.tally.oneByte++;
    if (mistaken.twoByte) this.tally.twoByte++;
  }

  #run(station: Station, frame: Uint8Array): void {
    station.ingest.run(frame, Uint32Array.of(0, frame.length), 1, 1, this.#out);
  }

  /** All neighbours of a relay read the header: who takes the message for its own that is not its destination? */
  #overhear(relay: number, to: number, frame: Uint8Array, mistaken: { oneByte: boolean; twoByte: boolean }): void {
    const { destination } = readHeader(frame);
    const key = (this.#stations[to] as Station).key;
    for (const each of (this.#stations[relay] as Station).neighbours) {
      if (each === to) continue;
      const station = this.#stations[each] as Station;
      if (destination === station.id) this.tally.wrong++;
      if ((station.key & 0xffn) === (key & 0xffn)) mistaken.oneByte = true;
      if ((station.key & 0xffffn) === (key & 0xffffn)) mistaken.twoByte = true;
    }
  }
}

const row: GoalRow = {
  id: 'misroute',
  what: 'wrong deliveries by id collision, 1,000 nodes, 5,000 messages',
  unit: 'messages',
  target: { most: 0, also: { undelivered: { most: 0 } } },
  folds: { ours: Fold.Sum, undelivered: Fold.Sum },
  note: 'at the level of ids, frames and tables, without radios',
};

/**
 * Wrong deliveries among 5,000 directed messages between random pairs of 1,000 nodes with real ids, over the shipped frame
 * check, dedup cache, routing table and path search, hop by hop; everybody in earshot of a relay reads the header. The
 * rivals are the same walks had the destination been written as its last byte, or its last two.
 */
export const misroute: Experiment = {
  rows: [row],
  async measure(seed) {
    const random = seededRandom(`misroute ${seed}`);
    const tagKey = random.bytes(TAG_KEY_BYTES);
    const walk = new Walk(stations(random, tagKey), tagKey);
    for (let i = 1; i <= MESSAGES; i++) {
      const from = random.below(NODES);
      const to = (from + 1 + random.below(NODES - 1)) % NODES;
      walk.message(from, to, i, random.bytes(16));
    }
    const { wrong, undelivered, oneByte, twoByte } = walk.tally;
    return [{ ours: wrong, also: { undelivered }, peers: { 'one-byte ids': oneByte, 'two-byte ids': twoByte } }];
  },
};
