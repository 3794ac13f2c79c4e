import test from 'ava';
import { hlcOf } from '../core/hlc.js';
import { at, selfNamed, TEST_EPOCH_MS, testCrypto } from '../testing/builders.js';
import { parseBeat, signBeat } from '../trust/beat.js';
import { Body, decode } from '../wire/bodies.js';
import { overheadBytes } from '../wire/header.js';
import { type DripItem, DripKind, dripBody, sourceOf } from './drip-items.js';

const LORA_FRAME_BYTES = 255;
const author = selfNamed(1);

/** A beat with all that one can have in it, as large as it gets. */
function fullBeat(): DripItem {
  const commitment = {
    firstSequence: 0xfffffff0,
    lastSequence: 0xfffffffe,
    count: 100,
    root: new Uint8Array(32).fill(7),
  };
  const self = { ...author, boot: { ...author.boot, counter: 100_000 } };
  const time = { hlc: hlcOf(TEST_EPOCH_MS), clockMs: TEST_EPOCH_MS };
  const body = signBeat(testCrypto, self, 1_000, time, [author.id], commitment);
  return {
    kind: DripKind.Beat,
    source: author.id,
    saltHint: 0xffff,
    sequence: 0,
    rank: 1n,
    body,
    raisedAt: -86_400_000,
  };
}

const itemIn = (body: Uint8Array): Body.DripItem =>
  (decode(Body.DripSchema, body) as Body.Drip).items[0] as Body.DripItem;

test('a beat fits one LoRa frame when it drips over slow air, and still says whose it is', (t) => {
  const beat = fullBeat();
  const brief = dripBody([beat], at(0), true);
  t.true(brief.length + overheadBytes(0) <= LORA_FRAME_BYTES, `${brief.length + overheadBytes(0)}`);
  t.is(sourceOf(itemIn(brief)), author.id);
  t.deepEqual(parseBeat(itemIn(brief).body)?.beat.boot.salt, author.boot.salt);
});

test('elsewhere it says so where nothing needs to be parsed for it', (t) => {
  const item = itemIn(dripBody([fullBeat()], at(0)));
  t.is(item.source.length, 8);
  t.is(sourceOf({ ...item, body: new Uint8Array(0) }), author.id);
});

test('what says neither whose it is nor is a beat that does is nobody’s', (t) => {
  const item = itemIn(dripBody([fullBeat()], at(0), true));
  t.is(sourceOf({ ...item, kind: DripKind.State }), undefined);
  t.is(sourceOf({ ...item, body: item.body.subarray(3) }), undefined);
  t.is(sourceOf({ ...item, source: new Uint8Array(7) }), undefined);
});
