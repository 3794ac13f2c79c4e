import test from 'ava';
import fc from 'fast-check';
import { type NodeId, nodeIdBytes } from '../core/ids.js';
import { anyHeader, anyNodeId, anyPayload } from '../testing/arbitraries.js';
import { headerWith } from '../testing/builders.js';
import { aliasOf, CANDIDATES_MAX, compactFrame, expandFrame, isCompact, type Unread } from './compact.js';
import { buildFrame, relayCopy, retag } from './frame.js';
import { FrameType } from './frame-types.js';
import { effectiveFlags, Flag, type Header, readHeader, TAG_BYTES } from './header.js';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const [ALICE, BOB, CAROL] = ['a11ce00000000001', 'b0b0000000000002', 'ca50100000000003'] as [NodeId, NodeId, NodeId];
const TWIN = 'a11ce00000000009' as NodeId;

const known =
  (...nodes: NodeId[]) =>
  (alias: number): NodeId[] =>
    nodes.filter((node) => aliasOf(node) === alias);

const signature = new Uint8Array(64).fill(7);

function frameOf({ transmitter: _, ...header }: Header, payload: Uint8Array): Uint8Array {
  return buildFrame(header, payload, KEY, effectiveFlags(header) & Flag.Signed ? signature : undefined);
}

const shortOf = (frame: Uint8Array, transmitter: NodeId, whole = false): Uint8Array =>
  compactFrame(frame, transmitter, KEY, whole) as Uint8Array;

const message = (fields: Partial<Header> = {}): Header =>
  headerWith({ type: FrameType.Message, source: ALICE, ttl: 48, hops: 0, epoch: 0, saltHint: 0x1234, ...fields });

test('every full frame comes back from its short form, with who transmitted it', (t) => {
  fc.assert(
    fc.property(anyHeader, anyPayload, anyNodeId, fc.boolean(), fc.boolean(), (any, payload, other, own, whole) => {
      const header = { ...any, flags: any.flags & ~Flag.Spread };
      const frame = frameOf(header, payload);
      const transmitter = own ? header.source : other;
      const short = shortOf(frame, transmitter, whole);
      t.true(isCompact(short));
      t.false(isCompact(frame));
      t.true(whole || short.length < frame.length);
      const ids = whole ? [transmitter] : [header.source, transmitter, header.destination ?? header.source];
      t.deepEqual(expandFrame(short, known(...new Set(ids)), KEY), { frame, transmitter });
    }),
  );
});

test('what is to be flooded for one node has no short form, and goes as it is', (t) => {
  const frame = frameOf(message({ destination: CAROL, flags: Flag.Spread }), Uint8Array.of(1));
  t.is(compactFrame(frame, ALICE, KEY, false), undefined);
  t.is(readHeader(relayCopy(frame, KEY)).flags, Flag.Directed | Flag.Spread);
});

test('a broadcast has 20 bytes around its payload, and 22 when another node passes it on', (t) => {
  const payload = new Uint8Array(40).fill(9);
  const frame = frameOf(message(), payload);
  t.is(shortOf(frame, ALICE).length - payload.length, 20);
  t.is(shortOf(relayCopy(frame, KEY), BOB).length - payload.length, 22);
});

test('the bytes are where the protocol puts them', (t) => {
  const relayed = relayCopy(frameOf(message({ sequence: 0x01020304, priority: 2 }), Uint8Array.of(0xff)), KEY);
  const short = shortOf(relayed, BOB);
  const expected = [0xc2, FrameType.Message, 0x80, 1, 0xa1, 0x1c, 0xb0, 0xb0, 0x12, 0x34, 1, 2, 3, 4, 0xff];
  t.deepEqual([...short.subarray(0, -TAG_BYTES)], expected);
  const odd = shortOf(frameOf(message({ ttl: 3, hops: 1, epoch: 5, destination: CAROL }), new Uint8Array(0)), ALICE);
  t.deepEqual([...odd.subarray(0, 8)], [0xcc, FrameType.Message, odd[2], 1, 0xa1, 0x1c, 0xca, 0x50]);
  t.deepEqual([...odd.subarray(8, -TAG_BYTES)], [0x12, 0x34, ...odd.subarray(10, 14), 5, 3]);
});

test('of several nodes with one alias the tag tells which is meant', (t) => {
  const frame = frameOf(message({ destination: TWIN }), Uint8Array.of(1, 2, 3));
  const short = shortOf(frame, BOB);
  t.deepEqual(expandFrame(short, known(TWIN, ALICE, BOB), KEY), { frame, transmitter: BOB });
});

test('an alias that stands for nobody known is named and not guessed', (t) => {
  const short = shortOf(frameOf(message(), Uint8Array.of(1)), BOB);
  const asked: Unread = { aliases: [aliasOf(ALICE), aliasOf(BOB)] };
  t.deepEqual(expandFrame(short, known(), KEY), asked);
  t.deepEqual(expandFrame(short, known(BOB), KEY), asked);
  t.deepEqual(expandFrame(short, known(TWIN, BOB), KEY), asked, 'another node of the same alias');
  const many = Array.from({ length: CANDIDATES_MAX + 1 }, (_, i) => `a11ce0000000000${i}` as NodeId);
  t.deepEqual(expandFrame(short, known(...many, BOB), KEY), asked, 'too many to try');
});

test('whoever changes a byte, the transmitter among them, is found out', (t) => {
  const short = shortOf(frameOf(message(), Uint8Array.of(1, 2, 3)), BOB);
  const nodes = known(ALICE, BOB, CAROL, TWIN);
  for (let at = 0; at < short.length; at++)
    for (const bit of [1, 16, 128]) {
      const changed = short.slice();
      changed[at] = (changed[at] as number) ^ bit;
      t.false('frame' in expandFrame(changed, nodes, KEY), `byte ${at}`);
    }
  const carol = short.slice();
  carol.set(nodeIdBytes(CAROL).subarray(0, 2), 6);
  t.false('frame' in expandFrame(carol, nodes, KEY));
});

test('any bytes are read without an error, and nothing without its tag is taken', (t) => {
  const any = fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => {
    bytes[0] = 0xc0 | ((bytes[0] as number) & 15);
    return bytes;
  });
  fc.assert(
    fc.property(any, (bytes) => {
      t.false('frame' in expandFrame(bytes, () => [ALICE, BOB], KEY));
    }),
  );
});

test('a frame that names its transmitter already has no short form', (t) => {
  const frame = buildFrame(message({ transmitter: BOB }), Uint8Array.of(1), KEY);
  t.is(compactFrame(frame, ALICE, KEY, false), undefined);
  const next = frameOf(message(), Uint8Array.of(1));
  next[0] = 0x20;
  retag(next, KEY);
  t.is(compactFrame(next, ALICE, KEY, false), undefined, 'of another version');
});
