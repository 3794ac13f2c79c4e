// Writes src/wire/vectors/frames.json, the golden frames that every implementation is tested against, and compact.json, their
// short forms over slow air, from the compiled code in dist. With --check: changes nothing, fails when the result would differ.
//
// A frame is judged by a node with the id of SELF, frames of up to 65,535 bytes, and the tag key of the vector for the
// key epoch the frame names (none when tagKeyHex is empty). headerBytes and payloadBytes are 0 unless it is accepted.
// relayedHex: the copy a relay sends on. A short frame is read by a node that knows those of `known`; `fullHex` is absent where
// nobody it knows is meant, or what is said is malformed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Verdict } from '../dist/ports/hot-path.js';
import { aliasOf, compactFrame, expandFrame } from '../dist/wire/compact.js';
import { buildFrame, relayCopy, retag } from '../dist/wire/frame.js';
import { Flag } from '../dist/wire/header.js';

const SELF = 'a1a2a3a4a5a6a7a8';
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const OTHER_KEY = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 - i);

const hexOf = (bytes) => Buffer.from(bytes).toString('hex');
const bytesOf = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const frames = [];

function add(name, frame, verdict, { headerBytes = 0, payloadBytes = 0, key = KEY, relay = false } = {}) {
  frames.push({
    name,
    hex: hexOf(frame),
    tagKeyHex: hexOf(key),
    expect: { verdict, headerBytes, payloadBytes },
    ...(relay && { relayedHex: hexOf(relayCopy(frame, key)) }),
  });
}

const base = {
  version: 1,
  type: 24,
  flags: 0,
  priority: 2,
  ttl: 48,
  hops: 0,
  epoch: 0,
  source: '0102030405060708',
  saltHint: 0xabcd,
  sequence: 1,
};
const signature = Uint8Array.from({ length: 64 }, (_, i) => 255 - i);
const build = (fields = {}, payload = new Uint8Array(5).fill(0x70), key = KEY) => {
  const header = { ...base, ...fields };
  return buildFrame(header, payload, key, header.flags & Flag.Signed ? signature : undefined);
};
/** The frame with something changed and the tag renewed. */
const changed = (frame, change) => {
  const copy = frame.slice();
  change(copy);
  retag(copy, KEY);
  return copy;
};

// Composed by hand from docs/protocol.md; the tags were computed with an independent SipHash-2-4.
function byHand() {
  const cases = [
    ['broadcast of "hi"', '1018803000000102030405060708abcd000000016869', '11ee050270b4f671', 20, 2],
    [
      'directed, ack wanted, critical',
      '101b112f010011121314151617180001ffffffff212223242526272800010203',
      '6464b02b8b079f9f',
      28,
      4,
    ],
    ['heartbeat without content', '1002400000000102030405060708abcd80000000', '5a365d81d980ba3a', 20, 0],
  ];
  for (const [name, body, tag, headerBytes, payloadBytes] of cases)
    add(`by hand: ${name}`, bytesOf(body + tag), Verdict.Accept, { headerBytes, payloadBytes });
}

function combinations() {
  for (let bits = 0; bits < 64; bits++) {
    const has = (flag) => (bits & flag) !== 0;
    const fields = {
      flags: bits & (Flag.Signed | Flag.Sealed | Flag.AckWanted),
      sequence: 100 + bits,
      priority: bits % 4,
      hops: bits,
      ...(has(Flag.Fragment) && { fragment: { offset: 300, total: 305 } }),
      ...(has(Flag.Directed) && { destination: '1112131415161718' }),
      ...(has(Flag.Transmitter) && { transmitter: '2122232425262728' }),
    };
    const headerBytes =
      20 + (has(Flag.Fragment) ? 4 : 0) + (has(Flag.Directed) ? 8 : 0) + (has(Flag.Transmitter) ? 8 : 0);
    const names = Object.entries(Flag)
      .filter(([, flag]) => has(flag))
      .map(([flag]) => flag.toLowerCase());
    const name = `flags: ${names.join(', ') || 'none'}`;
    add(name, build(fields), Verdict.Accept, { headerBytes, payloadBytes: 5, relay: true });
  }
}

function lengths() {
  const plain = build();
  for (const length of [0, 1, 2, 5, 6, 19, 20, 27])
    add(`cut to ${length} bytes`, plain.subarray(0, length), Verdict.Truncated);
  for (const length of [28, plain.length - 1]) add(`cut to ${length} bytes`, plain.subarray(0, length), Verdict.Tag);
  const full = build({ flags: Flag.Signed, destination: SELF, transmitter: SELF, fragment: { offset: 0, total: 9 } });
  // All of its parts but the payload take 112 bytes.
  for (const length of [28, 31, 32, 39, 40, 47, 48, 110, 111, 112])
    add(`with every part, cut to ${length} bytes`, full.subarray(0, length), Verdict.Malformed);
  add('with every part, cut to 113 bytes', full.subarray(0, 113), Verdict.Tag);
  add('empty payload', build({}, new Uint8Array(0)), Verdict.Accept, { headerBytes: 20, payloadBytes: 0 });
  add('1,200 bytes of payload', build({}, new Uint8Array(1_200).fill(1)), Verdict.Accept, {
    headerBytes: 20,
    payloadBytes: 1_200,
  });
}

function versions() {
  for (const version of [0, 3, 4, 15]) add(`version ${version}`, build({ version }), Verdict.Version);
  const accepted = { headerBytes: 20, payloadBytes: 5, relay: true };
  add('version 2, the adjacent one', build({ version: 2 }), Verdict.Accept, accepted);
  add(
    'reserved bits of the first byte set',
    changed(build(), (f) => {
      f[0] = 0x1f;
    }),
    Verdict.Accept,
    accepted,
  );
  const spread = build({ flags: Flag.Spread | Flag.AckWanted, destination: '1112131415161718' });
  add('directed, to be flooded', spread, Verdict.Accept, { ...accepted, headerBytes: 28 });
  add('an unknown type', build({ type: 231 }), Verdict.Accept, accepted);
  add('255 hops', build({ hops: 255, ttl: 1 }), Verdict.Accept, accepted);
}

function fragments() {
  const of = (offset, total, length) => build({ fragment: { offset, total } }, new Uint8Array(length).fill(2));
  const good = (name, frame, payloadBytes) =>
    add(`fragment: ${name}`, frame, Verdict.Accept, { headerBytes: 24, payloadBytes });
  good('all of its message', of(0, 1, 1), 1);
  good('the last byte there can be', of(65_534, 65_535, 1), 1);
  good('up to the end', of(10, 20, 10), 10);
  for (const [name, frame] of [
    ['beyond the end', of(11, 20, 10)],
    ['beginning at the end', of(20, 20, 1)],
    ['of a message of no bytes', of(0, 0, 1)],
    ['empty', of(0, 5, 0)],
    ['far beyond the end', of(65_535, 1, 1)],
  ])
    add(`fragment: ${name}`, frame, Verdict.Malformed);
}

function tags() {
  add('tag under another key', build({}, undefined, OTHER_KEY), Verdict.Tag);
  add('key epoch 7, with its key', build({ epoch: 7 }), Verdict.Accept, { headerBytes: 20, payloadBytes: 5 });
  add('key epoch 7, unknown here', build({ epoch: 7 }), Verdict.Epoch, { key: new Uint8Array(0) });
  const plain = build();
  for (const at of [0, 1, 2, 3, 4, 6, 13, 14, 16, 19, 20, 24, 25, 32]) {
    // The lowest bit but one: it turns no version, no flag and no length into another verdict.
    const bit = at === 0 ? 1 : at === 2 ? 64 : 2;
    const bad = plain.slice();
    bad[at] ^= bit;
    add(`one bit changed in byte ${at}`, bad, Verdict.Tag);
  }
  add(
    'ttl lowered without a new tag',
    Uint8Array.from(plain, (byte, i) => (i === 3 ? byte - 1 : byte)),
    Verdict.Tag,
  );
  add("the judge's own frame", build({ source: SELF }), Verdict.Own);
  add("the judge's own frame, badly tagged", build({ source: SELF }, undefined, OTHER_KEY), Verdict.Tag);
}

byHand();
combinations();
lengths();
versions();
fragments();
tags();

const RELAY = '1112131415161718';
/** The same alias as the source. */
const TWIN = '0102ffffffffffff';
const known = [base.source, RELAY, TWIN];

function shortOf(name, fields, transmitter, wholeIds, change) {
  const full = build(fields);
  const short = compactFrame(full, transmitter, KEY, wholeIds);
  change?.(short);
  const read = expandFrame(short, (alias) => known.filter((node) => aliasOf(node) === alias), KEY);
  const said = 'frame' in read ? { fullHex: hexOf(read.frame), transmitter: read.transmitter } : {};
  return { name, hex: hexOf(short), ...said };
}

const shorts = [
  shortOf('from its source', {}, base.source, false),
  shortOf('from its source, whole ids', {}, base.source, true),
  shortOf('from a relay', { ttl: 46, hops: 2 }, RELAY, false),
  shortOf('a ttl of its own', { ttl: 3 }, base.source, false),
  shortOf('key epoch 7', { epoch: 7 }, base.source, false),
  shortOf('directed, from a relay', { destination: TWIN, ttl: 47, hops: 1 }, RELAY, false),
  shortOf('directed, whole ids', { destination: SELF }, base.source, true),
  shortOf('a fragment', { fragment: { offset: 200, total: 4096 } }, base.source, false),
  shortOf('signed', { flags: Flag.Signed }, base.source, false),
  shortOf('link-local', { type: 4, ttl: 0 }, base.source, false),
  shortOf('of the other node with this alias', { source: TWIN }, TWIN, false),
  shortOf('of a node that is not known', { source: SELF }, SELF, false),
  shortOf('one bit changed in its payload', {}, base.source, false, (short) => {
    short[12] ^= 1;
  }),
];

const written = {
  'frames.json': `${JSON.stringify({ self: SELF, frames }, undefined, 1)}\n`,
  'compact.json': `${JSON.stringify({ tagKeyHex: hexOf(KEY), known, frames: shorts }, undefined, 1)}\n`,
};
for (const [name, text] of Object.entries(written)) {
  const path = join(import.meta.dirname, '../src/wire/vectors', name);
  if (process.argv.includes('--check')) {
    if (readFileSync(path, 'utf8') !== text) {
      console.error(
        `vectors: src/wire/vectors/${name} is not what the code gives: run scripts/vectors.mjs and look at the difference`,
      );
      process.exit(1);
    }
    console.log(`vectors: src/wire/vectors/${name} is up to date`);
  } else {
    writeFileSync(path, text);
    console.log(`vectors: wrote ${name}`);
  }
}
