import test from 'ava';
import { Encoder } from 'cbor-x';
import { createHttpServer } from '../http/server.js';
import { edgeAgent } from '../testing/command-line.js';
import { FAKE_PEER } from '../testing/fake-agent.js';
import { scratch, servedBy, stub } from '../testing/served-agent.js';

const served = servedBy(createHttpServer);

const HASH = 'ab'.repeat(16);

test('detections are pushed from NDJSON in batches of 1,000, and the rejected are named by their place in the file', async (t) => {
  const { agent, run } = await served(t);
  const lines = Array.from({ length: 2_100 }, (_, i) =>
    JSON.stringify({ hash: i.toString(16).padStart(16, '0'), type: 'car' }),
  );
  lines[1_500] = '{"hash":"xyz","type":"car"}';
  const file = scratch('in.ndjson', `${lines.join('\n\n')}\n`);
  const { code, stdout } = await run('detections', 'push', file, '--json');
  t.is(code, 1);
  const result = JSON.parse(stdout);
  t.is(result.accepted, 2_099);
  t.is(result.rejected[0].index, 1_500);
  const sizes = agent.calls.filter(({ what }) => what === 'push').map((call) => (call.with as unknown[]).length);
  t.deepEqual(sizes, [1_000, 1_000, 100]);
  const again = await run('detections', 'push', file);
  t.regex(again.stdout, /^0 accepted, 2099 duplicates, 1 rejected\n$/);
  t.regex(again.stderr, /item 1501: hash must be/);
});

test('detections come from JSON, CBOR and standard input as well', async (t) => {
  const { agent, json, url } = await served(t);
  const item = { hash: HASH, type: 'car', metadata: { plate: 'X' } };
  t.deepEqual(await json('detections', 'push', scratch('one.json', JSON.stringify(item, null, 2))), {
    accepted: 1,
    duplicates: 0,
    rejected: [],
  });
  const embedding = Float32Array.from({ length: 512 }, (_, i) => i / 512);
  const cbor = new Encoder({ useRecords: false }).encode([{ hash: 'cd'.repeat(16), type: 'car', embedding }]);
  t.is((await json('detections', 'push', scratch('one.cbor', cbor))).accepted, 1);
  const pushed = agent.calls.at(-1)?.with as { embedding: Float32Array }[];
  t.deepEqual(Array.from(pushed[0]?.embedding ?? []), Array.from(embedding));
  const stdin = `${JSON.stringify({ ...item, hash: 'ef'.repeat(16) })}\n${JSON.stringify(item)}\n`;
  const piped = await edgeAgent(['detections', 'push', '--url', url], { stdin });
  t.is(piped.stdout, '1 accepted, 1 duplicate, 0 rejected\n');
});

test('a busy agent is asked again when it said to', async (t) => {
  let tries = 0;
  const url = await stub(t, (request, response) => {
    request.resume();
    tries += 1;
    if (tries < 3) response.writeHead(429, { 'retry-after': '0' }).end('{"code":"busy"}');
    else response.writeHead(202).end('{"accepted":1,"duplicates":0,"rejected":[]}');
  });
  const { code } = await edgeAgent(['detections', 'push', '--url', url], { stdin: '{"hash":"00"}\n' });
  t.is(code, 0);
  t.is(tries, 3);
});

test('detections are listed page by page and erased', async (t) => {
  const { agent, run, json } = await served(t);
  await agent.detections.push([1, 2, 3].map((i) => ({ hash: `${i}0`.repeat(8), type: 'car' })));
  const page = await json('detections', 'list', '--limit', '2');
  t.is(page.detections.length, 2);
  t.regex((await run('detections', '--limit', '2')).stderr, /--cursor 2/);
  const all = await run('detections', 'list', '--limit', '2', '--all', '--json');
  t.is(all.stdout.trim().split('\n').length, 2);
  t.deepEqual(await json('detections', 'erase', '10'.repeat(8)), { erased: 1 });
  const gone = await run('detections', 'erase', '10'.repeat(8), '--json');
  t.is(gone.code, 1);
  t.is(JSON.parse(gone.stderr).code, 'detection.unknown');
});

test('a search carries all of its filters', async (t) => {
  const { agent, json, run } = await served(t);
  const file = scratch('vector.json', JSON.stringify({ embedding: Array(512).fill(0.5) }));
  const args = ['--type', 'car', '--k', '5', '--metadata', 'plate=X', '--metadata', 'lane=2', '--scope', 'local'];
  const answer = await json('search', '--embedding', file, ...args, '--node', FAKE_PEER, '--since', '1790000000000');
  t.is(answer.asked, 1);
  t.like(agent.calls.at(-1)?.with, {
    type: 'car',
    k: 5,
    metadata: { plate: 'X', lane: 2 },
    scope: 'local',
    node: FAKE_PEER,
    sinceAt: 1_790_000_000_000,
  });
  t.regex((await run('search', '--like', HASH)).stdout, /1 of 1 nodes answered/);
  t.is((await run('search', '--like', HASH, '--embedding', file)).code, 2);
});
