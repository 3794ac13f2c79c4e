import test from 'ava';
import { createHttpServer } from '../http/server.js';
import { edgeAgent } from '../testing/command-line.js';
import { FAKE_PEER } from '../testing/fake-agent.js';
import { scratch, servedBy, stub } from '../testing/served-agent.js';

const served = servedBy(createHttpServer);

test('alerts are sent, listed and watched', async (t) => {
  const { agent, json, url } = await served(t);
  const sent = await json('alerts', 'send', 'intruder', '{"zone":3}', '--priority', 'critical');
  t.like(sent, { type: 'intruder', priority: 'critical', payload: { zone: 3 } });
  t.is((await json('alerts')).alerts.length, 1);
  const watching = edgeAgent(['alerts', 'watch', '--count', '2', '--json', '--url', url]);
  while (agent.listeners('alert') === 0) await new Promise(setImmediate);
  const timer = setInterval(() => void agent.alerts.send({ type: 'smoke', priority: 'high' }), 20);
  const { code, stdout } = await watching.finally(() => clearInterval(timer));
  t.is(code, 0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    lines.map(({ type }) => type),
    ['smoke', 'smoke'],
  );
});

test('watching goes on where it stopped when the connection is lost', async (t) => {
  const seen: (string | undefined)[] = [];
  const url = await stub(t, (request, response) => {
    const last = request.headers['last-event-id'];
    seen.push(typeof last === 'string' ? last : undefined);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`retry: 1\n: hello\n\nid: b-${seen.length}\nevent: peer\ndata: {"n":${seen.length}}\n\n`);
  });
  const { stdout, stderr, code } = await edgeAgent(['events', '--count', '2', '--json', '--url', url]);
  t.is(code, 0);
  t.deepEqual(seen, [undefined, 'b-1']);
  t.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { id: 'b-1', event: 'peer', data: { n: 1 } },
      { id: 'b-2', event: 'peer', data: { n: 2 } },
    ],
  );
  t.regex(stderr, /connection lost[\s\S]*connected again/);
});

test('a message is sent and its story told', async (t) => {
  const { agent, run, json } = await served(t);
  const { messageId } = await json('send', FAKE_PEER, 'note', 'hello', '--priority', 'low');
  t.like(agent.calls.at(-1)?.with, { to: FAKE_PEER, type: 'note', payload: 'hello', priority: 'low' });
  t.like(await json('message', messageId), { messageId, condition: 'sent' });
  t.regex((await run('message', messageId)).stdout, /condition +sent/);
  await json('send', 'all', 'blob', '--file', scratch('blob', Uint8Array.of(0, 255)));
  t.like(agent.calls.at(-1)?.with, { to: '*', payloadBase64: 'AP8=' });
  const late = await run('send', FAKE_PEER, 'note', 'x', '--wait', '--timeout', '300ms');
  t.is(late.code, 1);
  t.regex(late.stderr, /still on its way/);
  const calls = agent.calls.length;
  for (const args of [
    ['all', 'note', 'x', '--wait'],
    [FAKE_PEER, 'note', 'x', '--wait', '--no-ack'],
  ]) {
    const hopeless = await run('send', ...args);
    t.is(hopeless.code, 2);
    t.regex(hopeless.stderr, /waits for an acknowledgement.*\nfix: /);
  }
  t.is(agent.calls.length, calls);
  const short = await run('why', '0102');
  t.is(short.code, 2);
  t.regex(short.stderr, /28 hex digits.*\nfix: /);
});

test('a query prints the response, and its silence is a failure', async (t) => {
  const { run, json } = await served(t);
  t.like(await json('query', FAKE_PEER, 'echo', '[1,2]'), { from: FAKE_PEER, payload: { echo: [1, 2] } });
  t.is((await run('query', FAKE_PEER, 'echo', 'hi')).stdout, '{"echo":"hi"}\n');
  const silence = await run('query', FAKE_PEER, 'silence', '--json');
  t.is(silence.code, 1);
  t.is(JSON.parse(silence.stderr).code, 'query.timeout');
});

test('a ping prints how long the answer took, and fails when none came', async (t) => {
  const { agent, run, json } = await served(t);
  t.like(await json('ping', FAKE_PEER, '-c', '2', '--interval', '1ms'), {
    sent: 2,
    received: 2,
    rttMs: { min: 2, max: 2 },
  });
  t.like(agent.calls.at(-1)?.with, { to: FAKE_PEER, type: 'edge.ping' });
  t.regex((await run('ping', FAKE_PEER)).stdout, /^answer from tower: 2 ms\n$/);
  t.regex((await run('ping', FAKE_PEER, '--ids')).stdout, /^answer from 0102030405060708: 2 ms\n$/);
  const url = await stub(t, (request, response) => {
    request.resume();
    response.writeHead(504).end('{"code":"query.timeout","detail":"nobody answered in time"}');
  });
  const lost = await edgeAgent(['ping', FAKE_PEER, '--json', '--url', url]);
  t.is(lost.code, 1);
  t.like(JSON.parse(lost.stdout), { sent: 1, received: 0, rttMs: null });
});
