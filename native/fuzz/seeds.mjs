// Seeds of the fuzzers' corpora: `node native/fuzz/seeds.mjs FOLDER` writes FOLDER/frame, FOLDER/index and FOLDER/udp.
// The layouts are those at the head of each fuzzer.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node native/fuzz/seeds.mjs FOLDER');

const u16 = (value) => [value & 255, value >> 8];

function frameSeeds() {
  const { frames } = JSON.parse(readFileSync(join(root, 'src/wire/vectors/frames.json'), 'utf8'));
  const bodies = frames.map(({ hex }) => [...Buffer.from(hex, 'hex')]).filter((body) => body.length < 2048);
  const batch = (options, some) => [
    options,
    0,
    0,
    0,
    0,
    ...u16(some.length),
    ...some.flatMap((b) => [...u16(b.length), ...b]),
  ];
  // Each alone with its tag renewed, all of them as they are, all twice, and all trusted.
  return [
    ...bodies.map((body) => batch(1, [body])),
    batch(0, bodies.slice(0, 60)),
    batch(17, bodies.slice(0, 60)),
    batch(32 + 64, bodies.slice(0, 60)),
  ];
}

function indexSeeds() {
  // Some pseudo-random calls for each dimension, with a file and without, by both kinds of kernels.
  const seeds = [];
  for (let i = 0; i < 32; i++) {
    let state = i + 1;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
    const head = [...u16(i % 8), ...u16(299), next(), 0, i & 1, ...u16((i >> 3) & 1)];
    seeds.push([...head, ...Array.from({ length: 3000 }, next)]);
  }
  return seeds;
}

function udpSeeds() {
  const address = (family, host) => [0, family === 6 ? 1 : 0, ...u16(9999), host.length, ...Buffer.from(host)];
  const addresses = ['192.0.2.7', '0.0.0.0', '1.2.3.4.5', 'localhost'].map((host) => address(4, host));
  for (const host of ['::1', 'fe80::1%lo', 'ff02::1', '::ffff:1.2.3.4', 'fe80::1%nosuch'])
    addresses.push(address(6, host));
  const message = (segment, length) => [1, 0, ...u16(segment), ...u16(length), ...Array(length).fill(7)];
  // Control data that ends with its head: {length 16, SOL_UDP, UDP_GRO} and no number.
  const headless = [
    1,
    1,
    ...u16(16),
    16,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    17,
    0,
    0,
    0,
    104,
    0,
    0,
    0,
    ...u16(30),
    ...Array(30).fill(7),
  ];
  const received = (messages) => [1, ...u16(messages.length - 1), ...messages.flat(), ...u16(4), ...u16(100)];
  return [
    ...addresses,
    received([message(700, 2100)]),
    received([headless]),
    received([message(0, 0), message(-1, 10), message(1, 30), message(4000, 4999)]),
  ];
}

for (const [name, seeds] of Object.entries({ frame: frameSeeds(), index: indexSeeds(), udp: udpSeeds() })) {
  mkdirSync(join(folder, name), { recursive: true });
  seeds.forEach((seed, i) => {
    writeFileSync(join(folder, name, `seed-${i}`), Uint8Array.from(seed));
  });
}
