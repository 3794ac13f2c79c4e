import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { decode } from 'cbor-x';
import { TETHER } from './agent-process.mjs';
import { cableTrouble, startCarriers } from './carriers.mjs';
import { cborBatch } from './cbor.mjs';
import { strayLinks } from './findings.mjs';
import { summaryText } from './summary.mjs';
import { bytesText, table } from './table.mjs';
import { BAUD, carriersOf, lineText, NODES, planMesh } from './topology.mjs';

const FOLDER = '/run/demo';
const kindsOf = ({ media }) => media.map(({ kind }) => kind);

test('every node of the plan has a name, a radio and somebody to talk to, and two have cameras', async () => {
  for (let count = NODES.min; count <= NODES.max; count++) {
    const { nodes, media } = await planMesh(count, { folder: FOLDER });
    assert.equal(new Set(nodes.map(({ name }) => name)).size, count);
    assert.ok(nodes.every(({ radios, neighbours }) => radios.length > 0 && neighbours.size > 0));
    assert.ok(nodes.filter(({ camera }) => camera).length >= 2);
    assert.ok(media.every(({ members }) => members.length >= 2));
  }
});

test('from four nodes on the mesh falls apart without any one of its radios', async () => {
  for (const count of [4, 5, 6, NODES.max]) {
    const plan = await planMesh(count, { folder: FOLDER });
    assert.deepEqual([...new Set(kindsOf(plan))], ['ble', 'serial', 'udp']);
    for (const kind of ['ble', 'serial', 'udp']) {
      const rest = plan.media.filter((medium) => medium.kind !== kind);
      const reached = new Set([0]);
      for (let i = 0; i < count; i++) {
        for (const { members } of rest)
          if (members.some((at) => reached.has(at))) for (const at of members) reached.add(at);
      }
      assert.ok(reached.size < count, `${count} nodes do not need ${kind}`);
    }
  }
});

test('five nodes are the line BLE, BLE, serial, UDP, and the one in the middle has one controller for both links', async () => {
  const plan = await planMesh(5, { folder: FOLDER });
  assert.equal(lineText(plan), 'gate ─ble─ yard ─ble─ roof ─serial─ dock ─udp─ hall');
  assert.deepEqual(plan.nodes[1].radios, ['ble:unix:/run/demo/n2.sock']);
  assert.deepEqual(plan.nodes[2].radios, ['ble:unix:/run/demo/n3.sock', `serial:/run/demo/tty-3-4-n3@${BAUD}`]);
  assert.deepEqual(
    [...plan.nodes[2].neighbours],
    [
      [1, 'ble'],
      [3, 'serial'],
    ],
  );
  assert.deepEqual(carriersOf(plan.media, FOLDER), {
    sockets: ['/run/demo/n1.sock', '/run/demo/n2.sock', '/run/demo/n3.sock'],
    reach: ['n1-n2', 'n2-n3'],
    cables: [['/run/demo/tty-3-4-n3', '/run/demo/tty-3-4-n4']],
  });
});

test('what cannot be had becomes UDP, each edge on a port of its own, so that it stays a line', async () => {
  const lacking = new Set(['ble', 'serial']);
  const plan = await planMesh(5, { folder: FOLDER, lacking });
  assert.deepEqual(kindsOf(plan), ['udp', 'udp', 'udp', 'udp']);
  assert.deepEqual(
    plan.media.map(({ wanted }) => wanted),
    ['ble', 'ble', 'serial', 'udp'],
  );
  assert.equal(new Set(plan.media.map(({ port }) => port)).size, 4);
  assert.deepEqual(
    plan.nodes.map(({ radios }) => radios.length),
    [1, 2, 2, 2, 1],
  );
  assert.deepEqual(carriersOf(plan.media, FOLDER), { sockets: [], reach: [], cables: [] });
});

test('a link that nobody planned is named, by its kind, too', async () => {
  const plan = await planMesh(4, { folder: FOLDER });
  const nodes = plan.nodes.map(({ name, neighbours }, index) => ({
    name,
    nodeId: `id-${index}`,
    direct: [...neighbours].map(([at, kind]) => ({ nodeId: `id-${at}`, kind })),
  }));
  assert.deepEqual(strayLinks(nodes, plan), []);
  nodes[0].direct.push({ nodeId: 'id-3', kind: 'udp' });
  nodes[2].direct.push({ nodeId: 'id-1', kind: 'udp' });
  nodes[3].direct.push({ nodeId: 'stranger', kind: 'udp' });
  assert.deepEqual(strayLinks(nodes, plan), [
    'gate has a link to dock by udp',
    'roof has a link to yard by udp',
    'dock has a link to stranger by udp',
  ]);
});

test('the summary shows the bytes of each node by radio, and where a node has none, nothing', () => {
  const radio = (kind, bytesIn, bytesOut) => ({ kind, bytesIn, bytesOut });
  const node = (name, radios) => ({
    name,
    nodeId: 'id',
    peers: 1,
    pushed: 0,
    held: 0,
    alertsHeard: 0,
    url: 'u',
    radios,
  });
  const total = (kind) => ({ radio: kind, links: 1, framesOut: 0, bytesOut: 0, framesIn: 0, bytesIn: 0 });
  const text = summaryText({
    nodes: [node('a', [radio('ble', 1_500, 2_500)]), node('b', [radio('udp', 1, 2), radio('udp', 10, 20)])],
    radios: [total('ble'), total('udp')],
    searches: { asked: 0, answered: 0, medianMs: 0 },
    alerts: { raised: 0 },
    checks: [],
    faults: [],
    faultCount: 0,
    seconds: 1,
  });
  const [, head, first, second] = text.split('\n');
  assert.match(head, /BLE IN \/ OUT +UDP IN \/ OUT +DASHBOARD/);
  assert.match(first, /^a .* 0 +1\.5 kB \/ 2\.5 kB +u$/);
  assert.match(second, /^b .* 0 +11 B \/ 22 B +u$/);
});

test('a cable joins two device files until it is stopped', { skip: cableTrouble() }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-cable-'));
  const ends = ['a', 'b'].map((name) => join(folder, name));
  const [cable] = await startCarriers({ sockets: [], reach: [], cables: [ends] });
  const [far, near] = await Promise.all(ends.map((path) => open(path, 'r+')));
  await near.write('over');
  const { buffer, bytesRead } = await far.read(Buffer.alloc(16), 0, 16);
  assert.equal(buffer.toString('latin1', 0, bytesRead), 'over');
  await Promise.all([far.close(), near.close()]);
  await cable.stop();
  assert.notEqual(cable.ended, undefined);
  rmSync(folder, { recursive: true });
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
