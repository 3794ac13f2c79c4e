import test, { type ExecutionContext } from 'ava';
import { utf8 } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import type { MessageId } from '../../core/ids.js';
import { Limit } from '../../core/limits.js';
import type { Store } from '../../ports/store.js';
import { createMemoryStore } from '../../storage/memory.js';
import { FakeMesh, nodeNumber, turns } from '../../testing/fake-mesh.js';
import { SteppedClock } from '../../testing/stepped-clock.js';
import { Body, encode } from '../../wire/bodies.js';
import { FrameType } from '../../wire/frame-types.js';
import type { Received, SendInput, Transfer } from './message.js';
import { Messages } from './messages.js';
import { PAYLOAD_BYTES_MAX } from './payload.js';

function side(number: number, clock: SteppedClock, store: Store = createMemoryStore()) {
  const mesh = new FakeMesh(number, clock);
  const received: Received[] = [];
  const queries: Received[] = [];
  const transfers: Transfer[] = [];
  const counts = new Map<string, number>();
  const messages = new Messages(mesh, clock, store, {
    message: (message) => received.push(message),
    query: (message) => queries.push(message),
    transfer: (transfer) => transfers.push(transfer),
    counted: (reason) => counts.set(reason, (counts.get(reason) ?? 0) + 1),
  });
  return { mesh, messages, received, queries, transfers, counts, id: mesh.self };
}

function pair() {
  const clock = new SteppedClock();
  const [a, b] = [side(1, clock), side(2, clock)];
  FakeMesh.join(a.mesh, b.mesh);
  return { clock, a, b };
}

/** Waits for promises and moves the clock, in turns. */
async function pass(clock: SteppedClock, ms = 20): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await turns();
    clock.advance(ms / 4);
  }
  await turns();
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof EdgeError ? error.code : String(error);
}

function thrownBy(t: ExecutionContext, fn: () => unknown): string {
  return t.throws(fn, { instanceOf: EdgeError })?.code ?? '';
}

test('a message reaches one node or all, with what was said and the story of its way', async (t) => {
  const { clock, a, b } = pair();
  const { messageId } = a.messages.send({ to: b.id, type: 'note', payload: { n: 1 }, priority: 'critical' });
  a.messages.send({ to: '*', type: 'news', payloadBase64: 'AAEC' });
  t.is(a.messages.story(messageId).condition, 'sent');
  await pass(clock);
  t.like(a.messages.story(messageId), { condition: 'delivered', to: b.id, type: 'note', priority: 'critical' });
  t.is(b.received.length, 2);
  t.like(b.received[0], { messageId, from: a.id, to: b.id, type: 'note', priority: 'critical', hops: 1 });
  t.deepEqual(b.received[0]?.payload, { n: 1 });
  const atOther = b.received.map((message) => b.messages.story(message.messageId).condition);
  t.deepEqual(atOther, ['delivered', 'received']);
  t.like(b.received[1], { to: '*', payload: null, payloadBase64: 'AAEC', priority: 'medium' });
  t.true(a.mesh.sent[0]?.options.ack);
  t.falsy(a.mesh.sent[1]?.options.ack);
});

test('what cannot be sent is refused by code, and nothing leaves', (t) => {
  const { a, b } = pair();
  const cases: readonly (readonly [SendInput, string])[] = [
    [{ to: b.id, type: '' }, 'message.type'],
    [{ to: b.id, type: 'é'.repeat(33) }, 'message.type'],
    [{ to: 'nobody', type: 'x' }, 'message.to'],
    [{ to: nodeNumber(7), type: 'x' }, 'peer.unknown'],
    [{ to: b.id, type: 'x', priority: 'urgent' as 'high' }, 'message.priority'],
    [{ to: b.id, type: 'x', timeoutMs: 0 }, 'message.timeout'],
    [{ to: b.id, type: 'x', timeoutMs: Number.NaN }, 'message.timeout'],
    [{ to: b.id, type: 'x', payload: 1, payloadBase64: '' }, 'message.payload'],
    [{ to: b.id, type: 'x', payloadBase64: 'AAE' }, 'message.payload'],
    [{ to: b.id, type: 'x', payload: 1n as unknown as number }, 'message.payload'],
    [{ to: b.id, type: 'x', payload: (() => 1) as unknown as number }, 'message.payload'],
    [{ to: b.id, type: 'x', payload: 'x'.repeat(PAYLOAD_BYTES_MAX - 1) }, 'message.payload.size'],
  ];
  for (const [input, code] of cases)
    t.is(
      thrownBy(t, () => a.messages.send(input)),
      code,
    );
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  t.is(
    thrownBy(t, () => a.messages.send({ to: b.id, type: 'x', payload: cyclic as never })),
    'message.payload',
  );
  t.is(a.mesh.sent.length, 0);
});

test('waiting for delivery ends with the story, or with what became of it', async (t) => {
  const { clock, a, b } = pair();
  const story = a.messages.sendAndWait({ to: b.id, type: 'x' });
  await pass(clock);
  t.deepEqual(
    (await story).events.map(({ what }) => what),
    ['sent', 'delivered'],
  );
  a.mesh.delivers = false;
  const lost = a.messages.sendAndWait({ to: b.id, type: 'x' });
  a.mesh.outcome({ id: a.mesh.sent.at(-1)?.id as MessageId, outcome: 'expired' });
  t.is(await codeOf(a.messages.query({ to: b.id, type: 'x', timeoutMS: 5 } as SendInput)), 'message.field');
  t.is(await codeOf(lost), 'message.expired');
  // A mesh that is busy says so before `send` returns.
  a.mesh.refuses = 'message.busy';
  t.is(await codeOf(a.messages.sendAndWait({ to: b.id, type: 'x' })), 'message.busy');
  t.is(await codeOf(a.messages.query({ to: b.id, type: 'x' })), 'message.busy');
  t.is(
    thrownBy(t, () => a.messages.sendAndWait({ to: '*', type: 'x' })),
    'message.broadcast',
  );
});

test('a query is answered by a handler, by respond, or by neither in time', async (t) => {
  const { clock, a, b } = pair();
  const remove = b.messages.handle('double', (message) => (message.payload as number) * 2);
  const doubled = a.messages.query({ to: b.id, type: 'double', payload: 21 });
  await pass(clock);
  t.like(await doubled, { payload: 42, from: b.id });

  remove();
  const asked = a.messages.query({ to: b.id, type: 'double', payload: 21 });
  await pass(clock);
  t.is(b.queries.length, 1);
  b.messages.respond(b.queries[0]?.messageId ?? '', { payloadBase64: 'AAEC' });
  await pass(clock);
  t.like(await asked, { payload: null, payloadBase64: 'AAEC' });
  t.is(
    thrownBy(t, () => b.messages.respond(b.queries[0]?.messageId ?? '', { payload: 1 })),
    'query.unknown',
  );

  const unanswered = a.messages.query({ to: b.id, type: 'double', timeoutMs: 1_000 });
  await pass(clock);
  clock.advance(1_000);
  t.is(await codeOf(unanswered), 'query.timeout');
  // Too late an answer harms nobody.
  b.messages.respond(b.queries[1]?.messageId ?? '', { payload: 1 });
  await pass(clock);
});

test('a handler that throws, or returns what is no JSON or too large, is a fault told to who asked', async (t) => {
  const { clock, a, b } = pair();
  const ask = async (type: string) => {
    const answer = a.messages.query({ to: b.id, type });
    answer.catch(() => undefined);
    await pass(clock);
    return answer;
  };
  b.messages.handle('throws', () => {
    throw new Error('no camera');
  });
  b.messages.handle('coded', () => {
    throw new EdgeError('camera.busy', 'later');
  });
  b.messages.handle('odd', () => 1n as unknown as number);
  b.messages.handle('cyclic', () => {
    const value: unknown[] = [];
    value.push(value);
    return value as never;
  });
  b.messages.handle('large', () => 'x'.repeat(PAYLOAD_BYTES_MAX));
  b.messages.handle('rejects', () => Promise.reject(new Error('late')));
  const failed = await t.throwsAsync(ask('throws'), { instanceOf: EdgeError });
  t.is(failed?.code, 'query.failed');
  t.regex(failed?.message ?? '', /no camera/);
  t.is(await codeOf(ask('coded')), 'camera.busy');
  t.is(await codeOf(ask('odd')), 'message.payload');
  t.is(await codeOf(ask('cyclic')), 'message.payload');
  t.is(await codeOf(ask('large')), 'message.payload.size');
  t.is(await codeOf(ask('rejects')), 'query.failed');
  t.is(b.counts.get('handler.failed'), 6);
  b.messages.send({ to: a.id, type: 'x' });
  a.messages.send({ to: b.id, type: 'throws' });
  await pass(clock);
  t.is(b.counts.get('handler.failed'), 7);
});

test('a node answers a ping from others and from itself', async (t) => {
  const { clock, a, b } = pair();
  const pings = [b.id, a.id].map((to) => a.messages.query({ to, type: 'edge.ping', payload: to }));
  await pass(clock);
  t.deepEqual(
    (await Promise.all(pings)).map(({ payload }) => payload),
    [b.id, a.id],
  );
});

test('one type has one handler, and their number is bounded', (t) => {
  const { a } = pair();
  const remove = a.messages.handle('x', () => 1);
  t.is(
    thrownBy(t, () => a.messages.handle('x', () => 2)),
    'handler.taken',
  );
  remove();
  t.notThrows(() => a.messages.handle('x', () => 2));
  t.is(
    thrownBy(t, () => {
      for (let i = 0; i < 1_000; i++) a.messages.handle(`type ${i}`, () => null);
    }),
    'handler.limit',
  );
});

test('queries under way are bounded, here and there', async (t) => {
  const { clock, a, b } = pair();
  const asked = Array.from({ length: 1_024 }, () => a.messages.query({ to: b.id, type: 'x', timeoutMs: 5_000 }));
  t.is(
    thrownBy(t, () => a.messages.query({ to: b.id, type: 'x' })),
    'query.busy',
  );
  await pass(clock);
  t.is(b.queries.length, 1_024);
  // Those of somebody else find no place any more.
  b.mesh.deliver(FrameType.Query, { source: a.id, body: encode(Body.MessageSchema, { type: 'x' }) });
  t.is(b.queries.length, 1_024);
  const codes = asked.map(codeOf);
  clock.advance(5_000);
  t.deepEqual(new Set(await Promise.all(codes)), new Set(['query.timeout']));
});

test('malformed messages are counted, never thrown and never told', async (t) => {
  const { clock, a, b } = pair();
  const json = (text: string) => ({ content: { case: 'json' as const, value: utf8(text) } });
  const bodies = [
    Uint8Array.of(0xff, 0xff),
    encode(Body.MessageSchema, { type: '' }),
    encode(Body.MessageSchema, { type: 'x'.repeat(65) }),
    encode(Body.MessageSchema, { type: 'x', payload: json('{') }),
    encode(Body.MessageSchema, { type: 'x', payload: json('['.repeat(20_000) + ']'.repeat(20_000)) }),
    encode(Body.MessageSchema, { type: 'x', payload: { content: { case: 'json', value: Uint8Array.of(0xc3, 0x28) } } }),
    encode(Body.MessageSchema, { type: 'x', payload: json(`"${'x'.repeat(PAYLOAD_BYTES_MAX)}"`) }),
  ];
  for (const body of bodies)
    for (const type of [FrameType.Message, FrameType.Query]) a.mesh.deliver(type, { body, source: b.id });
  for (const body of [...bodies, encode(Body.MessageSchema, { type: 'response', answers: new Uint8Array(3) })])
    a.mesh.deliver(FrameType.Response, { body, source: b.id });
  await pass(clock);
  t.is(a.received.length + a.queries.length, 0);
  t.is(a.counts.get('message.malformed'), 3 * bodies.length + 1);
});

test('an answer counts only from the node that was asked, and its code only when it looks like one', async (t) => {
  const { clock, a, b } = pair();
  b.mesh.delivers = false;
  const answer = (fault: string, source = b.id) => {
    const id = a.mesh.sent.at(-1)?.id ?? '';
    const body = encode(Body.MessageSchema, { type: 'response', answers: Buffer.from(id, 'hex'), fault });
    a.mesh.deliver(FrameType.Response, { source, body });
  };
  const first = a.messages.query({ to: b.id, type: 'x' });
  await pass(clock);
  answer('forged.fault', nodeNumber(8));
  answer('bad"} 1\nedge_agent_peers 99\n# ');
  t.is(await codeOf(first), 'query.failed');
  const second = a.messages.query({ to: b.id, type: 'x' });
  await pass(clock);
  answer('camera.off');
  t.is(await codeOf(second), 'camera.off');
});

test('stories are bounded: the oldest is forgotten', (t) => {
  const { a } = pair();
  const ids = Array.from({ length: Limit.Stories + 1 }, () => a.messages.send({ to: '*', type: 'x' }).messageId);
  t.is(
    thrownBy(t, () => a.messages.story(ids[0] as string)),
    'message.unknown',
  );
  t.is(a.messages.story(ids[1] as string).condition, 'sent');
  t.is(
    thrownBy(t, () => a.messages.story('nonsense')),
    'message.unknown',
  );
});

test('closing tells everybody who waits, and listens no more', async (t) => {
  const { a, b } = pair();
  const waiting = [a.messages.query({ to: b.id, type: 'x' }), a.messages.sendAndWait({ to: b.id, type: 'x' })];
  a.messages.close();
  t.deepEqual(await Promise.all(waiting.map(codeOf)), ['agent.stopped', 'agent.stopped']);
  t.is(a.mesh.listeners, 0);
});

test('a message to one node is accepted once it is kept or delivered, and refused when it is neither', async (t) => {
  const { clock, a, b } = pair();
  a.mesh.delivers = false;
  const kept = a.messages.send({ to: b.id, type: 'x' });
  t.like(a.mesh.sent[0]?.options, { ack: true, keep: true, timeoutMs: 86_400_000 });
  await pass(clock);
  await t.notThrowsAsync(kept.accepted);
  a.mesh.keeps = 'unkept';
  const lost = a.messages.send({ to: b.id, type: 'x' });
  await pass(clock);
  clock.advance(5_000);
  t.is(await codeOf(lost.accepted), 'store.failed');
  t.is(a.messages.story(lost.messageId).events.at(-1)?.what, 'unkept');
  a.mesh.delivers = true;
  const arrived = a.messages.send({ to: b.id, type: 'x' });
  await pass(clock);
  await t.notThrowsAsync(arrived.accepted);
  a.mesh.refuses = 'message.busy';
  t.is(await codeOf(a.messages.send({ to: b.id, type: 'x' }).accepted), 'message.busy');
  for (const input of [
    { to: '*', type: 'x' },
    { to: a.id, type: 'x' },
    { to: b.id, type: 'x', ack: false },
  ]) {
    await t.notThrowsAsync(a.messages.send(input).accepted);
    t.falsy(a.mesh.sent.at(-1)?.options.keep);
  }
});

test('a story tells who holds the message, who gave it up and who says that it arrived', (t) => {
  const { a, b } = pair();
  a.mesh.delivers = false;
  const [id, keeper] = [a.messages.send({ to: b.id, type: 'x' }).messageId as MessageId, nodeNumber(7)];
  a.mesh.waypoint({ id, what: 'held', node: keeper });
  a.mesh.waypoint({ id, what: 'given-up', node: keeper, code: 'custody.full' });
  a.mesh.outcome({ id, outcome: 'delivered', node: keeper });
  t.deepEqual(
    a.messages.story(id).events.map(({ what, node, detail }) => [what, node, detail]),
    [
      ['sent', undefined, undefined],
      ['held', keeper, undefined],
      ['given-up', keeper, 'custody.full'],
      ['delivered', keeper, undefined],
    ],
  );
});

test('stories survive a restart: what was kept goes on, what waited in memory alone has ended', async (t) => {
  const clock = new SteppedClock();
  const store = createMemoryStore();
  const [a, b] = [side(1, clock, store), side(2, clock)];
  FakeMesh.join(a.mesh, b.mesh);
  a.mesh.delivers = false;
  const kept = a.messages.send({ to: b.id, type: 'kept' }).messageId as MessageId;
  const asked = a.messages.query({ to: b.id, type: 'asked' }).catch(() => undefined);
  const question = a.mesh.sent.at(-1)?.id as MessageId;
  const all = a.messages.send({ to: '*', type: 'all' }).messageId;
  await pass(clock, 400);
  a.messages.close();
  await asked;
  const again = side(1, clock, store);
  t.is(again.messages.story(kept).condition, 'sent');
  t.is(again.messages.story(all).condition, 'sent');
  t.like(again.messages.story(question).events.at(-1), { what: 'expired', detail: 'this agent restarted meanwhile' });
  again.mesh.outcome({ id: kept, outcome: 'delivered' });
  t.deepEqual(
    again.messages.story(kept).events.map(({ what }) => what),
    ['sent', 'delivered'],
  );
});
