import test from 'ava';
import { AgentProcess, allAlive, ownMesh, QUICK, startMesh } from '../testing/agents.js';
import { EventStream } from '../testing/http-client.js';
import { until } from '../testing/serving.js';

interface Story {
  readonly condition: string;
  readonly events: readonly { readonly what: string; readonly node?: string }[];
}

const storyOf = (agent: AgentProcess, id: string): Promise<Story> => agent.json(`messages/${id}`);

/** Waits until the story says so. */
const told = (agent: AgentProcess, id: string, what: string, ms = 30_000): Promise<Story> =>
  until(`the story of ${id} says ${what}`, ms, async () => {
    const story = await storyOf(agent, id);
    return story.events.some((event) => event.what === what) ? story : undefined;
  });

const offline = (agent: AgentProcess, other: AgentProcess): Promise<boolean> =>
  until(`${agent.setup.name} sees ${other.setup.name} offline`, 30_000, async () => {
    return !(await agent.alivePeers()).includes(other.nodeId);
  });

/** Messages as they are given to a user: type and payload. */
const given = (stream: EventStream): { readonly type: string; readonly payload: unknown; readonly ageMs?: number }[] =>
  [...stream.text.matchAll(/^event: message\nid: .*\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data as string));

/** From the agent's start on: what was kept for it may have come before anybody listened. */
const listen = (agent: AgentProcess): Promise<EventStream> =>
  EventStream.open(`${agent.url}/api/v1/events?types=message`, { 'last-event-id': 'start' });

test('a node that was stopped for its peers’ whole conversation gets what was kept, though its keeper was restarted and the sender is gone', async (t) => {
  t.timeout(150_000);
  const [sender, keeper, away] = (await startMesh(t, ['sender', 'keeper', 'away'])) as [
    AgentProcess,
    AgentProcess,
    AgentProcess,
  ];
  t.is(await away.stop(), 0, away.log);
  await offline(sender, away);
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) {
    const body = { to: away.nodeId, type: 'talk', payload: { i } };
    ids.push((await sender.json('messages', { body })).messageId);
  }
  for (const id of ids) {
    const story = await told(sender, id, 'held');
    t.is(story.events.find(({ what }) => what === 'held')?.node, keeper.nodeId);
  }
  await sender.kill();
  await keeper.kill();
  const keeperAgain = await keeper.restart(t);
  const back = await away.restart(t);
  const stream = await listen(back);
  await allAlive([keeperAgain, back]);
  const got = await until('all of the conversation', 60_000, () =>
    given(stream).length >= 20 ? given(stream) : undefined,
  );
  t.deepEqual(
    got.map(({ payload }) => (payload as { i: number }).i).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i),
  );
  t.true(got.every(({ ageMs }) => (ageMs ?? 0) > 0));

  // The sender comes back: its stories are there, and are told to their end; nothing is delivered twice.
  const senderAgain = await sender.restart(t);
  await allAlive([senderAgain, back, keeperAgain]);
  for (const id of ids) t.is((await told(senderAgain, id, 'delivered')).condition, 'delivered');
  await back.kill();
  const oncemore = await back.restart(t);
  const later = await listen(oncemore);
  await allAlive([senderAgain, oncemore, keeperAgain]);
  await senderAgain.json('messages', { body: { to: back.nodeId, type: 'talk', payload: 'last' } });
  await until('the last word', 20_000, () => given(later).length > 0);
  t.deepEqual(
    given(later).map(({ payload }) => payload),
    ['last'],
  );
  t.is(given(stream).length, 20);
  stream.close();
  later.close();
});

test('a sender alone keeps its messages over its own restart, and their stories too', async (t) => {
  t.timeout(120_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  await b.stop();
  await offline(a, b);
  const { messageId } = await a.json('messages', { body: { to: b.nodeId, type: 'note', payloadBase64: 'AAEC' } });
  // Without a farewell, right after the answer.
  await a.kill();
  const again = await a.restart(t);
  t.deepEqual(
    (await storyOf(again, messageId)).events.map(({ what }) => what).filter((what) => what !== 'waiting'),
    ['sent'],
  );
  const back = await b.restart(t);
  const stream = await listen(back);
  await told(again, messageId, 'delivered', 60_000);
  await until('it is given', 10_000, () => given(stream).length === 1);
  t.like(given(stream)[0], { type: 'note', payload: null, payloadBase64: 'AAEC' });
  const statistics = await again.json('statistics');
  t.is(statistics.queues.own.length, 0);
  stream.close();
});

test('what is not fetched in its time expires, with its keeper too, also for a mesh of one', async (t) => {
  t.timeout(90_000);
  const own = { ...ownMesh(), config: QUICK };
  const a = await AgentProcess.start(t, { ...own, name: 'a' });
  const b = await AgentProcess.start(t, { ...own, name: 'b' });
  await allAlive([a, b]);
  await b.kill();
  await offline(a, b);
  const body = { to: b.nodeId, type: 'note', payload: 1, timeoutMs: 8_000 };
  const { messageId } = await a.json('messages', { body });
  await a.kill();
  const again = await a.restart(t);
  t.is((await told(again, messageId, 'expired', 30_000)).condition, 'expired');
});

test('five megabytes go from one agent to another, though both are restarted on the way', async (t) => {
  t.timeout(150_000);
  const [a, b] = (await startMesh(t, ['a', 'b'])) as [AgentProcess, AgentProcess];
  const bytes = Buffer.alloc(5 << 20, 'gradients of no particular kind ');
  const body = { to: b.nodeId, type: 'parameters', payloadBase64: bytes.toString('base64') };
  await b.kill();
  const { messageId } = await a.json('messages', { body });
  await a.kill();
  const sender = await a.restart(t);
  const receiver = await b.restart(t);
  await told(sender, messageId, 'delivered', 90_000);
  const stream = await listen(receiver);
  await until('its event', 10_000, () => given(stream).length === 1);
  t.like(given(stream)[0], { type: 'parameters', payload: null, payloadBytes: bytes.length });
  await receiver.kill();
  const after = await receiver.restart(t);
  // Killed before the disk had it in one piece, the receiver puts it together again from its chunks.
  const fetched = () => fetch(`${after.url}/api/v1/messages/${messageId}/payload`);
  await until('the payload', 20_000, async () => (await fetched()).ok);
  const answer = await fetched();
  t.is(answer.headers.get('content-type'), 'application/octet-stream');
  t.is(Buffer.compare(Buffer.from(await answer.arrayBuffer()), bytes), 0);
  const tooMuch = { ...body, payloadBase64: Buffer.alloc(8 << 20).toString('base64') };
  const refused = await sender.call('messages', { body: tooMuch });
  t.is(refused.status, 413, refused.text);
  t.regex(refused.json.detail, /payloadBase64.*at most 8387584 bytes/);
  const everybody = await sender.call('messages', { body: { ...body, to: '*' } });
  t.is(everybody.status, 413, everybody.text);
  stream.close();
});
