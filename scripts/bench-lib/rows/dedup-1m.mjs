import { createHotPath } from 'edge-agent/hot-path';
import { arrayDedup, lruDedup, mapDedup } from '../hot/dedup-peers.mjs';
import { timed } from '../hot/interleave.mjs';
import { jsHotPath } from '../hot/ours.mjs';
import { peersOf } from '../hot/peers.mjs';
import { Stream } from '../hot/random.mjs';
import { SEED } from '../hot/settings.mjs';
import { median } from '../statistics.mjs';

const CAPACITY = 1_000_000;
const TTL_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;
const BATCH = 64;
/** Batches timed as one: a few microseconds would drown in the clock's. */
const BATCHES = 256;
const ROUNDS = { quick: 15, full: 60 };
const ID_BYTES = 16;
const LRU = 'lru-cache with ttl';

/** Id number `index`; the same number is the same id. */
function writeId(stream, index, ids, at) {
  const words = new Int32Array(ids.buffer, ids.byteOffset + at, ID_BYTES / 4);
  words[0] = stream.start(SEED, 1, index);
  for (let w = 1; w < words.length; w++) words[w] = stream.next();
}

/** As many ids, of which every second was there before, anywhere among the last `CAPACITY` / 2. */
function* rounds(count) {
  const stream = new Stream();
  const choice = new Stream();
  choice.start(SEED, 2, 0);
  const ids = Buffer.alloc(BATCH * BATCHES * ID_BYTES);
  let next = CAPACITY;
  for (let round = 0; round < count; round++) {
    for (let i = 0; i < BATCH * BATCHES; i++) {
      const isSeen = (choice.next() & 1) === 1;
      writeId(stream, isSeen ? next - 1 - (choice.next() % (CAPACITY / 2)) : next++, ids, i * ID_BYTES);
    }
    yield ids;
  }
}

function fill(cache) {
  const stream = new Stream();
  const ids = Buffer.alloc(BATCH * ID_BYTES);
  const out = new Uint8Array(BATCH);
  for (let index = 0; index < CAPACITY; index += BATCH) {
    for (let i = 0; i < BATCH; i++) writeId(stream, index + i, ids, i * ID_BYTES);
    cache.seenMany(ids, NOW_MS, out);
  }
}

/** How many of the ids were new. */
function pass(cache, ids, out) {
  let fresh = 0;
  for (let at = 0; at < ids.length; at += BATCH * ID_BYTES)
    fresh += cache.seenMany(ids.subarray(at, at + BATCH * ID_BYTES), NOW_MS, out);
  return fresh;
}

async function measure(context) {
  const peers = await peersOf(context);
  const options = { capacity: CAPACITY, ttlMs: TTL_MS };
  const ours = createHotPath().dedup(options);
  const arrays = arrayDedup(options);
  const caches = { ours, twin: jsHotPath().dedup(options), 'typed arrays': arrays, Map: mapDedup(options) };
  const lru = peers.get('lru-cache');
  if (lru !== undefined) caches[LRU] = lruDedup(lru.open, options);
  const samples = Object.fromEntries(Object.keys(caches).map((name) => [name, []]));
  context.say('a million ids in each …');
  for (const cache of Object.values(caches)) fill(cache);
  const out = new Uint8Array(BATCH);
  for (const ids of rounds(ROUNDS[context.quick ? 'quick' : 'full'])) {
    const fresh = {};
    for (const [name, cache] of Object.entries(caches)) {
      const { cpuUs, value } = timed(() => pass(cache, ids, out));
      fresh[name] = value;
      samples[name].push((cpuUs * 1e3) / (BATCH * BATCHES));
    }
    if (new Set(Object.values(fresh)).size > 1)
      throw new Error(`they disagree on what is new: ${JSON.stringify(fresh)}`);
  }
  const bytes = ours.bytes / CAPACITY;
  const texts = [
    `${bytes.toFixed(1)} bytes an entry (typed arrays ${(arrays.bytes / CAPACITY).toFixed(1)})`,
    `JavaScript twin ${Math.round(median(samples.twin))} ns`,
    peers.missing('lru-cache'),
  ];
  const { ours: own, twin: _, ...others } = samples;
  return { samples: own, peers: others, also: { 'bytes an entry': bytes }, note: texts.filter(Boolean).join('; ') };
}

export const bench = {
  id: 'dedup-1m',
  what: 'CPU time of asking for an id of 16 bytes among a million, half of them seen before, in batches of 64',
  unit: 'ns',
  target: { most: Number((1 / 14).toFixed(3)), of: LRU, also: { 'bytes an entry': { most: 32 } } },
  measure,
};
