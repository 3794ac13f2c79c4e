import test from 'ava';
import type { NodeId } from '../core/ids.js';
import { airNode, at, carrierWith, selfNamed, sequences, testContext, viewOf } from '../testing/builders.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { AIR_SPREADS_MAX, type AirContent, AirTurns } from './air-turns.js';
import { Egress } from './egress.js';

type Edges = readonly (readonly [number, number, number?])[];
const TRAITS = { bitsPerSecond: 1_000, frameOverheadMs: 200, mtuBytes: 255, broadcast: true };
/** A frame of 60 bytes takes 680 ms. */
const BYTES = 60;

function setup(self: number, edges: Edges) {
  const context = testContext({ self: { ...selfNamed(1), id: airNode(self) } });
  const egress = new Egress(context, {
    undelivered: () => {},
    divert: () => false,
    suspect: () => {},
    nextSequence: sequences(),
  });
  const carrier = carrierWith(TRAITS);
  const view = viewOf(airNode(self), edges);
  const turns = new AirTurns(context, egress, () => view);
  const sentAt: number[] = [];
  let now = 0;
  let suppressed = 0;
  const contentOf = (more: Partial<AirContent> = {}): AirContent => ({
    ttl: 10,
    own: false,
    bytes: BYTES,
    background: false,
    build: () => new Uint8Array(BYTES).fill(FrameType.DripHashes),
    suppressed: () => suppressed++,
    ...more,
  });
  return {
    context,
    carrier,
    turns,
    sentAt,
    contentOf,
    suppressed: () => suppressed,
    begin: (name: string, source: number, more: Partial<AirContent> = {}, priority: Priority = Priority.Medium) =>
      turns.begin(name, carrier, contentOf(more), { source: airNode(source), priority, holders: [] }, at(now)),
    heard: (name: string, from: number, ttl: number) => turns.heard(name, carrier, airNode(from), ttl, at(now)),
    /** Virtual time in steps of 20 ms; when frames left. */
    runTo: (until: number): number[] => {
      const before = sentAt.length;
      for (; now < until; now += 20) {
        turns.tick(at(now));
        egress.tick(at(now));
        for (const _ of context.transmitted()) sentAt.push(now);
      }
      return sentAt.slice(before);
    },
  };
}

const LINE: Edges = [
  [0, 1],
  [1, 2],
];
const PAIR: Edges = [
  [0, 1],
  [0, 2],
  [1, 2],
  [1, 3],
  [2, 3],
];

test('an alert of ours that others were to pass on and did not is said more often still', (t) => {
  const { begin, runTo } = setup(0, LINE);
  begin('a', 0, { own: true, ttl: 11 }, Priority.Critical);
  const sent = runTo(120_000);
  t.is(sent.length, 16, `${sent}`);
  t.true((sent[15] as number) < 75_000, `${sent}`);
});

test('an alert of ours that somebody says to have is not said for want of an answer, and again for one that says to lack it', (t) => {
  const { begin, runTo, turns, carrier } = setup(0, LINE);
  begin('a', 0, { own: true, ttl: 11, memoryMs: 600_000 }, Priority.Critical);
  runTo(3_000);
  turns.confirmed('a', carrier, airNode(1));
  const [few] = [runTo(200_000).length];
  t.true(few <= 2, `${few}`);
  t.is(turns.lackOf('a', carrier, airNode(1)), 0);
  t.true(turns.lacks('a', carrier, airNode(1), at(200_000)));
  const again = runTo(260_000).length;
  t.true(again >= 1 && again <= 5, `${again}`);
});

test('what somebody says to lack on and on is said a bounded number of times', (t) => {
  const { begin, runTo, turns, carrier } = setup(0, LINE);
  begin('a', 0, { own: true, ttl: 11, memoryMs: 3_600_000 }, Priority.Critical);
  let said = 0;
  for (let until = 10_000; until < 1_800_000; until += 10_000) {
    said += runTo(until).length;
    turns.lacks('a', carrier, airNode(1), at(until));
  }
  t.true(said >= 24 && said < 24 + 4, `${said}`);
});

test('the names of what spreads are found by how they begin, on their own carrier', (t) => {
  const { begin, turns, carrier } = setup(0, LINE);
  begin('ab', 1);
  begin('ac', 1);
  begin('b', 1);
  t.deepEqual(turns.namesOf('a', carrier), ['ab', 'ac']);
  t.deepEqual(turns.namesOf('a', carrierWith(TRAITS, 1)), []);
});

test('an alert of ours that nobody was heard to pass on is said three times, for it may have been lost on all at once; else twice', (t) => {
  const hub: Edges = [
    [0, 1],
    [0, 2],
    [1, 2],
  ];
  const alert = setup(0, hub);
  alert.begin('a', 0, { own: true, ttl: 11 }, Priority.Critical);
  const sent = alert.runTo(60_000);
  t.is(sent.length, 3, `${sent}`);
  t.true((sent[2] as number) < 20_000, `${sent}`);
  const answered = setup(0, hub);
  answered.begin('a', 0, { own: true, ttl: 11 }, Priority.Critical);
  answered.runTo(1_000);
  answered.heard('a', 1, 9);
  t.is(answered.runTo(60_000).length, 1);
  const usual = setup(0, hub);
  usual.begin('a', 0, { own: true, ttl: 11 });
  t.is(usual.runTo(60_000).length, 1, 'what is not urgent is said once where everybody hears it');
});

test('our own message goes at once, and again for those who pass nothing on, a few times', (t) => {
  const { begin, runTo } = setup(0, [
    [0, 1, 0.7],
    [1, 2],
  ]);
  begin('a', 0, { own: true, ttl: 11 });
  const sent = runTo(60_000);
  t.true((sent[0] as number) <= 20);
  t.true(sent.length === 2 || sent.length === 3, `${sent}`);
  t.true((sent[1] as number) - (sent[0] as number) > 2 * 680, 'those who hear it have time to pass it on');
  t.deepEqual(runTo(200_000), []);
});

test('the one who passes it on is the acknowledgement', (t) => {
  const { begin, heard, runTo } = setup(0, LINE);
  begin('a', 0, { own: true, ttl: 11 });
  t.is(runTo(1_000).length, 1);
  heard('a', 1, 9);
  t.deepEqual(runTo(100_000), []);
});

test('a node on whom others hang relays once, in its turn', (t) => {
  const { begin, heard, runTo } = setup(1, LINE);
  begin('a', 0);
  heard('a', 0, 10);
  const sent = runTo(4_000);
  t.is(sent.length, 1, `${sent}`);
});

test('who comes second leaves it to the first, and steps in when that one is silent', (t) => {
  const first = setup(2, PAIR);
  first.begin('a', 0);
  first.heard('a', 0, 10);
  t.deepEqual(first.runTo(900), [], 'node 1 has the first turn');
  first.heard('a', 1, 9);
  t.deepEqual(first.runTo(60_000), []);
  const second = setup(2, PAIR);
  second.begin('a', 0);
  second.heard('a', 0, 10);
  t.is(second.runTo(20_000).length, 1);
});

test('what was heard while a frame waited at the transmitter takes it back, and is counted', (t) => {
  const { begin, heard, carrier, runTo, suppressed } = setup(1, PAIR);
  carrier.pace.sent(2_000, 0);
  begin('a', 0);
  heard('a', 0, 10);
  t.deepEqual(runTo(8_000), [], 'the transmitter is busy for 16 s');
  heard('a', 2, 9);
  t.deepEqual(runTo(30_000), []);
  t.is(suppressed(), 1);
});

test('what nobody waits for takes no more turns than its share of the channel allows', (t) => {
  const { carrier, begin, runTo, heard } = setup(1, LINE);
  for (let i = 0; i < 40; i++) carrier.load.agreed();
  for (let i = 0; i < 200; i++) {
    begin(`${i}`, 0, { background: true });
    heard(`${i}`, 0, 10);
  }
  const sent = runTo(1_000_000);
  const usedMs = sent.length * 680;
  t.true(sent.length > 5 && usedMs < 0.04 * 1_000_000 + 10_000, `${sent.length} frames`);
});

test('what was built away says nothing, and is forgotten', (t) => {
  const { begin, heard, runTo, turns } = setup(1, LINE);
  begin('a', 0, { build: () => undefined });
  heard('a', 0, 10);
  t.deepEqual(runTo(20_000), []);
  t.is(turns.size, 1);
  runTo(120_000);
  t.is(turns.size, 0);
});

test('no more spread at a time than the bound, and a carrier that goes takes its own along', (t) => {
  const { begin, turns, carrier, runTo } = setup(1, LINE);
  for (let i = 0; i < AIR_SPREADS_MAX + 10; i++) begin(`${i}`, 0);
  t.is(turns.size, AIR_SPREADS_MAX);
  turns.carrierDown(carrier);
  t.is(turns.size, 0);
  t.is(turns.nextDeadline(), undefined);
  t.deepEqual(runTo(10_000), []);
});

test('a node that says it lacks it is given it again', (t) => {
  const { begin, heard, turns, carrier, runTo } = setup(1, LINE);
  begin('a', 0);
  heard('a', 0, 10);
  const before = runTo(60_000).length;
  t.false(turns.lacks('b', carrier, airNode(2) as NodeId, at(60_000)));
  t.true(turns.lacks('a', carrier, airNode(2) as NodeId, at(60_000)));
  t.true(before > 0 && runTo(80_000).length > 0);
});
