import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { airNode, at, carrierWith, selfNamed, sequences, testContext, viewOf } from '../testing/builders.js';
import { dripItem } from '../testing/drip-net.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { AirDrip } from './air-drip.js';
import { AirTurns } from './air-turns.js';
import type { Drip } from './drip.js';
import { readHashes, writeHashes } from './drip-hashes.js';
import { type DripItem, DripKind } from './drip-items.js';
import { Egress } from './egress.js';

const [ME, NEAR, FAR] = [airNode(1), airNode(2), airNode(3)];
const [SOURCE, OTHER] = [airNode(8), airNode(9)];
const MINUTE = 60_000;

/** Hashes as a drip makes them, near enough: told apart by source and rank. */
const hashed = (item: DripItem) => ({
  item,
  hash: Number.parseInt(item.source.slice(0, 4), 16) * 7_919 + Number(item.rank),
});

function setup(edges: readonly (readonly [number, number])[] = [[1, 2]], heard: readonly NodeId[] = [NEAR]) {
  const context = testContext({ self: { ...selfNamed(1), id: ME } });
  const carrier = carrierWith({ bitsPerSecond: 1_000, frameOverheadMs: 200, mtuBytes: 255, broadcast: true });
  const events = { undelivered: () => {}, divert: () => false, suspect: () => {}, nextSequence: sequences() };
  const egress = new Egress(context, events);
  const turns = new AirTurns(context, egress, () => viewOf(ME, edges));
  const items: DripItem[] = [];
  const held = (kind: DripKind, source: NodeId): DripItem | undefined =>
    items.findLast((item) => item.kind === kind && item.source === source);
  const drip = {
    items: () => items.map(hashed),
    held,
    rankOf: (kind: DripKind, source: NodeId) => held(kind, source)?.rank,
  };
  const air = new AirDrip(
    context,
    egress,
    turns,
    () => drip as unknown as Drip,
    sequences(),
    (_carrier, node) => heard.includes(node),
  );
  air.carrierUp(carrier);
  let now = 0;
  return {
    ...{ context, carrier, air, turns, items },
    now: () => at(now),
    /** What is said until then: the frames' types, and their payloads. */
    runTo: (until: number): { type: number; payload: Uint8Array }[] => {
      const said: { type: number; payload: Uint8Array }[] = [];
      for (; now < until; now += 100) {
        turns.tick(at(now));
        air.tick(at(now));
        egress.tick(at(now));
        for (const frame of context.transmitted())
          said.push({ type: readHeader(frame).type, payload: payloadOf(frame) });
      }
      return said;
    },
  };
}

test('what is new is said once to those in earshot that lack it, and not where all were told', (t) => {
  const alone = setup();
  alone.items.push(dripItem(SOURCE, 1));
  alone.air.spread(alone.items[0] as DripItem, FAR, at(0));
  t.deepEqual(
    alone.runTo(10 * MINUTE).map(({ type }) => type),
    [FrameType.Drip],
    'who said it is not heard over this carrier',
  );
  // All hear each other, and it came from one of them.
  const told = setup(
    [
      [1, 2],
      [1, 3],
      [2, 3],
    ],
    [NEAR, FAR],
  );
  told.items.push(dripItem(SOURCE, 1));
  told.air.spread(told.items[0] as DripItem, NEAR, at(0));
  t.deepEqual(told.runTo(10 * MINUTE), []);
});

test('what is no longer the newest is not said any more', (t) => {
  const { air, items, runTo } = setup();
  items.push(dripItem(SOURCE, 1));
  air.spread(items[0] as DripItem, FAR, at(0));
  items.push(dripItem(SOURCE, 2));
  t.deepEqual(runTo(10 * MINUTE), []);
});

test('where digests differ a node says what it holds, after a while and not again for ten minutes', (t) => {
  const { air, carrier, items, runTo, now } = setup();
  items.push(dripItem(SOURCE, 1), dripItem(OTHER, 3));
  air.differs(carrier, now());
  air.differs(carrier, now());
  const first = runTo(2 * MINUTE);
  t.deepEqual(
    first.map(({ type }) => type),
    [FrameType.DripHashes],
  );
  t.is(readHashes(first[0]?.payload as Uint8Array)?.hashes.size, 2);
  air.differs(carrier, now());
  t.deepEqual(runTo(9 * MINUTE), []);
  t.is(runTo(15 * MINUTE).length, 1);
});

test('who says what it holds is told what it lacks, and asked for what is unknown here', (t) => {
  const [mine, theirs] = [dripItem(SOURCE, 1), dripItem(OTHER, 1)];
  const saidAfter = (held: readonly DripItem[]): number[] => {
    const { air, carrier, items, runTo } = setup();
    items.push(mine);
    air.received(carrier, NEAR, writeHashes(held.map(hashed), { salt: 5, part: 0, parts: 1 }, 200), at(0));
    return runTo(10 * MINUTE).map(({ type }) => type);
  };
  t.deepEqual(saidAfter([theirs]), [FrameType.Drip], 'what is lacked there comes first');
  t.deepEqual(saidAfter([mine, theirs]), [FrameType.DripHashes]);
  t.deepEqual(saidAfter([mine]), []);
});

test('what another says it holds need not be said: the own turn is given up', (t) => {
  const { air, carrier, items, runTo, now } = setup();
  items.push(dripItem(SOURCE, 1));
  air.differs(carrier, now());
  air.received(carrier, NEAR, writeHashes(items.map(hashed), { salt: 5, part: 0, parts: 1 }, 200), at(0));
  t.is(air.nextDeadline(), undefined);
  t.deepEqual(runTo(5 * MINUTE), []);
});

test('a beat that somebody waits for is said', (t) => {
  const { air, carrier, items, runTo, now } = setup();
  items.push(dripItem(SOURCE, 1, DripKind.Beat));
  air.wanted(carrier, items[0] as DripItem, NEAR, now());
  t.deepEqual(
    runTo(3 * MINUTE).map(({ type }) => type),
    [FrameType.Drip],
  );
});

test('of a neighbour that is not heard here nothing is taken to be lacked, and what is malformed is counted', (t) => {
  const { air, carrier, context, items, runTo } = setup();
  items.push(dripItem(SOURCE, 2));
  t.false(air.lacked(items[0] as DripItem, FAR, at(0)));
  t.true(air.lacked(items[0] as DripItem, NEAR, at(0)));
  t.is(runTo(10 * MINUTE).length, 1);
  air.received(carrier, NEAR, Uint8Array.of(255, 255, 255), at(0));
  t.is(context.refused('drip.malformed'), 1);
  air.carrierDown(carrier);
  air.differs(carrier, at(11 * MINUTE));
  t.is(air.nextDeadline(), undefined);
});
