import { createHotPath } from 'edge-agent/hot-path';
import { sipHash24 } from '../../../dist/wire/siphash.js';
import { FRAME_BYTES, FrameSlab, KEY, nodeId, PlainIngest } from '../hot/frames.mjs';
import { timed } from '../hot/interleave.mjs';
import { hotPathText, jsHotPath } from '../hot/ours.mjs';
import { SEED } from '../hot/settings.mjs';
import { median } from '../statistics.mjs';

const DESTINATIONS = 5_000;
const DEDUP_CAPACITY = 10_000;
const TTL_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;
/** Frames of a sample; a repeated one is then always among those remembered. */
const FRAMES = 4_096;
const BATCHES = [16, 64];
const ROUNDS = { quick: 40, full: 200 };
const WORDS = 4;
const SELF = nodeId(999_999);
const Peer = { Plain: 'JavaScript', Tagged: 'JavaScript with tag' };

function enginesOf(hotPath, trusted) {
  const make = (batch) => {
    const dedup = hotPath.dedup({ capacity: DEDUP_CAPACITY, ttlMs: TTL_MS });
    const routes = hotPath.routes({ capacity: DESTINATIONS, ttlMs: TTL_MS });
    for (let i = 0; i < DESTINATIONS; i++) routes.offer(nodeId(i), nodeId(i + 1), i % 8, 1, NOW_MS);
    const ingest = hotPath.ingest({ dedup, routes, self: SELF, maxFrameBytes: 1_400, trusted });
    ingest.setKey(0, KEY);
    const out = new Int32Array(batch * WORDS);
    // A socket gives each batch with its offsets; making a view of them is no part of what is measured.
    const starts = Array.from({ length: FRAMES / batch }, (_, i) =>
      Uint32Array.from({ length: batch + 1 }, (_, j) => (i * batch + j) * FRAME_BYTES),
    );
    return ({ bytes }) => {
      let sum = 0;
      for (const offsets of starts) {
        ingest.run(bytes, offsets, batch, NOW_MS, out);
        for (let i = 3; i < out.length; i += WORDS) sum += out[i];
      }
      return sum;
    };
  };
  return BATCHES.map((batch) => [`batch ${batch}`, make(batch)]);
}

function plainEngine(sipHash) {
  const routes = Array.from({ length: DESTINATIONS }, (_, i) => [
    nodeId(i),
    { link: i % 8, expiresAtMs: NOW_MS + TTL_MS },
  ]);
  const ingest = new PlainIngest({ capacity: DEDUP_CAPACITY, routes, self: SELF, sipHash });
  return ({ bytes, count }) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += ingest.take(bytes.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES), NOW_MS);
    return sum;
  };
}

async function measure({ quick, say }) {
  const hotPath = createHotPath();
  const [small, large] = enginesOf(hotPath, true);
  const [tagged, taggedLarge] = enginesOf(hotPath, false);
  const engines = new Map([
    small,
    large,
    ['tagged', tagged[1]],
    ['tagged large', taggedLarge[1]],
    ['twin', enginesOf(jsHotPath(), true)[0][1]],
    ['twin tagged', enginesOf(jsHotPath(), false)[0][1]],
    [Peer.Plain, plainEngine()],
    [Peer.Tagged, plainEngine(sipHash24)],
  ]);
  const samples = Object.fromEntries([...engines.keys()].map((name) => [name, []]));
  const slab = new FrameSlab(FRAMES, DESTINATIONS, SEED, sipHash24);
  say('frames, through each in turn …');
  for (let round = 0; round < ROUNDS[quick ? 'quick' : 'full']; round++) {
    slab.renew();
    const sums = new Set();
    for (const [name, run] of engines) {
      const { cpuUs, value } = timed(() => run(slab));
      samples[name].push((cpuUs * 1e3) / FRAMES);
      sums.add(value);
    }
    if (sums.size > 1) throw new Error(`they disagree on where frames go: ${[...sums].join(', ')}`);
  }
  const figure = (name) => `${Math.round(median(samples[name]))} ns`;
  return {
    samples: samples[small[0]],
    peers: { [Peer.Plain]: samples[Peer.Plain], [Peer.Tagged]: samples[Peer.Tagged] },
    also: { 'tag checked ÷ JavaScript with tag': median(samples.tagged) / median(samples[Peer.Tagged]) },
    note: [
      `${hotPathText(hotPath)}, ${FRAME_BYTES} bytes a frame, batches of ${BATCHES[0]}; of ${BATCHES[1]} ${figure(large[0])}`,
      `with the tag checked ${figure('tagged')}, of ${BATCHES[1]} ${figure('tagged large')}`,
      `JavaScript twin ${figure('twin')}, with the tag ${figure('twin tagged')}`,
    ].join('; '),
  };
}

export const bench = {
  id: 'datagram',
  what: 'CPU time of a frame from shape to next link: dedup, a route of 5,000; one in four is a repetition',
  unit: 'ns',
  target: { most: 0.125, of: Peer.Plain, also: { 'tag checked ÷ JavaScript with tag': { most: 0.125 } } },
  measure,
};
