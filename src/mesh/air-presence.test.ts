import test from 'ava';
import type { NodeId } from '../core/ids.js';
import {
  airNode,
  at,
  carrierWith,
  headerWith,
  selfNamed,
  sequences,
  TEST_TAG_KEY,
  testContext,
} from '../testing/builders.js';
import { KnownNodes } from '../trust/known-nodes.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { aliasOf } from '../wire/compact.js';
import { buildFrame, payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { readIds, writeAliases, writeHeard } from './air-lists.js';
import { AirPresence } from './air-presence.js';
import { Egress } from './egress.js';
import { hearingMaxMs } from './intervals.js';
import { type Link, Links } from './links.js';

const TRAITS = { bitsPerSecond: 1_000, frameOverheadMs: 200, mtuBytes: 255, broadcast: true };
const ME = airNode(1);
const [A, B] = [selfNamed(11), selfNamed(12)];
const HOUR = 3_600_000;

function setup() {
  const context = testContext({ self: { ...selfNamed(1), id: ME } });
  const carrier = carrierWith(TRAITS);
  context.carriers.set(carrier.index, carrier);
  const events = { undelivered: () => {}, divert: () => false, suspect: () => {}, nextSequence: sequences() };
  const egress = new Egress(context, events);
  const [links, known] = [new Links(), new KnownNodes()];
  const seen: string[] = [];
  const meant = new Map<number, NodeId>();
  const presence = new AirPresence(context, links, known, egress, {
    nextSequence: sequences(),
    ownDigests: () => ({ drip: 7, records: 9 }),
    welcome: (on, from, node, now) => {
      const link = links.find(on.index, from) ?? links.add(on, from, 255, now);
      if (link) link.peer = node;
      return link;
    },
    linkUp: (link) => {
      links.markUp(link);
      seen.push(`up ${link.peer}`);
    },
    deaf: (link) => void seen.push(`deaf ${link.peer}`),
    dead: (link) => {
      seen.push(`dead ${link.peer}`);
      links.remove(link);
    },
    digests: (_link, { drip }) => void seen.push(`digest ${drip}`),
    came: () => {},
    told: () => {},
    named: (nodes) => void seen.push(...nodes.map((node) => `named ${node}`)),
    lacked: (alias) => [meant.get(alias) ?? []].flat(),
    asked: () => void seen.push('asked'),
    states: () => [],
    stateOf: () => undefined,
    overrule: () => {},
  });
  for (const self of [A, B]) known.learn(self.id, self.keys.publicKey, self.boot);
  presence.carrierUp(carrier, at(0));
  let now = 0;
  let sequence = 1_000;
  return {
    ...{ context, carrier, presence, links, seen, meant },
    /** A list of `self`, which names those it hears. */
    listed: (self: typeof A, names: readonly NodeId[], number: number, lacked: readonly NodeId[] = []): void => {
      const heard = writeHeard(
        names.map((node) => ({ node, chance: 0.9, whole: false })),
        200,
      );
      const payload = encode(Body.HearingSchema, {
        ...heard,
        digest: 5,
        intervalS: 60,
        number,
        lacked: writeAliases(lacked.map(aliasOf)),
      });
      const saltHint = ((self.boot.salt[0] as number) << 8) | (self.boot.salt[1] as number);
      const header = headerWith({ type: FrameType.Hearing, source: self.id, saltHint, sequence: ++sequence });
      const frame = buildFrame(header, payload, TEST_TAG_KEY);
      presence.heard(carrier, `to ${self.id}`, readHeader(frame), frame, 3, at(now));
    },
    now: () => now,
    /** When lists were said until then, and which. */
    runTo: (until: number) => {
      const said: { at: number; list: NonNullable<ReturnType<typeof listOf>> }[] = [];
      for (; now < until; now += 500) {
        presence.tick(at(now));
        egress.tick(at(now));
        for (const frame of context.transmitted()) {
          const list = listOf(frame);
          if (list) said.push({ at: now, list });
        }
      }
      return said;
    },
  };
}

const listOf = (frame: Uint8Array) => decode(Body.HearingSchema, payloadOf(frame));

test('who is heard is named, and is a neighbour once its list names this node', (t) => {
  const { listed, runTo, seen, links } = setup();
  listed(A, [], 1);
  t.deepEqual(seen, [], 'it does not hear this node yet');
  const [first] = runTo(HOUR / 6);
  t.true((first?.list.heard.length ?? 0) > 0);
  listed(A, [ME], 2);
  t.deepEqual(seen, [`up ${A.id}`, 'digest 5']);
  t.deepEqual([...links.neighbours()], [A.id]);
});

test('who falls silent is given up after about three of its intervals, and not before', (t) => {
  const { listed, runTo, seen, now } = setup();
  listed(A, [ME], 1);
  runTo(170_000);
  t.false(seen.includes(`dead ${A.id}`));
  runTo(180_000);
  t.true(seen.includes(`dead ${A.id}`), `${now()}`);
});

test('who is left out of two lists is taken not to be heard there', (t) => {
  const { listed, seen } = setup();
  listed(A, [ME], 1);
  listed(A, [], 2);
  t.false(seen.includes(`deaf ${A.id}`));
  listed(A, [], 3);
  t.true(seen.includes(`deaf ${A.id}`));
});

test('news is told soon, and without any lists become rarer, at no fixed times while they do', (t) => {
  const gaps = (): number[] => {
    const { listed, runTo, carrier, context } = setup();
    listed(A, [ME], 1);
    const times = runTo(2 * HOUR).map(({ at: time }) => time);
    t.true((times[0] as number) < 120_000, `${times[0]}`);
    const between = times.slice(1).map((time, i) => time - (times[i] as number));
    const mostMs = hearingMaxMs(carrier.traits, 1, context.timing) * 1.2;
    t.true((between.at(-1) as number) > (between[0] as number));
    for (const gap of between) t.true(gap <= mostMs, `${gap} of ${mostMs}`);
    return between;
  };
  t.true(gaps().length > 3);
});

test('whose alias somebody lacks is named once, whatever others say meanwhile', (t) => {
  const { listed, runTo, meant, now } = setup();
  meant.set(aliasOf(B.id), B.id);
  listed(A, [ME], 1);
  runTo(HOUR);
  listed(A, [ME], 2, [B.id]);
  const naming = (until: number): NodeId[][] =>
    runTo(until).flatMap(({ list }) => (list.named.length > 0 ? [[...(readIds(list.named) ?? [])]] : []));
  t.deepEqual(naming(now() + HOUR / 6), [[B.id]]);
  listed(A, [ME], 3);
  t.deepEqual(naming(now() + HOUR / 6), []);
});

test('two sends that fail in a row end a link, unless something was heard meanwhile', (t) => {
  const { listed, presence, links, seen, runTo, now } = setup();
  listed(A, [ME], 1);
  const [link] = links.upTo(A.id) as [Link];
  presence.failed(link, at(now()));
  runTo(10_000);
  listed(A, [ME], 2);
  presence.failed(link, at(now()));
  t.false(seen.includes(`dead ${A.id}`));
  presence.failed(link, at(now()));
  t.true(seen.includes(`dead ${A.id}`));
});

test('a list that is malformed is counted and names nobody', (t) => {
  const { context, carrier, presence, links } = setup();
  const header = headerWith({ type: FrameType.Hearing, source: A.id });
  const frame = buildFrame(header, Uint8Array.of(255, 255), TEST_TAG_KEY);
  presence.heard(carrier, 'n', readHeader(frame), frame, 3, at(0));
  t.is(context.refused('hearing.malformed'), 1);
  t.deepEqual([...links.neighbours()], []);
});
