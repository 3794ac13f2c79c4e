import type { Datagrams } from '../ports/datagrams.js';
import type { HotPath, SearchHits, VectorIndex } from '../ports/hot-path.js';

const DIMENSION = 128;
/** Enough that an asynchronous search takes several turns of its thread. */
export const BUSY_ENTRIES = 20_000;
const BATCH = 2000;
const SEARCHES = 16;
const SELF = 0xa1a2a3a4a5a6a7a8n;
/** A broadcast of "hi", tagged with the bytes 0 to 15 (src/wire/vectors/frames.json). */
const FRAME = '1018803000000102030405060708abcd00000001686911ee050270b4f671';
const [ACCEPTED, DUPLICATE] = [0, 1];

/** Entry `key`'s vector: far from the others', and another for another seed. */
function vectorOf(seed: number, key: number, out: Float32Array): void {
  let state = (Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(key + 1, 0x85eb_ca6b)) >>> 0;
  for (let i = 0; i < DIMENSION; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = state / 2 ** 31 - 1;
  }
}

function fill(index: VectorIndex, seed: number): void {
  for (let from = 0; from < BUSY_ENTRIES; from += BATCH) {
    const vectors = new Float32Array(BATCH * DIMENSION);
    for (let i = 0; i < BATCH; i++) vectorOf(seed, from + i, vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION));
    index.upsert(
      BigUint64Array.from({ length: BATCH }, (_, i) => BigInt(from + i)),
      vectors,
    );
  }
}

/** Searches of an index of this module, under way; each resolves to hits of which the first is what `wanted` says. */
function search(index: VectorIndex, seed: number, round: number): { wanted: bigint; hits: Promise<SearchHits> }[] {
  return Array.from({ length: SEARCHES }, (_, i) => {
    const key = (round * 977 + i * 1237) % BUSY_ENTRIES;
    const query = new Float32Array(DIMENSION);
    vectorOf(seed, key, query);
    return { wanted: BigInt(key), hits: index.searchAsync(query, { k: 5 }) };
  });
}

function ingestOnce(hotPath: HotPath): string[] {
  const dedup = hotPath.dedup({ capacity: 100, ttlMs: 1000 });
  const ingest = hotPath.ingest({ dedup, routes: hotPath.routes({ capacity: 10 }), self: SELF, maxFrameBytes: 1500 });
  ingest.setKey(
    0,
    Uint8Array.from({ length: 16 }, (_, i) => i),
  );
  const frame = Uint8Array.from(FRAME.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const out = new Int32Array(4);
  const verdicts = [0, 1].map((now) => {
    ingest.run(frame, Uint32Array.of(0, frame.length), 1, now, out);
    return out[0];
  });
  return verdicts[0] === ACCEPTED && verdicts[1] === DUPLICATE ? [] : [`frames: verdicts ${verdicts.join()}`];
}

/** One datagram to itself and back. */
async function echo(datagrams: Datagrams, round: number): Promise<string[]> {
  const options = { family: 4, host: '127.0.0.1', port: 0, share: false, receiveBytes: 0, queueBytes: 4096 } as const;
  let resolve!: (byte: number | undefined) => void;
  const promise = new Promise<number | undefined>((settle) => {
    resolve = settle;
  });
  const socket = await datagrams.open(options, {
    batch: ({ slab }) => resolve(slab[0]),
    error: () => resolve(undefined),
  });
  socket.send(Uint8Array.of(round), '127.0.0.1', socket.port);
  const got = await promise;
  await socket.close();
  return got === round ? [] : [`socket: ${got} came for ${round}`];
}

/**
 * Uses index, dedup, ingest and sockets at once for some rounds, and leaves searches under way.
 * @returns what was wrong; nothing when all was as it must be
 */
export async function useEverything(
  hotPath: HotPath,
  datagrams: Datagrams,
  seed: number,
  rounds: number,
): Promise<{ faults: string[]; unfinished: Promise<unknown> }> {
  const index = hotPath.index({ dimension: DIMENSION, capacity: BUSY_ENTRIES });
  fill(index, seed);
  const faults: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const searches = search(index, seed, round);
    faults.push(...ingestOnce(hotPath), ...(await echo(datagrams, round)));
    for (const { wanted, hits } of searches) {
      const [first] = (await hits).keys;
      if (first !== wanted) faults.push(`index: ${first} came first, not ${wanted}`);
    }
  }
  if (index.size !== BUSY_ENTRIES) faults.push(`index: ${index.size} entries`);
  const left = [0, 1, 2].flatMap((round) => search(index, seed, rounds + round).map(({ hits }) => hits));
  return { faults, unfinished: Promise.all(left) };
}
