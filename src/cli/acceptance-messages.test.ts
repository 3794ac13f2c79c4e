import test from 'ava';
import { AgentProcess, ownMesh, startMesh } from '../testing/agents.js';
import { EventStream } from '../testing/http-client.js';
import { until } from '../testing/serving.js';

interface SseEvent {
  readonly id: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events freely
  readonly data: any;
}

const eventsOf = (text: string): SseEvent[] =>
  text.split('\n\n').flatMap((block) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const [id, name, data] = [field('id'), field('event'), field('data')];
    return id !== undefined && name !== undefined && data !== undefined ? [{ id, name, data: JSON.parse(data) }] : [];
  });

const watch = (agent: AgentProcess, types: string, last?: string): Promise<EventStream> =>
  EventStream.open(`${agent.url}/api/v1/events?types=${types}`, last === undefined ? {} : { 'last-event-id': last });

/** The next events of a stream once there are `count`. */
const events = (stream: EventStream, count: number, ms = 10_000): Promise<SseEvent[]> =>
  until(`${count} events`, ms, () => {
    const seen = eventsOf(stream.text);
    return seen.length >= count ? seen : undefined;
  });

/** Answers every query that `stream` shows with what it asked, until the stream is closed. */
function echoQueries(agent: AgentProcess, stream: EventStream): () => void {
  let answered = 0;
  const timer = setInterval(() => {
    const seen = eventsOf(stream.text);
    for (; answered < seen.length; answered++) {
      const { messageId, payload, payloadBase64 } = (seen[answered] as SseEvent).data;
      const body = payloadBase64 === undefined ? { payload } : { payloadBase64 };
      agent.json(`queries/${messageId}/response`, { body }).catch(() => undefined);
    }
  }, 20);
  return () => {
    clearInterval(timer);
    stream.close();
  };
}

test('queries are answered through the query event, 64 at once and 48 KiB each way', async (t) => {
  t.timeout(60_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  const stop = echoQueries(b, await watch(b, 'query'));

  const many = await Promise.all(
    Array.from({ length: 64 }, (_, i) => a.json('query', { body: { to: b.nodeId, type: 'echo', payload: { i } } })),
  );
  t.deepEqual(
    many.map(({ payload }) => payload.i),
    Array.from({ length: 64 }, (_, i) => i),
  );
  t.is(new Set(many.map(({ messageId }) => messageId)).size, 64);

  const bytes = Buffer.alloc(48 * 1024, 'edge');
  const large = { to: b.nodeId, type: 'echo', payloadBase64: bytes.toString('base64') };
  const answer = await a.json('query', { body: large });
  t.is(answer.payloadBase64, large.payloadBase64);
  t.is(answer.from, b.nodeId);
  const text = 'x'.repeat(48 * 1024 - 2);
  t.is((await a.json('query', { body: { to: b.nodeId, type: 'echo', payload: text } })).payload, text);

  const tooLong = { to: b.nodeId, type: 'echo', payload: `${text}x` };
  const tooMany = { to: b.nodeId, type: 'echo', payloadBase64: Buffer.alloc(48 * 1024 + 1).toString('base64') };
  // Bytes to one node go in chunks where nobody waits for an answer.
  for (const [body, paths] of [
    [tooLong, ['query', 'messages']],
    [tooMany, ['query']],
  ] as const) {
    for (const path of paths) {
      const refused = await a.call(path, { body });
      t.is(refused.status, 413, refused.text);
      t.regex(refused.json.detail, /payload.*at most 49152 bytes/);
    }
  }
  const twice = await a.call('queries/00112233445566778899aabbccdd/response', { body: { payload: 1 } });
  t.is(twice.status, 404);
  t.is(twice.json.code, 'query.unknown');
  stop();
});

test('a query that nobody answers times out, one to an unknown node is refused at once', async (t) => {
  t.timeout(60_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  const silent = await a.call('query', { body: { to: b.nodeId, type: 'nobody', timeoutMs: 700 } });
  t.is(silent.status, 504);
  t.is(silent.json.code, 'query.timeout');
  const story = await a.json(`messages/${silent.json.details.messageId}`);
  t.is(story.condition, 'delivered');
  const unknown = await a.call('messages', { body: { to: '00000000000000aa', type: 'x' } });
  t.is(unknown.status, 404);
  t.is(unknown.json.code, 'peer.unknown');
  t.is((await a.call('query', { body: { to: '*', type: 'x' } })).json.code, 'query.broadcast');
  const ping = await a.json('query', { body: { to: b.nodeId, type: 'edge.ping', payload: [1, 'ä'] } });
  t.deepEqual(ping.payload, [1, 'ä']);
  const self = await a.json('query', { body: { to: a.nodeId, type: 'edge.ping', payload: 'me' } });
  t.is(self.payload, 'me');
});

test('a message is delivered once with its story; one to a node that is down expires with its story', async (t) => {
  t.timeout(60_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  const stream = await watch(b, 'message');
  const sent = await a.json('messages', { body: { to: b.nodeId, type: 'note', payload: { hello: 1 } } });
  const story = await until('it is delivered', 5_000, async () => {
    const told = await a.json(`messages/${sent.messageId}`);
    return told.condition === 'delivered' ? told : undefined;
  });
  t.deepEqual(
    story.events.map(({ what }: { what: string }) => what),
    ['sent', 'tried', 'delivered'],
  );
  const everybody = await a.json('messages', { body: { to: '*', type: 'note', payload: 'all' } });
  const seen = await events(stream, 2);
  t.deepEqual(
    seen.map(({ data }) => [data.messageId, data.from, data.to, data.payload]),
    [
      [sent.messageId, a.nodeId, b.nodeId, { hello: 1 }],
      [everybody.messageId, a.nodeId, '*', 'all'],
    ],
  );
  stream.close();

  await b.kill();
  const lost = await a.json('messages', { body: { to: b.nodeId, type: 'note', timeoutMs: 1_500 } });
  const told = await until('it expires', 8_000, async () => {
    const found = await a.json(`messages/${lost.messageId}`);
    return found.condition === 'expired' ? found : undefined;
  });
  const whats: string[] = told.events.map(({ what }: { what: string }) => what);
  t.deepEqual([whats[0], whats[1], whats.at(-1)], ['sent', 'tried', 'expired'], whats.join());
  const query = await a.call('query', { body: { to: b.nodeId, type: 'edge.ping', timeoutMs: 1_000 } });
  t.is(query.status, 504, query.text);
});

test('a client that comes back with Last-Event-ID misses nothing, over a restart it is told so', async (t) => {
  t.timeout(60_000);
  const [a] = (await startMesh(t, ['a'])) as [AgentProcess];
  const raise = (type: string) => a.json('alerts', { body: { priority: 'high', type, payload: null } });
  const first = await watch(a, 'alert');
  await raise('one');
  const [one] = await events(first, 1);
  first.close();
  await raise('two');
  await raise('three');
  const second = await watch(a, 'alert', one?.id);
  const missed = await events(second, 2);
  t.deepEqual(
    missed.map(({ data }) => data.type),
    ['two', 'three'],
  );
  second.close();
  t.is(await a.stop(), 0);
  const again = await a.restart(t);
  const third = await watch(again, 'alert', missed[1]?.id);
  const [gap] = await events(third, 1);
  t.is(gap?.name, 'gap');
  t.is(gap?.data.reason, 'restarted');
  third.close();
  t.deepEqual(
    (await again.json('alerts')).alerts.map(({ type }: { type: string }) => type),
    ['three', 'two', 'one'],
  );
});

test('an agent asked to stop ends at once with open streams and queries under way', async (t) => {
  t.timeout(60_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  const stream = await watch(a, 'alert');
  const query = a.call('query', { body: { to: b.nodeId, type: 'nobody', timeoutMs: 60_000 } }).catch(String);
  await until('b has the query', 5_000, async () => (await b.json('statistics')).messages.query?.received === 1);
  const asked = performance.now();
  t.is(await a.stop(), 0, a.log);
  t.true(performance.now() - asked < 5_000);
  await stream.ended();
  t.truthy(await query);
  await until('b shows a offline', 8_000, async () => (await b.alivePeers()).length === 0);
});

test('an alert raised before another node first starts reaches it, once, and its id is known on both', async (t) => {
  t.timeout(90_000);
  const own = ownMesh();
  const a = await AgentProcess.start(t, { ...own, name: 'early' });
  const raised = await a.json('alerts', { body: { priority: 'critical', type: 'while-alone', payload: { zone: 3 } } });
  await a.stop();
  const again = await AgentProcess.start(t, { ...own, name: 'early', data: a.data });
  const b = await AgentProcess.start(t, { ...own, name: 'late' });
  const [alert] = await until('the alert', 30_000, async () => {
    const { alerts } = await b.json('alerts');
    return alerts.length > 0 ? alerts : undefined;
  });
  t.is(alert.alertId, raised.alertId);
  t.deepEqual(alert.payload, { zone: 3 });
  t.is(alert.node, again.nodeId);
  const [here, there] = [again, b].map((agent) => agent.json(`messages/${raised.alertId}`));
  t.is((await here).events[0].what, 'sent');
  t.is((await there).events[0].what, 'received');
  t.is((await b.json('alerts')).alerts.length, 1);
});
