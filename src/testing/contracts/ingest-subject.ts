import { type FrameIngest, type HotPath, INGEST_STRIDE, Verdict } from '../../ports/hot-path.js';
import { toBatch } from '../hot-path-frames.js';

export const SELF = 0xa1a2a3a4a5a6a7a8n;
export const TAG_KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 7 + 1);

/** Records of a run, one list for each frame. */
export function runAll(ingest: FrameIngest, frames: readonly Uint8Array[], nowMs = 0): number[][] {
  const { slab, offsets, count } = toBatch(frames);
  const out = new Int32Array(count * INGEST_STRIDE).fill(-77);
  const accepted = ingest.run(slab, offsets, count, nowMs, out);
  const records = frames.map((_, i) => [...out.subarray(i * INGEST_STRIDE, (i + 1) * INGEST_STRIDE)]);
  if (accepted !== records.filter(([verdict]) => verdict === Verdict.Accept).length) throw new Error('miscounted');
  return records;
}

export function openIngest(hotPath: HotPath, maxFrameBytes = 1_500) {
  const dedup = hotPath.dedup({ capacity: 1_000, ttlMs: 10_000 });
  const routes = hotPath.routes({ capacity: 100, ttlMs: 10_000 });
  const ingest = hotPath.ingest({ dedup, routes, self: SELF, maxFrameBytes });
  ingest.setKey(0, TAG_KEY);
  return { dedup, routes, ingest };
}
