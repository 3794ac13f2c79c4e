import { request } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { Encoder } from 'cbor-x';
import { AgentProcess, ownMesh } from '../testing/agents.js';
import { facesOf } from '../testing/faces.js';

const start = (t: ExecutionContext): Promise<AgentProcess> => AgentProcess.start(t, { name: 'only', ...ownMesh() });

const vector = (fill: number): number[] => Array.from({ length: 512 }, () => fill);
const HASH = 'ab'.repeat(16);

/** Each is refused for what is named, in an otherwise good batch of which the rest is taken. */
const BAD_ITEMS: readonly { readonly item: string; readonly code: string; readonly says: RegExp }[] = [
  {
    item: JSON.stringify({ hash: HASH, type: 'x', embedding: [1, 2, 3] }),
    code: 'detection.embedding.dimension',
    says: /3 components.*512/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', embedding: vector(1) }).replace('1,', '1e999,'),
    code: 'detection.embedding.nan',
    says: /^embedding\[0\].*Infinity.*finite/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', embedding: vector(1) }).replace('1,', '1e39,'),
    code: 'detection.embedding.nan',
    says: /^embedding\[0\].*finite float32/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', embedding: vector(0) }),
    code: 'detection.embedding.zero',
    says: /zero/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', embedding: vector(1e-46) }),
    code: 'detection.embedding.zero',
    says: /zero/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', embedding: ['1', ...vector(1).slice(1)] }),
    code: 'detection.embedding.type',
    says: /^embedding\[0\].*number/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', embeding: [1] }),
    code: 'detection.field',
    says: /^embeding: no such field; known: .*embedding/,
  },
  { item: JSON.stringify({ hash: HASH, type: 'x'.repeat(65) }), code: 'detection.type', says: /^type: .*1 to 64/ },
  { item: JSON.stringify({ hash: HASH }), code: 'detection.type', says: /^type: / },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', purpose: 'x'.repeat(65) }),
    code: 'detection.purpose',
    says: /^purpose: .*at most 64/,
  },
  { item: JSON.stringify({ hash: 'abcd', type: 'x' }), code: 'detection.hash', says: /^hash: .*16 to 128 hex digits/ },
  { item: JSON.stringify({ hash: 'xy'.repeat(16), type: 'x' }), code: 'detection.hash', says: /^hash: / },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', metadata: { note: 'x'.repeat(5_000) } }),
    code: 'detection.metadata',
    says: /^metadata: .*(4096|5000)/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', metadata: [1] }),
    code: 'detection.metadata',
    says: /^metadata: must be an object/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', observedAt: Date.now() + 10 * 86_400_000 }),
    code: 'detection.observedAt',
    says: /^observedAt: .*a day ahead/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', expiresAt: 1 }),
    code: 'detection.expiresAt',
    says: /^expiresAt: .*future/,
  },
  {
    item: JSON.stringify({ hash: HASH, type: 'x', space: 'voices' }),
    code: 'detection.space',
    says: /voices.*default/s,
  },
  {
    item: '{"hash":"abababababababab","type":"x","metadata":{"__proto__":{"a":1}}}',
    code: 'detection.key',
    says: /__proto__/,
  },
  {
    item: `{"hash":"abababababababab","type":"x","metadata":${'['.repeat(40)}${']'.repeat(40)}}`,
    code: 'detection.depth',
    says: /deeper than 32/,
  },
  { item: '42', code: 'detection.item', says: /object/ },
];

test('bad detections are named by index, field and limit, and the rest of the batch is taken', async (t) => {
  const agent = await start(t);
  const good = facesOf(0, BAD_ITEMS.length + 1).map(({ hash, type }) => JSON.stringify({ hash, type }));
  const items = BAD_ITEMS.flatMap(({ item }, i) => [good[i] as string, item]).concat(good.at(-1) as string);
  const bodies = [
    { body: `[${items.join(',')}]`, type: 'application/json' },
    { body: items.join('\n'), type: 'application/x-ndjson' },
  ];
  for (const [round, { body, type }] of bodies.entries()) {
    const { status, json, text } = await agent.call('detections', { body, headers: { 'content-type': type } });
    t.is(status, 202, text);
    t.is(round === 0 ? json.accepted : json.duplicates, good.length);
    t.is(json.rejected.length, BAD_ITEMS.length);
    for (const [i, { code, says }] of BAD_ITEMS.entries()) {
      t.like(json.rejected[i], { index: 2 * i + 1, code });
      t.regex(json.rejected[i].detail, says);
    }
  }
  for (const { item, code } of BAD_ITEMS) {
    const { status, headers, json } = await agent.call('detections', {
      body: item,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    t.is(status, 422, item.slice(0, 80));
    t.regex(String(headers['content-type']), /^application\/problem\+json/);
    t.like(json, { status: 422, code, accepted: 0, type: `urn:edge-agent:problem:${code}` });
  }
  t.is((await agent.json('status')).detections.count, good.length);
});

interface Refusal {
  readonly title: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
  readonly says?: RegExp;
}

const cbor = { 'content-type': 'application/cbor' };
const json = { 'content-type': 'application/json' };
const encoder = new Encoder({ useRecords: false, tagUint8Array: false });
const someCbor = encoder.encode(facesOf(0, 3));
const many = JSON.stringify(
  Array.from({ length: 1_001 }, (_, i) => ({ hash: i.toString(16).padStart(16, '0'), type: 'x' })),
);

const REFUSALS: readonly Refusal[] = [
  {
    title: 'more than 1,000 items',
    path: 'detections',
    body: many,
    headers: json,
    status: 413,
    code: 'detections.items',
    says: /1000/,
  },
  {
    title: 'more than 16 MiB',
    path: 'detections',
    body: Buffer.alloc(16 * 2 ** 20 + 1, ' '),
    headers: json,
    status: 413,
    code: 'request.bytes',
    says: /16777216/,
  },
  {
    title: 'a search of more than 1 MiB',
    path: 'search',
    body: Buffer.alloc(2 ** 20 + 1, ' '),
    headers: json,
    status: 413,
    code: 'request.bytes',
    says: /1048576/,
  },
  {
    title: 'CBOR that is none',
    path: 'detections',
    body: Buffer.from([0xff, 0x1c, 0x00]),
    headers: cbor,
    status: 400,
    code: 'request.cbor',
  },
  {
    title: 'CBOR cut short',
    path: 'detections',
    body: someCbor.subarray(0, someCbor.length - 7),
    headers: cbor,
    status: 400,
    code: 'request.cbor',
  },
  {
    title: 'CBOR that claims more than there is',
    path: 'detections',
    body: Buffer.from([0x9b, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff]),
    headers: cbor,
    status: 400,
    code: 'request.cbor',
  },
  {
    title: 'bytes after the CBOR',
    path: 'detections',
    body: Buffer.concat([someCbor, Buffer.from([0])]),
    headers: cbor,
    status: 400,
    code: 'request.cbor',
  },
  { title: 'no JSON', path: 'detections', body: '{"hash":', headers: json, status: 400, code: 'request.json' },
  {
    title: 'no UTF-8',
    path: 'detections',
    body: Buffer.from([0x22, 0xc3, 0x28, 0x22]),
    headers: json,
    status: 400,
    code: 'request.json',
  },
  {
    title: 'no body',
    path: 'detections',
    method: 'POST',
    headers: { ...json, 'content-length': '0' },
    status: 400,
    code: 'request.body',
  },
  {
    title: 'another content type',
    path: 'detections',
    body: '<a/>',
    headers: { 'content-type': 'text/xml' },
    status: 415,
    code: 'request.type',
    says: /content type/,
  },
  {
    title: 'a content type of detections elsewhere',
    path: 'search',
    body: '{}',
    headers: { 'content-type': 'application/x-ndjson' },
    status: 415,
    code: 'request.type',
  },
  { title: 'a foreign Host', path: 'status', headers: { host: 'evil.example' }, status: 403, code: 'request.host' },
  {
    title: 'a foreign Origin',
    path: 'detections',
    body: '[]',
    headers: { ...json, origin: 'http://evil.example' },
    status: 403,
    code: 'request.origin',
  },
  { title: 'an Origin of null', path: 'status', headers: { origin: 'null' }, status: 403, code: 'request.origin' },
  { title: 'an unknown call', path: 'detektions', status: 404, code: 'route.unknown', says: /\/api\/v1\/detektions/ },
  { title: 'an impossible method', path: 'status', method: 'DELETE', status: 405, code: 'route.method', says: /GET/ },
  { title: 'a bad cursor', path: 'detections?cursor=xyz', status: 400, code: 'detections.cursor' },
  { title: 'a bad cursor of alerts', path: 'alerts?cursor=xyz', status: 400, code: 'request.cursor' },
  {
    title: 'a limit beyond the page',
    path: 'detections?limit=1001',
    status: 400,
    code: 'request.invalid',
    says: /limit.*1000/,
  },
  { title: 'an unknown parameter', path: 'detections?typ=person', status: 400, code: 'request.invalid', says: /typ/ },
  { title: 'a hash that is none', path: 'detections/xyz', status: 400, code: 'request.invalid', says: /hex/ },
  { title: 'a hash nobody has', path: `detections/${HASH}`, status: 404, code: 'detection.unknown' },
  {
    title: 'an erasure of nothing',
    path: `detections/${HASH}`,
    method: 'DELETE',
    status: 404,
    code: 'detection.unknown',
  },
  {
    title: 'a search by both',
    path: 'search',
    body: JSON.stringify({ embedding: [1], like: HASH }),
    headers: json,
    status: 400,
    code: 'request.invalid',
    says: /not both/,
  },
  {
    title: 'a search of the wrong dimension',
    path: 'search',
    body: JSON.stringify({ embedding: [1, 2] }),
    headers: json,
    status: 400,
    code: 'search.embedding.dimension',
    says: /512/,
  },
  {
    title: 'a search for nothing',
    path: 'search',
    body: JSON.stringify({ embedding: vector(0) }),
    headers: json,
    status: 400,
    code: 'search.embedding.zero',
  },
  {
    title: 'a search with k of 0',
    path: 'search',
    body: '{"k":0}',
    headers: json,
    status: 400,
    code: 'request.invalid',
    says: /\/k/,
  },
  {
    title: 'an alert of no priority',
    path: 'alerts',
    body: '{"priority":"urgent","type":"x"}',
    headers: json,
    status: 400,
    code: 'request.invalid',
    says: /priority/,
  },
  {
    title: 'an alert too large',
    path: 'alerts',
    body: JSON.stringify({ priority: 'low', type: 'x', payload: 'x'.repeat(5_000) }),
    headers: json,
    status: 413,
    code: 'request.payload',
    says: /payload.*4096/,
  },
  {
    title: 'a battery of 101 per cent',
    path: 'state',
    method: 'PATCH',
    body: '{"battery":101}',
    headers: json,
    status: 400,
    code: 'request.invalid',
    says: /battery.*100/,
  },
  {
    title: 'a pinned route over a stranger',
    path: 'routes/00000000000000aa',
    method: 'PUT',
    body: '{"nextHop":"00000000000000bb"}',
    headers: json,
    status: 409,
    code: 'route.next-hop',
  },
  { title: 'a peer nobody knows', path: 'peers/00000000000000aa', method: 'DELETE', status: 404, code: 'peer.unknown' },
];

test('whatever is wrong with a request is told as a problem document, and the agent goes on', async (t) => {
  const agent = await start(t);
  for (const { title, path, status, code, says, ...options } of REFUSALS) {
    const answer = await agent.call(path, options);
    t.is(answer.status, status, `${title}: ${answer.text}`);
    t.regex(String(answer.headers['content-type']), /^application\/problem\+json/, title);
    t.like(answer.json, { code, status, type: `urn:edge-agent:problem:${code}` }, title);
    if (says) t.regex(answer.json.detail + JSON.stringify(answer.json.errors ?? ''), says, title);
  }
  t.is((await agent.json('status')).detections.count, 0);
  const metrics = await agent.call('/metrics');
  t.regex(metrics.text, /request\.invalid/);
  t.is(await agent.stop(), 0);
  t.notRegex(agent.log, /"level":"(error|fatal)"/);
});

test('a body that stops halfway and a head that is none cost the agent nothing', async (t) => {
  const agent = await start(t);
  const { hostname, port } = new URL(agent.url);
  for (let i = 0; i < 20; i++) {
    const sent = request({
      hostname,
      port,
      path: '/api/v1/detections',
      method: 'POST',
      headers: { ...json, 'content-length': '16000000' },
    });
    sent.on('error', () => {});
    sent.write('[{"hash":');
    await new Promise<void>((resolve) => sent.once('socket', (socket) => socket.once('connect', () => resolve())));
    sent.destroy();
  }
  const answer = await agent.call('detections', { body: '[]', headers: json });
  t.is(answer.status, 202);
  t.deepEqual(answer.json, { accepted: 0, duplicates: 0, rejected: [] });
});
