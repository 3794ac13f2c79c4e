import { utf8 } from '../core/bytes.js';
import { hlcOf } from '../core/hlc.js';
import { type NodeId, nodeIdBytes } from '../core/ids.js';
import { encodeSnapshot, type NodeSnapshot } from '../replication/node-state.js';
import { seededRandom } from '../system/seeded-random.js';
import { type Commitment, signBeat } from '../trust/beat.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag, overheadBytes } from '../wire/header.js';
import { fastCrypto } from './fast-crypto.js';
import { SIM_EPOCH_MS } from './sim-clock.js';

interface FrameSize {
  readonly type: string;
  /** What is in it. */
  readonly what: string;
  /** Of the frame, tag included. */
  readonly bytes: number;
}

const NODE = '0123456789abcdef' as NodeId;
const ID_14 = new Uint8Array(14).fill(7);
const HASH_32 = new Uint8Array(32).fill(0xee);
const HLC = hlcOf(SIM_EPOCH_MS, 3);
const MS = BigInt(SIM_EPOCH_MS);
const NAME = 'camera-north';
const METADATA = utf8('{"camera":"gate","confidence":0.93}');

const nodes = (count: number): NodeId[] =>
  Array.from({ length: count }, (_, i) => `${NODE.slice(2)}${(16 + i).toString(16)}` as NodeId);

/** A node with all its sensors and four neighbours. */
export const typicalState: NodeSnapshot = {
  author: NODE,
  hlc: HLC,
  counter: 4_100,
  name: NAME,
  condition: 'processing',
  fields: { fps: 14.5, battery: 81, charging: false, cpu: 34, memory: 51, temperature: 48, disk: 20 },
  custom: {},
  neighbours: nodes(4).map((node) => ({ node, cost: 13, radio: 'udp:9999' })),
  updatedAtMs: SIM_EPOCH_MS,
  version: '0.1.0',
};

export function typicalBeacon(withKey: boolean): Uint8Array {
  const key = { publicKey: HASH_32, bootSalt: HASH_32.subarray(16) };
  const rest = { bootCounter: 12, clockMs: MS, name: NAME, nonce: 0x89abcdef, heard: 0, answer: false };
  return encode(Body.BeaconSchema, { ...(withKey ? key : { bootSalt: key.bootSalt }), ...rest });
}

const commitment: Commitment = { firstSequence: 2 ** 30, lastSequence: 2 ** 30 + 90, count: 7, root: HASH_32 };

function typicalBeat(): Uint8Array {
  const crypto = fastCrypto(seededRandom('sizes'));
  const self = { id: NODE, keys: crypto.keyPairOf(HASH_32), boot: { salt: HASH_32.subarray(16), counter: 12 } };
  return signBeat(crypto, self, 30, { hlc: HLC, clockMs: Number(MS) }, [NODE], commitment);
}

const drip = (kind: number, body: Uint8Array): Uint8Array =>
  encode(Body.DripSchema, {
    items: [{ kind, source: nodeIdBytes(NODE), saltHint: 0xabcd, sequence: kind === 2 ? 2 ** 30 : 0, body }],
  });

const hashesOf = (count: number): Uint8Array =>
  encode(Body.DripHashesSchema, { salt: 0x12345678, hashes: new Uint8Array(count * 2 * 2).fill(7), parts: 1 });

function recordsOf(vector: boolean): Uint8Array {
  const withVector = {
    space: HASH_32.subarray(24),
    dimension: 512,
    sketchHash: HASH_32,
    int8Hash: HASH_32,
    exactHash: HASH_32,
  };
  const core = encode(Body.RecordCoreSchema, {
    author: nodeIdBytes(NODE),
    hash: HASH_32.subarray(16),
    hlc: HLC,
    bootSalt: HASH_32.subarray(16),
    counter: 900,
    contentVersion: 1,
    type: 'person',
    metadata: METADATA,
    observedAtMs: MS,
    expiresAtMs: MS,
    ...(vector && withVector),
  });
  const batch = encode(Body.BatchSchema, {
    author: nodeIdBytes(NODE),
    publicKey: HASH_32,
    bootSalt: HASH_32.subarray(16),
    number: 3,
    count: 1,
    root: HASH_32,
  });
  return encode(Body.RecordsSchema, {
    batches: [{ body: batch, signature: new Uint8Array(64).fill(1) }],
    records: [{ core, batch: 0, leaf: 0, path: [], ...(vector && { int8: new Uint8Array(512).fill(3), scale: 0.01 }) }],
  });
}

function tombstone(): Uint8Array {
  const fields = {
    hash: HASH_32.subarray(16),
    eraser: nodeIdBytes(NODE),
    publicKey: HASH_32,
    hlc: HLC,
    createdAtMs: MS,
    expiresAtMs: MS,
  };
  const body = encode(Body.TombstoneSchema, fields);
  return encode(Body.RecordsSchema, { tombstones: [{ body, signature: new Uint8Array(64).fill(1) }] });
}

const candidates = (count: number) =>
  Array.from({ length: count }, () => ({
    author: nodeIdBytes(NODE),
    hash: HASH_32.subarray(16),
    type: 'person',
    score: 0.9,
    scoredFrom: 1,
    observedAtMs: MS,
    metadata: METADATA,
  }));

const jsonOf = (bytes: number) => ({ content: { case: 'json' as const, value: new Uint8Array(bytes).fill(0x20) } });
const message = (type: string, bytes: number, answers?: Uint8Array): Uint8Array =>
  encode(Body.MessageSchema, { type, payload: jsonOf(bytes), ...(answers && { answers }) });

type Add = (type: string, what: string, body: Uint8Array, flags?: number) => void;

/** What frames of every type take with everyday contents. Longer ones go in fragments: 4 bytes more in each. */
export function frameSizes(): FrameSize[] {
  const rows: FrameSize[] = [];
  const add: Add = (type, what, body, flags = 0) =>
    void rows.push({ type, what, bytes: overheadBytes(flags) + body.length });
  addLocal(add);
  addFar(add);
  return rows;
}

function addLocal(add: Add): void {
  add('beacon', `signed, a name of ${NAME.length} letters`, typicalBeacon(true), Flag.Signed);
  add('heartbeat', 'the longest', encode(Body.HeartbeatSchema, { digest: 2 ** 32 - 1, echo: 0xffff, heldMs: 16_383 }));
  for (const count of [1, 64])
    add(
      'hop ack',
      `${count} frame${count > 1 ? 's' : ''}`,
      encode(Body.HopAckSchema, { tokens: new Array<number>(count).fill(9) }),
    );
  add('drip', 'a state with all sensors and 4 neighbours', drip(2, encodeSnapshot(typicalState)));
  add('drip', 'a beat that answers for frames', drip(1, typicalBeat()));
  for (const count of [5, 20, 100]) add('drip hashes', `${count} nodes`, hashesOf(count));
  add(
    'drip request',
    'one item',
    encode(Body.DripRequestSchema, { entries: [{ source: nodeIdBytes(NODE), kind: 1, rank: 0n }] }),
  );
  add('records', 'a detection without vector, and its batch', recordsOf(false));
  add('records', 'a detection with its int8 vector of 512, and its batch', recordsOf(true));
  add('records', 'an erasure', tombstone());
  add('have', '10 records', encode(Body.HaveSchema, { entries: new Uint8Array(120).fill(1) }));
  add('want', '10 records', encode(Body.WantSchema, { keys: new Uint8Array(80).fill(1) }));
  add(
    'fingerprints',
    'of everything',
    encode(Body.FingerprintsSchema, { parts: [{ prefix: 0, bits: 0, count: 5_000, sum: 2n ** 63n }] }),
  );
}

function addFar(add: Add): void {
  const { Directed, Signed, AckWanted } = Flag;
  add(
    'alert',
    '60 bytes of JSON',
    encode(Body.AlertSchema, { type: 'intrusion', payload: new Uint8Array(60).fill(0x20), raisedAtMs: MS }),
  );
  const query = {
    space: HASH_32.subarray(24),
    int8: new Uint8Array(512).fill(3),
    scale: 0.01,
    k: 10,
    timeoutMs: 2_000,
  };
  add('search query', 'an int8 vector of 512', encode(Body.SearchQuerySchema, query));
  for (const count of [1, 10])
    add(
      'search answer',
      `${count} candidate${count > 1 ? 's' : ''}`,
      encode(Body.SearchAnswerSchema, { query: ID_14, candidates: candidates(count) }),
      Directed,
    );
  const hashes = Array.from({ length: 10 }, () => HASH_32.subarray(16));
  add(
    'score request',
    'a float32 vector of 512, 10 records',
    encode(Body.ScoreRequestSchema, { space: query.space, exact: new Uint8Array(2_048).fill(1), hashes }),
    Directed,
  );
  add(
    'score answer',
    '10 scores',
    encode(Body.ScoreAnswerSchema, { request: ID_14, scores: new Array<number>(10).fill(0.5) }),
    Directed,
  );
  add('message', 'flooded, 40 bytes of JSON', message('note', 40));
  add('message', 'flooded and signed, 40 bytes of JSON', message('note', 40), Signed);
  // With `ack wanted` the first attempt's sequence comes before the body.
  const attempt = (body: Uint8Array): Uint8Array => Uint8Array.from([0, 0, 0, 1, ...body]);
  add('message', 'directed, acknowledged, 40 bytes of JSON', attempt(message('note', 40)), Directed | AckWanted);
  add('query', 'acknowledged, 40 bytes of JSON', attempt(message('status', 40)), Directed | AckWanted);
  add('response', 'acknowledged, 40 bytes of JSON', attempt(message('status', 40, ID_14)), Directed | AckWanted);
  add('ack', 'delivered', encode(Body.AckSchema, { message: ID_14 }), Directed);
  const core = encode(Body.ParcelCoreSchema, {
    message: ID_14,
    to: ID_14.subarray(0, 8),
    type: FrameType.Message,
    priority: 2,
    lifeMs: 86_400_000,
    body: message('note', 40),
    madeAtMs: 1_767_225_600_000n,
  });
  const parcel = { core, publicKey: HASH_32, signature: new Uint8Array(64).fill(5), ageMs: 600_000 };
  add('parcel', '40 bytes of JSON', attempt(encode(Body.ParcelSchema, parcel)), Directed | AckWanted);
  const receipt = { message: ID_14, what: 1, node: ID_14.subarray(0, 8) };
  add('receipt', 'held', attempt(encode(Body.ReceiptSchema, receipt)), Directed | AckWanted);
  const offer = { message: ID_14, type: FrameType.Message, size: 5 << 20, chunkBytes: 16_384, digest: HASH_32 };
  const whole = { ...offer, ageMs: 1_000, lifeMs: 86_400_000 };
  add('offer', 'of 5 MiB', attempt(encode(Body.OfferSchema, whole)), Directed | AckWanted);
  const indexes = Array.from({ length: 10 }, (_, i) => 200 + i);
  add('chunk request', '10 chunks', encode(Body.ChunkRequestSchema, { message: ID_14, indexes, held: 190 }), Directed);
  const bytes = new Uint8Array(1_024).fill(6);
  add('chunk', '1,024 bytes', encode(Body.ChunkSchema, { message: ID_14, index: 200, bytes }), Directed);
  addTrace(add);
  add('proof request', 'of one frame', encode(Body.ProofRequestSchema, { message: ID_14 }), Directed);
  const { body, signature } = decode(Body.SignedBeatSchema, typicalBeat()) ?? { body: ID_14, signature: ID_14 };
  const beat = { body, signature };
  add(
    'proof',
    'one of 7 frames, with the beat',
    encode(Body.ProofSchema, { message: ID_14, leaf: HASH_32, index: 2, path: [HASH_32, HASH_32, HASH_32], beat }),
    Directed,
  );
}

function addTrace(add: Add): void {
  const step = { node: ID_14.subarray(0, 8), radio: 'udp:9999', rttUs: 1_400, cost: 13, quality: 1_000 };
  const token = ID_14.subarray(0, 8);
  add('trace probe', 'to one node', encode(Body.TraceProbeSchema, { token }), Flag.Directed);
  const steps = { came: step, next: step };
  add('trace reply', 'of a node on the way', encode(Body.TraceReplySchema, { token, hop: 2, ...steps }), Flag.Directed);
}

export const sizeTable = (rows: readonly FrameSize[]): string =>
  [
    '| frame | with | bytes |',
    '| --- | --- | --- |',
    ...rows.map(({ type, what, bytes }) => `| ${type} | ${what} | ${bytes.toLocaleString('en')} |`),
  ].join('\n');
