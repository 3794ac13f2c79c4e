import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { airNode, at, carrierWith, sequences, testContext, viewOf } from '../testing/builders.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { AirAlerts } from './air-alerts.js';
import { readHashes, writeHashes } from './drip-hashes.js';
import { alertRank, type DripItem, DripKind } from './drip-items.js';
import { Egress } from './egress.js';

type Edges = readonly (readonly [number, number, number?])[];
const TRAITS = { bitsPerSecond: 1_000, frameOverheadMs: 200, mtuBytes: 255, broadcast: true };
const AUTHOR = airNode(9);
const ROOM = 200;
const MINUTE = 60_000;

const alertOf = (sequence: number, raisedAt: number): DripItem => ({
  kind: DripKind.Alert,
  source: AUTHOR,
  saltHint: 1,
  sequence,
  rank: alertRank(1, sequence),
  body: new Uint8Array(0),
  raisedAt,
});

function setup(edges: Edges) {
  const context = testContext();
  const carrier = carrierWith(TRAITS);
  const egress = new Egress(context, {
    undelivered: () => {},
    suspect: () => {},
    divert: () => false,
    nextSequence: sequences(),
  });
  const held: { item: DripItem; hash: number }[] = [];
  const lacked: [number, NodeId][] = [];
  const confirmed: [number, NodeId][] = [];
  const sure = new Set<NodeId>();
  const alerts = new AirAlerts(context, egress, {
    items: () => held,
    view: () => viewOf(airNode(0), edges),
    nextSequence: sequences(),
    lackOf: (_, __, node) => (sure.has(node) ? 0 : 1),
    lacked: (_, { sequence }, from) => void lacked.push([sequence, from]),
    confirmed: (_, { sequence }, from) => void confirmed.push([sequence, from]),
  });
  alerts.carrierUp(carrier);
  let now = 0;
  const hashOf = (sequence: number): number => Math.imul(sequence, 0x9e3779b1) >>> 0;
  const lists = (sequences: readonly number[]): Uint8Array =>
    writeHashes(
      sequences.map((sequence) => ({ item: alertOf(sequence, 0), hash: hashOf(sequence) })),
      { salt: 7, part: 0, parts: 1 },
      ROOM,
    );
  return {
    ...{ context, alerts, lacked, confirmed, sure },
    hold: (sequence: number) => {
      held.push({ item: alertOf(sequence, now), hash: hashOf(sequence) });
      alerts.news(at(now));
    },
    hears: (from: number, sequences: readonly number[]) =>
      alerts.heard(carrier, airNode(from), lists(sequences), at(now)),
    hearsBytes: (payload: Uint8Array) => alerts.heard(carrier, airNode(1), payload, at(now)),
    /** Times of the lists that this node says until then, and how many alerts each names. */
    runTo: (until: number): { at: number; names: number }[] => {
      const said: { at: number; names: number }[] = [];
      for (; now < until; now += 50) {
        alerts.tick(at(now));
        egress.tick(at(now));
        for (const frame of context.transmitted()) {
          assertList(readHeader(frame).type);
          said.push({ at: now, names: readHashes(payloadOf(frame))?.hashes.size ?? -1 });
        }
      }
      return said;
    },
  };
}

function assertList(type: number): void {
  if (type !== FrameType.AlertsHeld) throw new RangeError(`type ${type}`);
}

const STAR: Edges = [
  [0, 1],
  [0, 2],
  [1, 2],
];

test('who holds a recent alert names it a few times, ever more rarely, and no more after some minutes', (t) => {
  const { hold, runTo, alerts } = setup(STAR);
  hold(1);
  const said = runTo(30 * MINUTE);
  t.true(said.length >= 3 && said.length <= 6, `${said.length}`);
  t.true(said.every(({ names }) => names === 1));
  t.true((said[0]?.at ?? 0) < 20_000 && (said.at(-1)?.at ?? 0) < 5 * MINUTE);
  t.is(alerts.nextDeadline(), undefined);
});

test('nobody speaks who has nothing to name', (t) => {
  const { runTo, hears } = setup(STAR);
  hears(1, []);
  t.deepEqual(runTo(30 * MINUTE), []);
});

test('what another said is not said again to those that heard it', (t) => {
  const { hold, runTo, hears } = setup(STAR);
  hold(1);
  for (let i = 0; i < 600; i++) {
    hears(1, [1]);
    t.deepEqual(runTo((i + 1) * 1_000), []);
  }
});

test('a bridge speaks, whatever one side of it says', (t) => {
  const { hold, runTo, hears } = setup([
    [0, 1],
    [0, 2],
  ]);
  hold(1);
  let said = 0;
  for (let i = 0; i < 300; i++) {
    hears(1, [1]);
    said += runTo((i + 1) * 1_000).length;
  }
  t.true(said >= 3, `${said}`);
});

test('neighbours that were heard to pass it on need no list', (t) => {
  const { hold, runTo, sure } = setup(STAR);
  for (const node of [1, 2]) sure.add(airNode(node));
  hold(1);
  t.deepEqual(runTo(30 * MINUTE), []);
});

test('who hears of an alert that it lacks says at once what it holds, again ever later, until it comes or some tries are spent', (t) => {
  const lacking = setup(STAR);
  lacking.hears(1, [1]);
  const said = lacking.runTo(60 * MINUTE);
  t.is(said.length, 8);
  t.true((said[0]?.at ?? Number.POSITIVE_INFINITY) < 3_000);
  t.true(said.every(({ names }) => names === 0));
  const told = setup(STAR);
  for (const node of [1, 2]) told.sure.add(airNode(node));
  told.hears(1, [1]);
  told.runTo(3_000);
  told.hold(1);
  t.deepEqual(told.runTo(60 * MINUTE), []);
});

test('who leaves out an alert is told it, who names it is taken to have it', (t) => {
  const { hold, hears, lacked, confirmed } = setup(STAR);
  hold(1);
  hold(2);
  hears(1, [2]);
  t.deepEqual(lacked, [[1, airNode(1)]]);
  t.deepEqual(confirmed, [[2, airNode(1)]]);
});

test('an alert of a while ago is told to nobody who leaves it out: they may hold it and name it no more', (t) => {
  const { hold, hears, lacked, runTo } = setup(STAR);
  hold(1);
  runTo(11 * MINUTE);
  hears(1, []);
  t.deepEqual(lacked, []);
});

test('a malformed list is counted, and one that claims to be of many parts', (t) => {
  const { hearsBytes, context } = setup(STAR);
  hearsBytes(Uint8Array.of(0xff, 0xff));
  hearsBytes(writeHashes([], { salt: 1, part: 0, parts: 4_000 }, ROOM));
  t.is(context.counters.refused.get('alert.malformed'), 2);
});

test('who is made to speak by lists of alerts that nobody has is held to a share of the channel', (t) => {
  const { hears, runTo } = setup(STAR);
  let [said, at] = [0, 0];
  for (; at < 60 * MINUTE; at += 1_000) {
    hears(1, [at]);
    said += runTo(at + 1_000).length;
  }
  // 46 bytes at most for a list, of 125 a second.
  t.true(said > 5 && (said * 40) / (125 * (at / 1_000)) < 0.03, `${said}`);
});
