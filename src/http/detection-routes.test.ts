import { connect } from 'node:net';
import test from 'ava';
import { Encoder } from 'cbor-x';
import { call } from '../testing/http-client.js';
import { startedBy } from '../testing/http-face.js';
import * as limits from './limits.js';
import * as detections from './schema/detections.js';
import { problem } from './schema/problem.js';
import { createHttpServer } from './server.js';

const HASH = 'ab'.repeat(16);
const vector = (fill = 0.5): number[] => Array.from({ length: 512 }, () => fill);
const start = startedBy({ open: createHttpServer, closeGraceMs: limits.CLOSE_GRACE_MS, problem });

test('a detection is pushed, looked up, listed, found and erased', async (t) => {
  const { api, refused } = await start(t);
  const pushed = await call(`${api}/detections`, {
    body: { hash: HASH, type: 'person', embedding: vector(), metadata: { zone: 3 } },
  });
  t.deepEqual(
    [pushed.status, detections.pushResult.parse(pushed.json)],
    [202, { accepted: 1, duplicates: 0, rejected: [] }],
  );
  const found = detections.detectionLookup.parse((await call(`${api}/detections/${HASH.toUpperCase()}`)).json);
  t.deepEqual([found.hash, found.detections.length, found.metadata], [HASH, 1, { zone: 3 }]);
  t.is(detections.detectionPage.parse((await call(`${api}/detections?type=person&limit=5`)).json).detections.length, 1);
  const answer = await call(`${api}/search`, { body: { embedding: vector(), k: 3, scope: 'local' } });
  t.is(detections.searchAnswer.parse(answer.json).results[0]?.hash, HASH);
  t.deepEqual((await call(`${api}/detections/${HASH}`, { method: 'DELETE' })).json, { erased: 1 });
  await refused(`detections/${HASH}`, {}, 410, 'detection.erased');
  await refused(`detections/${'cd'.repeat(64)}`, {}, 404, 'detection.unknown');
  await refused('detections/abc', {}, 400, 'request.invalid');
});

test('the four shapes of a detections body mean the same', async (t) => {
  const { agent, api } = await start(t);
  const item = (i: number) => ({ hash: i.toString(16).padStart(32, '0'), type: 'car', metadata: { i } });
  const encoder = new Encoder({ useRecords: false, mapsAsObjects: true });
  const typed = { ...item(5), embedding: Float32Array.from(vector()) };
  const bodies: readonly [string | Uint8Array, string][] = [
    [JSON.stringify(item(1)), 'application/json'],
    [JSON.stringify([item(2)]), 'application/json; charset=utf-8'],
    [`${JSON.stringify(item(3))}\n`, 'application/x-ndjson'],
    [encoder.encode([item(4)]), 'application/cbor'],
    [encoder.encode(typed), 'application/cbor'],
    [encoder.encode({ ...item(6), embedding: vector() }), 'application/cbor'],
  ];
  for (const [body, type] of bodies) {
    const answer = await call(`${api}/detections`, { body, headers: { 'content-type': type } });
    t.deepEqual([answer.status, answer.json], [202, { accepted: 1, duplicates: 0, rejected: [] }], type);
  }
  t.is(agent.status().detections.count, 6);
  const pushed = agent.calls[4]?.with as readonly { embedding: unknown }[] | undefined;
  t.true(pushed?.[0]?.embedding instanceof Float32Array);
});

test('one bad item is rejected by its index and the rest is taken', async (t) => {
  const { api } = await start(t);
  const good = (i: number): string => JSON.stringify({ hash: `${i}`.repeat(16), type: 'car' });
  const short = JSON.stringify({ hash: '9'.repeat(16), type: 'car', embedding: [1, 2] });
  const body = [good(1), '{"broken":', good(2), short, good(3), good(1)].join('\n');
  const answer = await call(`${api}/detections`, { body, headers: { 'content-type': 'application/x-ndjson' } });
  t.is(answer.status, 202);
  const { accepted, duplicates, rejected } = detections.pushResult.parse(answer.json);
  t.deepEqual([accepted, duplicates], [3, 1]);
  t.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'detection.json'],
      [3, 'detection.embedding.dimension'],
    ],
  );
});

test('an answer with nothing taken carries the lists beside the problem', async (t) => {
  const { api } = await start(t);
  const answer = await call(`${api}/detections`, { body: [{ hash: 'x', type: 'car' }, 7] });
  t.is(answer.status, 422);
  t.is(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
  const { accepted, duplicates, rejected, code } = detections.pushRefusal.parse(answer.json);
  t.is(code, 'detection.hash');
  t.deepEqual([accepted, duplicates, rejected.length], [0, 0, 2]);
});

test('an empty array takes nothing and refuses nothing', async (t) => {
  const { api } = await start(t);
  const answer = await call(`${api}/detections`, { body: [] });
  t.deepEqual([answer.status, answer.json], [202, { accepted: 0, duplicates: 0, rejected: [] }]);
});

test('a batch of 1,000 items and 16 MiB is taken, a byte or an item more is not', async (t) => {
  const { agent, api, refused } = await start(t);
  const items = Array.from({ length: limits.ITEMS_PER_BATCH }, (_, i) =>
    JSON.stringify({ hash: i.toString(16).padStart(16, '0'), type: 'car' }),
  );
  const text = `[${items.join(',')}]`;
  const full = text + ' '.repeat(limits.BATCH_BYTES - text.length);
  const headers = { 'content-type': 'application/json' };
  t.is((await call(`${api}/detections`, { body: full, headers })).json.accepted, limits.ITEMS_PER_BATCH);
  t.is(agent.status().detections.count, limits.ITEMS_PER_BATCH);
  const bytes = await refused('detections', { body: `${full} `, headers }, 413, 'request.bytes');
  t.regex(bytes.json.detail, /16777216/);
  const more = `[${items.join(',')},${items[0]}]`;
  await refused('detections', { body: more, headers }, 413, 'detections.items');
});

test('a chunked body beyond its limit is refused as it passes it', async (t) => {
  const { url } = await start(t);
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write(
    'POST /api/v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
  for (let i = 0; i <= limits.BODY_BYTES / 65_536; i++) socket.write(chunk);
  const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  t.regex(answer, /^HTTP\/1\.1 413 /);
  t.regex(answer, /"code":"request\.bytes"/);
});

test('bodies in a shape that cannot be read are told so', async (t) => {
  const { refused } = await start(t);
  const json = { 'content-type': 'application/json' };
  await refused('detections', { body: '{"hash":', headers: json }, 400, 'request.json');
  await refused('detections', { body: 'x', headers: { 'content-type': 'application/cbor' } }, 400, 'request.cbor');
  await refused('detections', { body: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'request.type');
  await refused('detections', { body: 'a=b' }, 415, 'request.type');
  await refused('search', { body: '{}', headers: { 'content-type': 'application/x-ndjson' } }, 415, 'request.type');
  await refused('search', { body: '', headers: json }, 400, 'request.body');
  await refused('search', { method: 'POST' }, 400, 'request.body');
  const hidden = await refused(
    'search',
    { body: '{"k":1,"__proto__":{"k":2}}', headers: json },
    400,
    'request.invalid',
  );
  t.is(hidden.json.errors[0].path, '/__proto__');
});

test('every field at fault is named with its path and its limit', async (t) => {
  const { refused } = await start(t);
  const body = {
    embedding: [1, 'x', 2],
    k: 1_001,
    type: 'y'.repeat(65),
    like: HASH,
    colour: 1,
    metadata: { deep: [[[[[[[[1]]]]]]]] },
  };
  const { json } = await refused('search', { body }, 400, 'request.invalid');
  const byPath = Object.fromEntries(
    json.errors.map(({ path, detail }: { path: string; detail: string }) => [path, detail]),
  );
  t.deepEqual(Object.keys(byPath).sort(), ['/colour', '/embedding/1', '/k', '/metadata', '/type']);
  t.regex(byPath['/k'], /1000/);
  t.regex(byPath['/type'], /64/);
  t.regex(byPath['/metadata'], /limit 8/);
  const both = await refused('search', { body: { embedding: vector(), like: HASH } }, 400, 'request.invalid');
  t.is(both.json.errors[0].path, '/like');
  const query = await refused('detections?limit=0&since=4', {}, 400, 'request.invalid');
  t.deepEqual(query.json.errors.map((error: { path: string }) => error.path).sort(), ['query/limit', 'query/since']);
  await refused('detections?limit=5&limit=6', {}, 400, 'request.invalid');
  await refused('status?verbose=1', {}, 400, 'request.invalid');
});
