import test from 'ava';
import { RunnerAccess } from '../agent/mesh-access.js';
import type { Runner } from '../agent/runner.js';
import { keeperStory, withStanding } from '../agent/stories.js';
import type { MessageStory } from '../agent/story-contract.js';
import type { NodeId } from '../core/ids.js';
import type { SendInput, Transfer } from '../services/messages/message.js';
import { Messages } from '../services/messages/messages.js';
import type { Pair } from '../sim/topologies.js';
import { line } from '../sim/topologies.js';
import { World, type WorldOptions } from '../sim/world.js';
import { storyText } from './story.js';

const MEET_MS = 20_000;
const GONE_MS = 45_000;

/** What a person at a simulated node has: the messages of the shipped service, and their stories. */
function person(world: World, index: number) {
  const node = world.node(index);
  const runner = {
    stopped: false,
    now: () => ({ mono: world.now, wall: node.wall() }),
    reserve: () => node.mesh.reserve(),
    submit: (input: Parameters<Runner['submit']>[0]) => node.submit(input),
  } as unknown as Runner;
  const access = new RunnerAccess(node.mesh, world.clock);
  access.connect(runner);
  const transfers: Transfer[] = [];
  const got: string[] = [];
  const messages = new Messages(access, world.clock, node.store, {
    message: ({ type }) => got.push(type),
    query: () => {},
    transfer: (transfer) => transfers.push(transfer),
    counted: () => {},
  });
  const isOwn = (who: { readonly index: number }): boolean => who.index === index;
  world.watch({
    delivered: (who, message) => isOwn(who) && access.delivered(message),
    outcome: (who, _id, _outcome, _now, effect) => isOwn(who) && access.outcome(effect),
    receipt: (who, effect) => isOwn(who) && access.receipt(effect),
    progress: (who, effect) => isOwn(who) && access.progress(effect),
    trail: (who, effect) => isOwn(who) && access.trail(effect),
  });
  const send = (to: number, more: Partial<SendInput> = {}): string =>
    messages.send({ to: world.node(to).id, type: 'note', ...more }).messageId;
  const story = (id: string): MessageStory =>
    (messages.has(id) ? undefined : keeperStory(id, node.mesh, runner)) ??
    withStanding(messages.story(id), node.mesh, runner);
  const words = (id: string): string[] => story(id).events.map(({ what }) => what);
  return { messages, send, story, words, transfers, got };
}

async function settled(options: Omit<WorldOptions, 'seed'>): Promise<World> {
  const world = new World({ seed: 1, ...options });
  world.start();
  await world.run(MEET_MS);
  return world;
}

const plain = (nodes: number, pairs: readonly Pair[]) => ({
  nodes,
  carriers: [{ pairs, air: { delayMinMs: 1, delayMaxMs: 2 } }],
});
/** No story is told in words a person would not read. */
const read = (story: MessageStory): string => storyText(story, (id) => `<${id.slice(0, 4)}>`);

test('delivered: over what and by whom it went, and how far the word came back', async (t) => {
  const world = await settled(plain(3, line(3)));
  const [a, c] = [person(world, 0), person(world, 2)];
  const id = a.send(2);
  await world.run(1_000);
  t.deepEqual(a.words(id), ['sent', 'tried', 'delivered']);
  const [, tried, delivered] = a.story(id).events;
  t.is(tried?.node, world.node(1).id);
  t.is(tried?.radio, world.node(0).radios[0]?.name);
  t.like(delivered, { node: world.node(1).id, hops: 2 });
  t.is(a.story(id).standing, undefined);
  t.deepEqual(c.words(id), ['received'], 'who got it knows it, too');
  t.like(c.story(id).events[0], { node: world.node(0).id, hops: 2 });
  t.regex(
    read(a.story(id)),
    /delivered: its destination has acknowledged it; that answer came over 2 links, the last from </,
  );
});

test('no way: it waits, who holds a copy is told, and what is done now; the keeper tells its part', async (t) => {
  const world = await settled(plain(3, line(3)));
  world.crash(2);
  await world.run(GONE_MS);
  const [a, b] = [person(world, 0), person(world, 1)];
  const id = a.send(2);
  const large = a.send(2, { payloadBase64: Buffer.alloc(200_000).toString('base64') });
  await world.run(20_000);
  t.deepEqual(a.words(id), ['sent', 'spread', 'waiting', 'held']);
  t.deepEqual(a.words(large), ['sent', 'waiting'], 'what is not tried waits from the beginning');
  t.like(a.story(id).standing, { doing: 'waiting', reachable: false, keepers: [world.node(1).id] });
  t.regex(read(a.story(id)), /No way leads there now\.[\s\S]*It is given up in [\d.]+ (h|d)/);
  const kept = { type: 'note', condition: 'sent', to: world.node(2).id } as const;
  t.like(b.story(id), { ...kept, standing: { doing: 'waiting', reachable: false } });
  t.like(b.story(id).events[0], { what: 'kept-here', node: world.node(0).id });
  world.start(2);
  await world.run(90_000);
  t.deepEqual(a.words(id).slice(-2), ['handing', 'delivered']);
  t.deepEqual(b.words(id).slice(0, 1), ['kept-here']);
  t.regex(b.words(id).at(-1) ?? '', /^(delivered|called-back)$/, 'the keeper remembers how its keeping ended');
  t.is(b.story(id).standing, undefined);
  t.throws(() => b.story(`${id.slice(0, -1)}f`), { message: /no message/ });
});

test('without acknowledgement: over what it went or that it did not, and that nothing more will be known', async (t) => {
  const world = await settled(plain(3, line(3)));
  const a = person(world, 0);
  const went = a.send(2, { ack: false });
  t.deepEqual(a.words(went), ['sent', 'tried', 'let-go']);
  world.crash(2);
  await world.run(GONE_MS);
  const spread = a.send(2, { ack: false });
  await world.run(20_000);
  t.deepEqual(a.words(spread), ['sent', 'spread', 'let-go']);
  t.regex(read(a.story(spread)), /sent over 1 link\n.*nothing of it is kept, and nothing more will be known of it$/);
  world.crash(1);
  await world.run(GONE_MS);
  const lost = a.story(a.send(2, { ack: false }));
  t.is(lost.condition, 'refused');
  t.regex(read(lost), /refused: no link took it, and without an acknowledgement nothing is kept or sent again$/);
});

test('a pinned way, and one by which a node was last heard, are not called the best', async (t) => {
  const world = await settled(plain(4, [[0, 1], [1, 3], [0, 2], [2, 3]])); // biome-ignore format: a line
  const { routing } = world.node(0).mesh;
  const [a, to] = [person(world, 0), world.node(3).id];
  const [best, other] = [1, 2].map((i) => world.node(i).id).sort((x) => (x === routing.path(to)?.nextHop ? -1 : 1));
  t.regex(read(a.story(a.send(3))), new RegExp(`sent to <${best?.slice(0, 4)}> .*, the best way there`));
  routing.pins.set({ destination: to, nextHop: other as NodeId });
  t.regex(read(a.story(a.send(3))), new RegExp(`sent to <${other?.slice(0, 4)}> .*, by the route pinned here`));
  await world.run(1_000);
  routing.pins.remove(to);
  world.node(3).submit({ kind: 'leave' });
  await world.run(200);
  world.crash(3);
  await world.run(2_000);
  const away = a.send(3);
  t.regex(read(a.story(away)), /by which it was last heard; no path is known/);
  await world.run(20_000);
  t.deepEqual(a.words(away).slice(0, 3), ['sent', 'tried', 'waiting'], 'one after the other, and each is true');
});

test('expired: with what was tried, and that no way leads there', async (t) => {
  const world = await settled(plain(2, line(2)));
  const a = person(world, 0);
  world.crash(1);
  const id = a.send(1, { timeoutMs: 12_000 });
  await world.run(1_000);
  t.like(a.story(id).standing, { doing: 'trying', reachable: true });
  await world.run(30_000);
  const story = a.story(id);
  t.is(story.condition, 'expired');
  t.is(story.events[1]?.what, 'tried');
  t.like(story.events.at(-1), {
    what: 'expired',
    detail: 'no path leads to that node: it is offline, or out of reach',
  });
  t.true(story.events.length < 10, 'the same again and again is counted, not listed');
});

test('a next hop that does not take it is named, and the way around it', async (t) => {
  const world = await settled(plain(4, [[0, 1], [1, 3], [0, 2], [2, 3]])); // biome-ignore format: a line
  const a = person(world, 0);
  const first = world.node(0).mesh.routing.path(world.node(3).id)?.nextHop as NodeId;
  world.crash(world.indexOf(first));
  const id = a.send(3);
  await world.run(5_000);
  const words = a.words(id);
  t.is(words.at(-1), 'delivered', words.join());
  t.true(words.includes('not-taken'), words.join());
  t.is(a.story(id).events.find(({ what }) => what === 'not-taken')?.node, first);
});

test('queued: how long it waits for airtime behind what is on its way', async (t) => {
  const traits = { bitsPerSecond: 9_600, broadcast: false, connected: true, mtuBytes: 512 };
  const world = await settled({ nodes: 2, carriers: [{ pairs: line(2), traits }] });
  const a = person(world, 0);
  const ids = Array.from({ length: 6 }, () => a.send(1, { payload: 'y'.repeat(3_000) }));
  await world.run(500);
  const last = a.story(ids.at(-1) as string);
  const queued = last.events.find(({ what }) => what === 'queued');
  t.regex(queued?.detail ?? '', /^for \d+ s of airtime$/);
  t.is(queued?.radio, world.node(0).radios[0]?.name);
  await world.run(120_000);
  for (const id of ids) t.true(a.words(id).includes('delivered'), a.words(id).join());
});

test('a copy that comes again is given out once, and both ends say so', async (t) => {
  // Answers take longer than the first wait for one.
  const world = await settled({ nodes: 2, carriers: [{ pairs: line(2), air: { delayMinMs: 900, delayMaxMs: 950 } }] });
  await world.run(60_000);
  const [a, b] = [person(world, 0), person(world, 1)];
  const ids = Array.from({ length: 5 }, () => a.send(1));
  await world.run(60_000);
  t.is(b.got.length, 5);
  for (const id of ids) {
    t.true(a.words(id).includes('delivered'), a.words(id).join());
    t.deepEqual(b.words(id), ['received', 'duplicate']);
  }
  t.true(
    ids.some((id) => a.words(id).at(-1) === 'again'),
    a.words(ids[0] as string).join(),
  );
});

test('a large payload: offered, how far it is as an event and in its story, put off and delivered', async (t) => {
  const traits = { bitsPerSecond: 400_000, broadcast: false, connected: true, mtuBytes: 512 };
  const world = await settled({ nodes: 2, carriers: [{ pairs: line(2), traits }] });
  const [a, b] = [person(world, 0), person(world, 1)];
  const payloadBase64 = Buffer.alloc(200_000, 7).toString('base64');
  const { messageId: id } = a.messages.send({ to: world.node(1).id, type: 'model', payloadBase64 });
  await world.run(2_000);
  t.true(a.words(id).includes('offered'), a.words(id).join());
  const { progress, standing } = a.story(id);
  t.true((progress?.doneBytes ?? 0) > 0 && (progress?.doneBytes ?? 0) < 200_000, JSON.stringify(progress));
  t.is(standing?.doing, 'transferring');
  t.regex(read(a.story(id)), /arrived +[\d.]+ KiB of 195 KiB/);
  await world.run(60_000);
  t.is(a.words(id).at(-1), 'delivered');
  t.deepEqual(b.got, ['model']);
  t.regex(read(b.story(id)), /over 1 link: fetched in chunks$/);
  const done = a.transfers.map(({ doneBytes }) => doneBytes);
  t.deepEqual(
    done,
    [...done].sort((x, y) => x - y),
  );
  t.like(a.transfers.at(-1), { messageId: id, condition: 'delivered' });
  t.is(a.transfers.at(-1)?.doneBytes, a.transfers.at(-1)?.totalBytes);
});

test('refused: too many wait here, and it says so', async (t) => {
  const world = await settled(plain(2, line(2)));
  world.crash(1);
  await world.run(GONE_MS);
  const a = person(world, 0);
  const ids = Array.from({ length: 400 }, () => a.send(1, { payloadBase64: Buffer.alloc(48_000).toString('base64') }));
  await world.run(1_000);
  const refused = ids.map((id) => a.story(id)).filter(({ condition }) => condition === 'refused');
  t.true(refused.length > 0 && refused.length < 100, `${refused.length}`);
  t.like(refused[0]?.events.at(-1), { what: 'refused', detail: 'message.busy' });
  t.regex(read(refused[0] as MessageStory), /refused: too many messages wait here already/);
});
