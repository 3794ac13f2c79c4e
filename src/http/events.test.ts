import test from 'ava';
import type { Alert } from '../agent/contract.js';
import { FAKE_NODE } from '../testing/fake-agent.js';
import { call, EventStream } from '../testing/http-client.js';
import { startedBy } from '../testing/http-face.js';
import { CLOSE_GRACE_MS, EVENT_CLIENT_BYTES, EVENT_CLIENTS, EVENT_RING } from './limits.js';
import { problem } from './schema/problem.js';
import { createHttpServer } from './server.js';

const startFace = startedBy({ open: createHttpServer, closeGraceMs: CLOSE_GRACE_MS, problem });

async function start(t: { teardown(fn: () => unknown): void }) {
  const { agent, clock, server } = await startFace(t);
  const open = async (query = '', headers = {}): Promise<EventStream> => {
    const stream = await EventStream.open(`${server.url}/api/v1/events${query}`, headers);
    t.teardown(() => stream.close());
    return stream;
  };
  const health = (subject: string): void => agent.emit('health', { subject, condition: 'ok' });
  return { agent, clock, server, open, health };
}

/** Ids, names and data of the events in a stream's text, in order. */
function eventsIn(
  text: string,
): { id: string; event: string; data: { subject?: string; reason?: string; missed?: number } }[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) };
    });
}

const subjects = (text: string): unknown[] => eventsIn(text).map(({ event, data }) => data.subject ?? event);

test('events come with rising ids, a retry and the headers of a stream', async (t) => {
  const { agent, open, health } = await start(t);
  const stream = await open();
  t.is(stream.headers['content-type'], 'text/event-stream');
  t.is(stream.headers['cache-control'], 'no-store');
  t.is(stream.headers['x-content-type-options'], 'nosniff');
  t.regex(await stream.until('retry: '), /^retry: 2000$/m);
  health('radio');
  agent.emit('peer', { nodeId: FAKE_NODE, change: 'joined', name: 'gate\n\ndata: forged' });
  const events = eventsIn(await stream.until('forged'));
  t.deepEqual(
    events.map(({ event }) => event),
    ['health', 'peer'],
  );
  const [first, second] = events.map(({ id }) => id.split('-'));
  t.is(first?.[0], second?.[0]);
  t.is(Number(second?.[1]), Number(first?.[1]) + 1);
});

test('only the types asked for come, and unknown ones are refused by name', async (t) => {
  const { agent, open, health, server } = await start(t);
  const stream = await open('?types=alert,peer');
  await stream.until('retry');
  health('radio');
  await agent.alerts.send({ priority: 'high', type: 'smoke' });
  t.deepEqual(
    eventsIn(await stream.until('smoke')).map(({ event }) => event),
    ['alert'],
  );
  const refused = await call(`${server.url}/api/v1/events?types=alert,weather`);
  t.deepEqual([refused.status, refused.json.code], [400, 'request.invalid']);
  t.regex(refused.text, /peer, link, state/);
});

test('a client that comes back gets what it missed, once', async (t) => {
  const { open, health } = await start(t);
  const first = await open();
  await first.until('retry');
  for (const name of ['a', 'b', 'c']) health(name);
  const events = eventsIn(await first.until('"c"'));
  first.close();
  health('d');
  const second = await open('', { 'last-event-id': events[0]?.id ?? '' });
  t.deepEqual(subjects(await second.until('"d"')), ['b', 'c', 'd']);
  health('e');
  t.deepEqual(subjects(await second.until('"e"')), ['b', 'c', 'd', 'e']);
});

test('a quiet client moves on past events it did not ask for, and meets no false gap', async (t) => {
  const { open, clock, health } = await start(t);
  const quiet = await open('?types=alert');
  await quiet.until('retry');
  for (let i = 0; i < EVENT_RING + 5; i++) health(`${i}`);
  clock.advance(15_000);
  const text = await quiet.until(': heartbeat');
  const [, id = ''] = /: heartbeat\nid: (\S+)\n\n$/.exec(text) ?? [];
  quiet.close();
  health('after');
  const again = await open('', { 'last-event-id': id });
  t.deepEqual(subjects(await again.until('after')), ['after']);
});

test('what is no longer held is told as a gap with how much it was', async (t) => {
  const { open, health } = await start(t);
  const stream = await open();
  await stream.until('retry');
  health('first');
  const id = eventsIn(await stream.until('first'))[0]?.id ?? '';
  for (let i = 1; i <= EVENT_RING + 3; i++) health(`n${i}`);
  const again = await open('', { 'last-event-id': id });
  const events = eventsIn(await again.until(`"n${EVENT_RING + 3}"`));
  t.deepEqual(events[0], { id: id.replace(/\d+$/, '4'), event: 'gap', data: { reason: 'expired', missed: 3 } });
  t.is(events[1]?.data.subject, 'n4');
  t.is(events.length, EVENT_RING + 1);
});

test('an id of another run, or no id of ours at all, is told as a restart', async (t) => {
  const { open, health } = await start(t);
  health('kept');
  for (const id of ['00000000-7', 'x', '-', '99']) {
    const stream = await open('', { 'last-event-id': id });
    const events = eventsIn(await stream.until('kept'));
    t.deepEqual(
      events.map(({ event }) => event),
      ['gap', 'health'],
      id,
    );
    t.deepEqual(events[0]?.data, { reason: 'restarted' });
  }
});

test('a heartbeat goes out every 15 seconds', async (t) => {
  const { open, clock } = await start(t);
  const stream = await open();
  await stream.until('retry');
  clock.advance(14_999);
  clock.advance(1);
  t.is((await stream.until(': heartbeat')).match(/^: heartbeat$/gm)?.length, 1);
  clock.advance(30_000);
  stream.close();
});

test('one stream more than the limit is told when to come back, and gets in when one leaves', async (t) => {
  const { open, server } = await start(t);
  const streams = await Promise.all(Array.from({ length: EVENT_CLIENTS }, () => open()));
  t.true(streams.every((stream) => stream.status === 200));
  const refused = await call(`${server.url}/api/v1/events`);
  t.deepEqual([refused.status, refused.json.code, refused.headers['retry-after']], [429, 'events.clients', '1']);
  t.is((await call(`${server.url}/api/v1/status`)).status, 200);
  streams[0]?.close();
  let stream = await open();
  while (stream.status === 429) stream = await open();
  t.is(stream.status, 200);
});

test('a client that does not read is disconnected, and the others go on', async (t) => {
  const { agent, open, server } = await start(t);
  const slow = await open('?types=alert');
  await slow.until('retry');
  slow.pause();
  const reading = await open('?types=health');
  await reading.until('retry');
  const payload = 'x'.repeat(60_000);
  const alert: Alert = {
    alertId: '1',
    node: FAKE_NODE,
    priority: 'low',
    type: 'big',
    payload,
    raisedAt: 1,
    receivedAt: 1,
  };
  const dropped = /event_clients_dropped_total 1$/m;
  let metrics = '';
  for (let sent = 0; sent < 64 * EVENT_CLIENT_BYTES && !dropped.test(metrics); sent += payload.length) {
    agent.emit('alert', alert);
    if (sent % (payload.length * 20) === 0) metrics = (await call(`${server.url}/metrics`)).text;
  }
  t.regex(metrics, dropped);
  agent.emit('health', { subject: 'still here', condition: 'ok' });
  t.regex(await reading.until('still here'), /still here/);
});

test('closing the server ends every stream', async (t) => {
  const { open, server } = await start(t);
  const stream = await open();
  await stream.until('retry');
  await server.close();
  t.regex(await stream.ended(), /retry: 2000/);
});
