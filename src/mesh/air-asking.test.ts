import test from 'ava';
import { airNode, at, carrierWith, sequences, testContext } from '../testing/builders.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { readHeader } from '../wire/header.js';
import { AirAsking, WANTED_MAX } from './air-asking.js';
import { Use } from './air-load.js';
import { Egress } from './egress.js';

const [A, B] = [airNode(1), airNode(2)];

function setup() {
  const context = testContext();
  const carrier = carrierWith({ bitsPerSecond: 1_000, frameOverheadMs: 200, mtuBytes: 255 });
  const egress = new Egress(context, {
    undelivered: () => {},
    suspect: () => {},
    divert: () => false,
    nextSequence: sequences(),
  });
  const asking = new AirAsking(context, egress, sequences());
  let now = 0;
  return {
    context,
    carrier,
    asking,
    wants: (author = A) => asking.wants(carrier, author, at(now)),
    /** What is asked for until then, in steps of 100 ms. */
    runTo: (until: number): Uint8Array[] => {
      const frames: Uint8Array[] = [];
      for (; now < until; now += 100) {
        asking.tick(at(now));
        egress.tick(at(now));
        frames.push(...context.transmitted());
      }
      return frames;
    },
    now: () => at(now),
  };
}

test('a beat that messages wait for is asked for after a while, again ever later, and then no more', (t) => {
  const { asking, carrier, wants, runTo } = setup();
  wants();
  wants();
  t.deepEqual(runTo(3_000), [], 'mostly it comes by itself');
  const first = runTo(20_000);
  t.is(first.length, 1);
  t.is(readHeader(first[0] as Uint8Array).type, FrameType.DripRequest);
  t.deepEqual(asking.heard(carrier, payloadOf(first[0] as Uint8Array), at(20_000)), [A]);
  const later = runTo(600_000);
  t.true(later.length >= 1 && later.length <= 3, `${later.length}`);
  t.is(asking.nextDeadline(), undefined);
});

test('what came, and what another asks for, is not asked for', (t) => {
  const mine = setup();
  mine.wants();
  mine.asking.learned(A);
  t.deepEqual(mine.runTo(60_000), []);
  const other = setup();
  other.wants();
  const [request] = other.runTo(20_000);
  const waiting = setup();
  waiting.wants();
  waiting.asking.heard(waiting.carrier, payloadOf(request as Uint8Array), waiting.now());
  t.deepEqual(waiting.runTo(12_000), []);
  t.true(waiting.runTo(120_000).length > 0, 'but that one may not have been answered');
});

test('a busy channel is not asked', (t) => {
  const { carrier, wants, runTo } = setup();
  for (let i = 0; i < 100; i++) carrier.load.used(900, Use.Message, 0);
  wants();
  t.deepEqual(runTo(20_000), []);
  t.true(runTo(120_000).length > 0);
});

test('one request asks for several, and no more wait than the limit', (t) => {
  const { asking, carrier, wants, runTo } = setup();
  wants(A);
  wants(B);
  const asked = runTo(60_000).flatMap((frame) => asking.heard(carrier, payloadOf(frame), at(60_000)) ?? []);
  t.true(asked.includes(A) && asked.includes(B));
  for (let n = 10; n < 20 + WANTED_MAX; n++) wants(airNode(n));
  const named = new Set(runTo(1_200_000).flatMap((frame) => asking.heard(carrier, payloadOf(frame), at(0)) ?? []));
  t.false(named.has(airNode(10)), 'the one wanted longest is left');
  asking.carrierDown(carrier);
  t.is(asking.nextDeadline(), undefined);
});

test('a request that is malformed is told from one that asks for nothing', (t) => {
  const { asking, carrier } = setup();
  t.is(asking.heard(carrier, Uint8Array.of(0xff), at(0)), undefined);
  t.deepEqual(asking.heard(carrier, new Uint8Array(0), at(0)), []);
});
