import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import {
  at,
  blindView,
  carrierWith,
  headerWith,
  nodeNamed,
  sequences,
  type TestContext,
  testContext,
  upLink,
} from '../testing/builders.js';
import { buildFrame, dedupKeyOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { AirFlood } from './air-flood.js';
import { AirTurns } from './air-turns.js';
import { Egress } from './egress.js';
import { Flooding, relayDelayMaxMs, relayTargets } from './flooding.js';
import { type Link, Links } from './links.js';
import type { Arrival } from './types.js';

const [A, B, C, D] = [1, 2, 3, 4].map(nodeNamed) as [NodeId, NodeId, NodeId, NodeId];
const SOURCE = nodeNamed(99);
const never = (): boolean => false;

test('a copy goes to every neighbour but the source and those that sent one', (t) => {
  t.deepEqual(relayTargets([A, B, C, D], D, new Set([A]), false, never), [B, C]);
  t.deepEqual(relayTargets([A], D, new Set([A]), false, never), []);
});

test('who hears one that has it is left to that one, unless the matter is urgent', (t) => {
  const hears = (node: NodeId, from: NodeId): boolean => node === B && from === A;
  t.deepEqual(relayTargets([A, B, C], SOURCE, new Set([A]), false, hears), [C]);
  t.deepEqual(relayTargets([A, B, C], SOURCE, new Set([A]), true, hears), [B, C]);
});

test('in any connected mesh where all relay by this rule a flood reaches everybody', (t) => {
  const nodes = 9;
  fc.assert(
    fc.property(
      fc.array(fc.nat(nodes * nodes - 1), { maxLength: 25 }),
      fc.infiniteStream(fc.nat(5)),
      (extra, delays) => {
        const edges = Array.from({ length: nodes }, () => new Set<number>());
        const join = (a: number, b: number): void => {
          if (a === b) return;
          edges[a]?.add(b);
          edges[b]?.add(a);
        };
        for (let i = 1; i < nodes; i++) join(i, (extra[i % Math.max(1, extra.length)] ?? 0) % i);
        for (const pair of extra) join(Math.floor(pair / nodes), pair % nodes);
        const number = (id: NodeId): number => Number.parseInt(id, 16);
        const hears = (a: NodeId, b: NodeId): boolean => edges[number(a)]?.has(number(b)) ?? false;
        const heardFrom = new Map<number, Set<NodeId>>();
        const queue: { node: number; due: number }[] = [];
        const take = (node: number, from: number, now: number): void => {
          const known = heardFrom.get(node);
          if (known) return void known.add(nodeNamed(from));
          heardFrom.set(node, new Set([nodeNamed(from)]));
          queue.push({ node, due: now + (delays.next().value as number) });
        };
        heardFrom.set(0, new Set());
        for (const next of edges[0] as Set<number>) take(next, 0, 0);
        while (queue.length > 0) {
          queue.sort((a, b) => b.due - a.due);
          const { node, due } = queue.pop() as { node: number; due: number };
          const neighbours = [...(edges[node] as Set<number>)].map(nodeNamed);
          const from = heardFrom.get(node) as Set<NodeId>;
          for (const target of relayTargets(neighbours, nodeNamed(0), from, false, hears))
            take(number(target), node, due);
        }
        t.is(heardFrom.size, nodes);
      },
    ),
  );
});

test('the relay delay covers a few airtimes of slow carriers, and hardly shows on fast ones', (t) => {
  t.is(relayDelayMaxMs(10_000_000, 200, 4), 12);
  t.true(relayDelayMaxMs(20_000, 200, 4) > 300);
  t.is(relayDelayMaxMs(300, 250, 20), 2_000);
});

interface Setup {
  readonly context: TestContext;
  readonly links: Links;
  readonly egress: Egress;
  readonly flooding: Flooding;
  readonly from: Link;
  readonly adjacent: Set<string>;
  readonly to: () => string[];
}

function setup(...neighbours: NodeId[]): Setup {
  const context = testContext();
  const links = new Links();
  const egress = new Egress(context, {
    nextSequence: sequences(),
    undelivered: () => {},
    divert: () => false,
    suspect: () => {},
  });
  const adjacent = new Set<string>();
  const hears = (a: NodeId, b: NodeId): boolean => adjacent.has(`${a}${b}`);
  const air = new AirFlood(context, new AirTurns(context, egress, () => blindView(context.self.id)));
  const flooding = new Flooding(context, links, egress, air, hears);
  for (const node of neighbours) egress.open(upLink(links, node));
  const to = (): string[] =>
    context.effects.splice(0).map((effect) => (effect.kind === 'transmit' ? `${effect.to}` : effect.kind));
  return {
    context,
    links,
    egress,
    flooding,
    from: links.best(neighbours[0] as NodeId) as Link,
    adjacent,
    to,
  };
}

const over = (link: Link): Arrival => ({ carrier: link.carrier, link, from: link.peer });

const frameOf = (context: TestContext, more: Parameters<typeof headerWith>[0] = {}): Uint8Array =>
  buildFrame(headerWith({ source: SOURCE, ...more }), Uint8Array.of(1), context.tagKey);

test('a relay waits its random time, then goes once, with one ttl less', (t) => {
  const { context, flooding, from } = setup(A, B, C);
  const frame = frameOf(context);
  flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  t.deepEqual(context.transmitted(), []);
  t.is(flooding.pending, 1);
  flooding.tick(at(flooding.nextDeadline() as number));
  const copies = context.transmitted();
  t.is(copies.length, 2);
  for (const copy of copies) t.like(readHeader(copy), { ttl: 4, hops: 1 });
  t.is(flooding.pending, 0);
  t.is(flooding.nextDeadline(), undefined);
  flooding.tick(at(1_000));
  t.deepEqual(context.transmitted(), []);
});

test('copies heard while waiting make ours unnecessary', (t) => {
  const { context, links, flooding, from } = setup(A, B, C);
  const frame = frameOf(context);
  const key = dedupKeyOf(frame);
  flooding.relay(key, over(from), frame, at(0));
  for (const node of [B, C]) flooding.heardAgain(key, over(links.best(node) as Link), frame, at(0));
  flooding.tick(at(100));
  t.deepEqual(context.transmitted(), []);
  t.like(context.counters.flood, { suppressed: 1, duplicates: 2, relayed: 0 });
});

test('a frame at the end of its ttl goes no further, now or later', (t) => {
  const { context, links, flooding, from } = setup(A, B);
  const frame = frameOf(context, { ttl: 0 });
  flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  upLink(links, C);
  flooding.reconsider();
  flooding.tick(at(5_000));
  t.deepEqual(context.transmitted(), []);
});

test('who was left to a neighbour gets a copy from us when that way turns out to be gone', (t) => {
  const { context, flooding, from, adjacent, to } = setup(A, B);
  adjacent.add(`${B}${A}`);
  const frame = frameOf(context);
  flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  flooding.tick(at(100));
  t.deepEqual(to(), []);
  adjacent.clear();
  flooding.reconsider();
  flooding.tick(at(4_000));
  t.deepEqual(to(), [`to ${B}`]);
  flooding.reconsider();
  flooding.tick(at(4_100));
  t.deepEqual(to(), [], 'once');
});

test('a neighbour that never took its copy is tried again when there is news, and not after ten seconds', (t) => {
  const { context, links, flooding, to } = setup(A, B);
  flooding.originate(headerWith({ source: context.self.id }), Uint8Array.of(1), `${'00'.repeat(14)}0000`, at(0));
  t.deepEqual(to().sort(), [`to ${A}`, `to ${B}`]);
  const own = buildFrame(headerWith({ source: context.self.id }), Uint8Array.of(1), context.tagKey);
  t.false(flooding.undelivered(links.best(B) as Link, own), 'of another message');
  const late = setup(A, B);
  const header = headerWith({ source: late.context.self.id, sequence: 7 });
  const frame = buildFrame(header, Uint8Array.of(1), late.context.tagKey);
  late.flooding.originate(header, Uint8Array.of(1), dedupKeyOf(frame), at(0));
  late.to();
  t.true(late.flooding.undelivered(late.links.best(B) as Link, frame));
  late.flooding.tick(at(5_000));
  t.deepEqual(late.to(), [`to ${B}`]);
  late.flooding.undelivered(late.links.best(B) as Link, frame);
  late.flooding.tick(at(10_001));
  t.deepEqual(late.to(), []);
});

test('a new neighbour is given what went around in the last seconds', (t) => {
  const { context, links, egress, flooding, from, to } = setup(A);
  const frame = frameOf(context);
  flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  flooding.tick(at(100));
  t.deepEqual(to(), []);
  egress.open(upLink(links, B));
  flooding.reconsider();
  t.is(flooding.nextDeadline(), Number.NEGATIVE_INFINITY, 'at once');
  flooding.tick(at(200));
  t.deepEqual(to(), [`to ${B}`]);
  t.is(flooding.nextDeadline(), undefined);
});

test('beyond the bound of waiting relays a frame goes at once', (t) => {
  const { context, flooding, from } = setup(A, B);
  for (let i = 0; i < 4_096; i++) {
    const frame = frameOf(context, { sequence: i });
    flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  }
  t.is(flooding.pending, 4_096);
  t.deepEqual(context.transmitted(), []);
  const frame = frameOf(context, { sequence: 9_999, priority: Priority.High });
  flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  t.is(flooding.pending, 4_096);
  t.is(context.transmitted().length, 1);
});

test('of a neighbour that floods no more is passed on than its allowance, and the rest is counted', (t) => {
  const { context, flooding, from } = setup(A, B);
  const offered = 6_000;
  for (let i = 0; i < offered; i++) {
    const frame = frameOf(context, { sequence: i });
    flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  }
  const limited = context.counters.refused.get('flood.limited') ?? 0;
  t.true(limited > 0 && limited < offered / 2, `${limited}`);
  const frame = frameOf(context, { sequence: offered });
  flooding.relay(dedupKeyOf(frame), over(from), frame, at(1_000));
  t.is(context.counters.refused.get('flood.limited'), limited, 'a second later there is room again');
});

test('what is urgent and short is also shouted, once, by its author and by each that passes it on', (t) => {
  const { context, flooding, from, to } = setup(A, B);
  const deaf = { ...carrierWith({ shoutBytes: 100 }, 2), up: false };
  for (const carrier of [carrierWith({}, 0), carrierWith({ shoutBytes: 100 }, 1), deaf])
    context.carriers.set(carrier.index, carrier);
  const urgent = { type: FrameType.Alert, priority: Priority.High };
  flooding.originate(headerWith({ source: SOURCE, ...urgent }), new Uint8Array(100 - 28), 'own', at(0));
  t.deepEqual(to(), [`to ${A}`, `to ${B}`, 'undefined']);
  flooding.originate(headerWith({ source: SOURCE, ...urgent }), new Uint8Array(100 - 27), 'long', at(0));
  flooding.originate(headerWith({ source: SOURCE }), new Uint8Array(1), 'not urgent', at(0));
  t.false(to().includes('undefined'));
  const frame = frameOf(context, urgent);
  flooding.relay(dedupKeyOf(frame), over(from), frame, at(0));
  flooding.tick(at(100));
  const shouted = context.effects.filter((effect) => effect.kind === 'transmit' && effect.to === undefined);
  t.is(shouted.length, 1);
  t.like(shouted[0], { radio: 1 });
  t.like(readHeader((shouted[0] as { frame: Uint8Array }).frame), { ttl: 4, hops: 1 });
  context.effects.length = 0;
  flooding.heardAgain(dedupKeyOf(frame), over(from), frame, at(100));
  flooding.reconsider();
  flooding.tick(at(200));
  t.false(to().includes('undefined'));
  t.is(context.counters.flood.shouted, 2);
});

test('what was overheard is passed on to all neighbours', (t) => {
  const { context, flooding, to } = setup(A, B);
  const frame = frameOf(context, { priority: Priority.Critical });
  flooding.relay(dedupKeyOf(frame), undefined, frame, at(0));
  flooding.tick(at(100));
  t.deepEqual(to(), [`to ${A}`, `to ${B}`]);
});
