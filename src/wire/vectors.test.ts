import { readFileSync } from 'node:fs';
import test from 'ava';
import { fromHex, toHex } from '../core/bytes.js';
import { headerWith } from '../testing/builders.js';
import { buildFrame, payloadOf, relayCopy, signatureOf } from './frame.js';
import { effectiveFlags, headerBytes, MAX_FRAME_BYTES, readHeader, TAG_BYTES } from './header.js';
import { sipHash24 } from './siphash.js';

/** Numbers of src/ports/hot-path.ts, as the file has them. */
const ACCEPT = 0;
const TAG = 7;

interface Golden {
  readonly name: string;
  readonly hex: string;
  readonly tagKeyHex: string;
  readonly expect: { readonly verdict: number; readonly headerBytes: number; readonly payloadBytes: number };
  readonly relayedHex?: string;
}

const path = new URL('../../src/wire/vectors/frames.json', import.meta.url);
const { frames } = JSON.parse(readFileSync(path, 'utf8')) as { frames: Golden[] };
const bytesOf = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;
const accepted = frames.filter((frame) => frame.expect.verdict === ACCEPT);

test('the golden frames cover every verdict a frame alone can get, each under a name of its own', (t) => {
  t.is(new Set(frames.map((frame) => frame.name)).size, frames.length);
  t.deepEqual([...new Set(frames.map((frame) => frame.expect.verdict))].sort(), [0, 2, 4, 5, 6, 7, 8]);
  t.true(frames.length > 120);
});

test('every accepted golden frame has the parts its file says, and is built anew from them byte by byte', (t) => {
  for (const { name, hex, tagKeyHex, expect } of accepted) {
    const frame = bytesOf(hex);
    const header = readHeader(frame);
    const payload = payloadOf(frame);
    t.is(headerBytes(effectiveFlags(header)), expect.headerBytes, name);
    t.is(payload.length, expect.payloadBytes, name);
    const rebuilt = buildFrame(header, payload, bytesOf(tagKeyHex), signatureOf(frame));
    if (name.startsWith('reserved bits')) t.is(rebuilt[0], 0x11, 'reserved bits are sent as 0');
    else t.is(toHex(rebuilt), hex, name);
  }
});

test('relays send on exactly the copies in the file', (t) => {
  const relayed = accepted.filter((frame) => frame.relayedHex !== undefined);
  t.true(relayed.length >= 64);
  for (const { name, hex, tagKeyHex, relayedHex } of relayed)
    t.is(toHex(relayCopy(bytesOf(hex), bytesOf(tagKeyHex))), relayedHex as string, name);
});

test('the tag is good where the file says so, and nowhere where it says not', (t) => {
  for (const { name, hex, tagKeyHex, expect } of frames) {
    if (expect.verdict !== ACCEPT && expect.verdict !== TAG) continue;
    const frame = bytesOf(hex);
    const tag = new Uint8Array(TAG_BYTES);
    sipHash24(bytesOf(tagKeyHex), frame, 0, frame.length - TAG_BYTES, tag, 0);
    t.is(toHex(tag) === toHex(frame.subarray(-TAG_BYTES)), expect.verdict === ACCEPT, name);
    t.true(frame.length <= MAX_FRAME_BYTES);
  }
});

test('the frame composed by hand is the one the code builds', (t) => {
  const byHand = frames.find((frame) => frame.name === 'by hand: broadcast of "hi"') as Golden;
  const header = headerWith({ ttl: 48, saltHint: 0xabcd });
  const source = '0102030405060708' as typeof header.source;
  t.is(toHex(buildFrame({ ...header, source }, Uint8Array.of(0x68, 0x69), bytesOf(byHand.tagKeyHex))), byHand.hex);
});
