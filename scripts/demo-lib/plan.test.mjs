import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { decode } from 'cbor-x';
import { TETHER } from './agent-process.mjs';
import { cborBatch } from './cbor.mjs';
import { bytesText, table } from './table.mjs';
import { planMesh, radiosOf } from './topology.mjs';

test('every node of the plan has a name, a radio and somebody to talk to, and two have cameras', async () => {
  const { nodes, media } = await planMesh(12);
  assert.equal(new Set(nodes.map(({ name }) => name)).size, 12);
  assert.ok(nodes.every(({ radios }) => radios.length > 0));
  assert.ok(nodes.filter(({ camera }) => camera).length >= 2);
  assert.ok(media.every(({ members }) => members.length >= 2));
});

test('a node gets the radios of the media it is a member of, and no other', () => {
  const media = [
    { kind: 'udp', port: 1, members: [0, 1] },
    { kind: 'udp', port: 2, members: [1, 2] },
  ];
  assert.deepEqual(
    [0, 1, 2].map((index) => radiosOf(media, index)),
    [['udp:1@lo'], ['udp:1@lo', 'udp:2@lo'], ['udp:2@lo']],
  );
});

test('a batch carries its embeddings as float32 under tag 85', () => {
  const bytes = cborBatch([{ hash: 'ab', embedding: Float32Array.of(0.5, -1), observedAt: 1_795_000_000_000 }]);
  assert.ok(bytes.includes(Buffer.from([0xd8, 85, 0x48])), 'tag 85 before eight bytes');
  const [item] = decode(bytes);
  assert.deepEqual([...item.embedding], [0.5, -1]);
  assert.equal(item.observedAt, 1_795_000_000_000);
});

test('a table stands in columns, and bytes are readable', () => {
  const text = table(
    [{ title: 'NAME' }, { title: 'N', right: true }],
    [
      ['a', 10],
      ['longer', undefined],
    ],
  );
  assert.equal(text, 'NAME     N\na       10\nlonger');
  assert.deepEqual([999, 1_500, 2_000_000].map(bytesText), ['999 B', '1.5 kB', '2.0 MB']);
});

test('a tethered process ends, and takes what is temporary away, when the one that started it is killed', async () => {
  const above = mkdtempSync(join(tmpdir(), 'edge-agent-tether-'));
  const folder = join(above, 'data');
  mkdirSync(folder);
  // The parent starts a tethered child that would run for a minute, says its pid, and is killed.
  const parent = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['--import', ${JSON.stringify(TETHER)}, '-e', 'process.on("SIGTERM", () => process.exit()); setTimeout(() => {}, 60_000)'],
      { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: { ...process.env, TETHER_REMOVE: ${JSON.stringify(folder)} } });
    child.once('spawn', () => setTimeout(() => console.log(child.pid), 500));
    setTimeout(() => {}, 60_000);`;
  const started = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(started.stdout, 'data');
  const pid = Number(line);
  assert.doesNotThrow(() => process.kill(pid, 0), 'it runs');
  started.kill('SIGKILL');
  await once(started, 'exit');
  const isGone = () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  };
  for (let i = 0; i < 100 && !isGone(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(isGone(), 'it is gone');
  assert.equal(existsSync(above), false, 'and so is its folder');
});
