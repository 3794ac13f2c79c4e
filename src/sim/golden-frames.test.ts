import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { fromHex, toHex } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { createHotPath, describeHotPath } from '../native/hot-path.js';
import { type HotPath, HotPathKind, INGEST_STRIDE, Verdict } from '../ports/hot-path.js';
import { aliasOf, compactFrame, expandFrame } from '../wire/compact.js';
import { MAX_FRAME_BYTES, Offset } from '../wire/header.js';

interface Golden {
  readonly name: string;
  readonly hex: string;
  readonly tagKeyHex: string;
  readonly expect: { readonly verdict: number; readonly headerBytes: number; readonly payloadBytes: number };
}

const path = new URL('../../src/wire/vectors/frames.json', import.meta.url);
const golden = JSON.parse(readFileSync(path, 'utf8')) as { self: string; frames: Golden[] };

function judge(hotPath: HotPath, { hex, tagKeyHex }: Golden): Golden['expect'] {
  const frame = fromHex(hex) as Uint8Array;
  const dedup = hotPath.dedup({ capacity: 16, ttlMs: 1_000 });
  const routes = hotPath.routes({ capacity: 16, ttlMs: 1_000 });
  const ingest = hotPath.ingest({ dedup, routes, self: BigInt(`0x${golden.self}`), maxFrameBytes: MAX_FRAME_BYTES });
  if (tagKeyHex !== '') ingest.setKey(frame[Offset.Epoch] ?? 0, fromHex(tagKeyHex));
  const out = new Int32Array(INGEST_STRIDE);
  ingest.run(frame, Uint32Array.of(0, frame.length), 1, 0, out);
  const [verdict, headerBytes, payloadBytes] = out as unknown as [number, number, number];
  if (verdict === Verdict.Accept) return { verdict, headerBytes, payloadBytes };
  return { verdict, headerBytes: 0, payloadBytes: 0 };
}

function judgesAll(t: ExecutionContext, kind: HotPathKind): void {
  const hotPath = createHotPath({ kind });
  for (const frame of golden.frames) t.deepEqual(judge(hotPath, frame), frame.expect, frame.name);
}

test('the golden frames are judged as their file says by the JavaScript twin', (t) => judgesAll(t, HotPathKind.Js));

if (describeHotPath().kind === HotPathKind.Native)
  test('the golden frames are judged as their file says by the addon', (t) => judgesAll(t, HotPathKind.Native));
else
  test.skip('the golden frames are judged as their file says by the addon (skipped: it is not built here)', () => {});

interface GoldenShort {
  readonly name: string;
  readonly hex: string;
  readonly fullHex?: string;
  readonly transmitter?: NodeId;
}

const shortPath = new URL('../../src/wire/vectors/compact.json', import.meta.url);
const short = JSON.parse(readFileSync(shortPath, 'utf8')) as {
  tagKeyHex: string;
  known: NodeId[];
  frames: GoldenShort[];
};
const shortKey = fromHex(short.tagKeyHex) as Uint8Array;

test('the golden short frames are read as their file says, or not at all', (t) => {
  for (const { name, hex, fullHex, transmitter } of short.frames) {
    const knownAs = (alias: number): NodeId[] => short.known.filter((node) => aliasOf(node) === alias);
    const read = expandFrame(fromHex(hex) as Uint8Array, knownAs, shortKey);
    if (!('frame' in read)) t.is(fullHex, undefined, name);
    else t.deepEqual([toHex(read.frame), read.transmitter], [fullHex, transmitter], name);
  }
});

test('a full frame has the golden short form, where its transmitter sends it', (t) => {
  for (const { name, hex, fullHex, transmitter } of short.frames) {
    if (fullHex === undefined || transmitter === undefined) continue;
    const full = fromHex(fullHex) as Uint8Array;
    const forms = [true, false].map((whole) => toHex(compactFrame(full, transmitter, shortKey, whole) as Uint8Array));
    t.true(forms.includes(hex), name);
  }
});
