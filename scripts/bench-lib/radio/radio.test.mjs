import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { cableTrouble } from '../../demo-lib/carriers.mjs';
import { BITS_PER_BYTE, pacedLine } from '../paced-line.mjs';
import { Conversation } from './conversation.mjs';
import { detailsOf, noteOf } from './measure.mjs';

/** Two ends joined by a carrier that loses every `everyth` frame of the near one. `isFull`: by how often it was tried. */
function pair({ everyth = Number.POSITIVE_INFINITY, isFull = () => false } = {}) {
  let [sent, tries] = [0, 0];
  const near = new Conversation((bytes) => {
    if (isFull(++tries)) return false;
    if (++sent % everyth !== 0) setImmediate(() => far.heard(new Uint8Array(bytes)));
    return true;
  });
  const far = new Conversation((bytes) => {
    setImmediate(() => near.heard(new Uint8Array(bytes)));
    return true;
  });
  return near;
}

test('a flow counts what arrived, each anew', async () => {
  let refused = 0;
  const near = pair({ isFull: (tries) => tries % 3 === 0 && ++refused > 0 });
  for (let i = 0; i < 2; i++) {
    const { frames, lost, ms } = await near.flow(64, 100, 32);
    assert.ok(frames > 0);
    assert.equal(lost, 0);
    assert.ok(ms > 0);
  }
  assert.ok(refused > 0);
});

test('what a carrier loses is counted and does not stop the flow', async () => {
  const near = pair({ everyth: 10 });
  let [all, missing] = [0, 0];
  for (let i = 0; i < 2; i++) {
    const { frames, lost } = await near.flow(64, 100, 32);
    all += frames + lost;
    missing += lost;
  }
  assert.equal(missing, Math.floor(all / 10));
});

test('each question has its own answer, and one that is lost has none', async () => {
  const all = await pair().ask(200, 100);
  assert.equal(all.lost, 0);
  assert.ok(all.times.length > 0 && all.times.every((ms) => ms >= 0));
  // The fifth is lost, and waiting for its answer is the end of the time.
  const { times, lost } = await pair({ everyth: 5 }).ask(200, 900);
  assert.deepEqual([times.length, lost], [4, 1]);
});

test('a paced line delivers every byte in order, and not before a UART would', { skip: cableTrouble() }, async () => {
  const [baud, count] = [115_200, 1_152];
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-line-'));
  const ends = ['a', 'b'].map((name) => join(folder, name));
  const line = await pacedLine(ends, baud);
  const [near, far] = await Promise.all(ends.map((path) => open(path, 'r+')));
  const bytes = Uint8Array.from({ length: count }, (_, index) => index % 251);
  const started = performance.now();
  await near.write(bytes);
  const heard = Buffer.alloc(count);
  for (let at = 0; at < count; ) at += (await far.read(heard, at)).bytesRead;
  const leastMs = (count * BITS_PER_BYTE * 1_000) / baud;
  assert.deepEqual([...heard], [...bytes]);
  assert.ok(performance.now() - started >= leastMs - 1, `faster than ${leastMs} ms`);
  await Promise.all([near.close(), far.close()]);
  await line.stop();
  rmSync(folder, { recursive: true });
});

test('the figures of a link are told for people and for programs', () => {
  const figures = { kbPerS: [10, 30, 20], cpuUs: [5], times: [1, 2, 9], lost: 1 };
  const results = {
    own: { frameBytes: 1_024, small: figures, full: figures },
    bare: { frameBytes: 244, small: figures, full: { ...figures, lost: 0 } },
  };
  assert.match(noteOf(results), /^ours: 1024 B: 20 kB\/s, 5 µs CPU a frame, round trip 2 ms, p99 9, 1 lost; 200 B: /);
  assert.deepEqual(detailsOf(results).bare['244 B'], {
    kbPerS: 20,
    cpuUsPerFrame: 5,
    roundTripMs: { p50: 2, p99: 9, samples: 3 },
    lost: 0,
  });
});
