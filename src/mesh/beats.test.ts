import test from 'ava';
import { HybridClock, hlcOf } from '../core/hlc.js';
import { at, selfNamed, TEST_EPOCH_MS, testContext, testCrypto } from '../testing/builders.js';
import { parseBeat, signBeat, verifyBeat } from '../trust/beat.js';
import { MAX_FRAMES_PER_BEAT } from '../trust/commitments.js';
import { Freshness, KnownNodes } from '../trust/known-nodes.js';
import { Beats } from './beats.js';
import type { DripItem } from './drip-items.js';

function setup(slow: { roundMs?: number } = {}) {
  const context = testContext();
  const known = new KnownNodes();
  const published: DripItem[] = [];
  const learned: string[] = [];
  const buried = new Set<bigint>();
  const beats = new Beats(context, known, new HybridClock(), {
    publish: (item) => void published.push(item),
    isBuried: (_source, rank) => buried.has(rank),
    members: () => [context.self.id],
    slowRoundMs: () => slow.roundMs,
    hops: () => 1,
    learned: (node) => void learned.push(node),
  });
  return { context, known, published, learned, buried, beats };
}

const HOUR = 3_600_000;
const other = selfNamed(2);
const NO_TIME = { hlc: 0n, clockMs: 0 };
const NEIGHBOUR = selfNamed(3).id;
const theirs = (number: number, answeredUpTo?: number, ms = TEST_EPOCH_MS): Uint8Array =>
  signBeat(testCrypto, other, number, { hlc: hlcOf(ms), clockMs: ms }, [], undefined, answeredUpTo);

test('the first beat comes at the first tick, before anybody can need it', (t) => {
  const { beats, published, context } = setup();
  beats.originated(5, Uint8Array.of(1), at(0));
  t.is(beats.nextDeadline(), 0);
  beats.tick(at(0));
  t.like(verifyBeat(testCrypto, published[0]?.body as Uint8Array), {
    author: context.self.id,
    number: 1,
    answeredUpTo: 5,
  });
});

test('a beat follows within half a minute of what was originated, else every ten minutes', (t) => {
  const { beats, published } = setup();
  beats.tick(at(0));
  t.is(beats.nextDeadline(), 600_000);
  beats.originated(7, Uint8Array.of(1), at(1_000));
  beats.originated(8, Uint8Array.of(2), at(2_000));
  t.is(beats.nextDeadline(), 31_000);
  beats.tick(at(31_000));
  t.is(published.length, 2);
  t.like(parseBeat(published[1]?.body as Uint8Array)?.beat.commitment, { firstSequence: 7, lastSequence: 8, count: 2 });
  t.true((published[1]?.rank as bigint) > (published[0]?.rank as bigint));
  t.is(beats.nextDeadline(), 631_000);
});

test('as many frames as a beat can answer for call for one at once', (t) => {
  const { beats } = setup();
  beats.tick(at(0));
  for (let i = 0; i < MAX_FRAMES_PER_BEAT; i++) beats.originated(i, Uint8Array.of(1), at(10));
  t.is(beats.nextDeadline(), 10);
});

test('a good beat vouches for its author’s boot, and is passed on', (t) => {
  const { beats, known, learned } = setup();
  t.is(beats.take({ source: other.id, body: theirs(3, 500) }, undefined, NEIGHBOUR, at(0)), (1n << 32n) | 3n);
  t.deepEqual(learned, [other.id]);
  const hint = ((other.boot.salt[0] as number) << 8) | (other.boot.salt[1] as number);
  t.is(known.freshness(other.id, hint, 500), Freshness.Replayed, 'what it answered for before is history');
  t.is(known.freshness(other.id, hint, 501), Freshness.Fresh);
});

test('a beat that is not newer costs no signature check', (t) => {
  const { beats, context } = setup();
  let checks = 0;
  const counting = { ...context, crypto: { ...testCrypto, verify: () => ++checks > 0 } };
  const known = new Beats(counting, new KnownNodes(), new HybridClock(), {
    publish: () => {},
    isBuried: () => false,
    members: () => [],
    slowRoundMs: () => undefined,
    hops: () => 1,
    learned: () => {},
  });
  t.is(known.take({ source: other.id, body: theirs(3) }, (1n << 32n) | 3n, NEIGHBOUR, at(0)), undefined);
  t.is(checks, 0);
  t.is(beats.take({ source: other.id, body: theirs(3) }, (1n << 32n) | 4n, NEIGHBOUR, at(0)), undefined);
});

test('what is wrong with a beat is counted under its reason', (t) => {
  const { beats, context, buried } = setup();
  const forged = theirs(3);
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  beats.take({ source: other.id, body: forged }, undefined, NEIGHBOUR, at(0));
  t.is(context.refused('beat.signature'), 1);
  beats.take({ source: NEIGHBOUR, body: theirs(3) }, undefined, NEIGHBOUR, at(0));
  beats.take({ source: other.id, body: Uint8Array.of(1, 2) }, undefined, NEIGHBOUR, at(0));
  t.is(context.refused('beat.malformed'), 2);
  buried.add((1n << 32n) | 9n);
  beats.take({ source: other.id, body: theirs(9) }, undefined, NEIGHBOUR, at(0));
  t.is(context.refused('beat.forgotten'), 1);
  beats.take({ source: other.id, body: theirs(4, undefined, TEST_EPOCH_MS + 600_000) }, undefined, NEIGHBOUR, at(0));
  t.is(context.refused('beat.ahead'), 1);
  const newer = selfNamed(2, { counter: 5 });
  beats.take({ source: other.id, body: signBeat(testCrypto, newer, 1, NO_TIME, []) }, undefined, NEIGHBOUR, at(0));
  t.is(beats.take({ source: other.id, body: theirs(10) }, undefined, NEIGHBOUR, at(0)), undefined);
  t.is(context.refused('beat.older-boot'), 1);
});

test('our own beat coming back is no news', (t) => {
  const { beats, context, published } = setup();
  beats.tick(at(0));
  t.is(
    beats.take({ source: context.self.id, body: published[0]?.body as Uint8Array }, undefined, NEIGHBOUR, at(0)),
    undefined,
  );
});

test('two boots under one counter are suspicious', (t) => {
  const { beats, context } = setup();
  beats.take({ source: other.id, body: theirs(1) }, undefined, NEIGHBOUR, at(0));
  const clone = selfNamed(2, { salt: new Uint8Array(16).fill(9) });
  beats.take(
    { source: other.id, body: signBeat(testCrypto, clone, 2, NO_TIME, []) },
    (1n << 32n) | 1n,
    NEIGHBOUR,
    at(0),
  );
  t.deepEqual(context.effects, [{ kind: 'suspect', node: other.id, what: 'two boots under one counter' }]);
});

test('a neighbour that brings beats without end is held to a rate', (t) => {
  const { beats, context } = setup();
  for (let i = 1; i <= 1_000; i++) beats.take({ source: other.id, body: theirs(i) }, undefined, NEIGHBOUR, at(0));
  t.is(context.refused('beat.too-many'), 800);
});

test('where all is slow air the first beat waits a quarter of an hour, and not any longer once it is not', (t) => {
  const slow = setup({ roundMs: HOUR });
  slow.beats.tick(at(1_000));
  t.is(slow.published.length, 0);
  t.is(slow.beats.nextDeadline(), 901_000);
  slow.beats.tick(at(901_000));
  t.is(slow.published.length, 1);
  const where: { roundMs?: number } = { roundMs: HOUR };
  const joined = setup(where);
  joined.beats.tick(at(1_000));
  delete where.roundMs;
  joined.beats.tick(at(2_000));
  t.is(joined.published.length, 1);
});

test('over slow air a beat follows within an hour, and where many share it as late as their beats have room', (t) => {
  const dueAfter = (roundMs: number): { after: number[]; every: number[] } => {
    const { beats } = setup({ roundMs });
    const [after, every]: [number[], number[]] = [[], []];
    beats.tick(at(0));
    let now = HOUR;
    for (let i = 0; i < 20; i++) {
      beats.tick(at(now));
      every.push(beats.nextDeadline() - now);
      beats.originated(2 * i, Uint8Array.of(1), at(now));
      after.push(beats.nextDeadline() - now);
      beats.originated(2 * i + 1, Uint8Array.of(2), at(now + 1_000));
      t.is(beats.nextDeadline() - now, after.at(-1) as number, 'what comes later is answered for at the same time');
      now = beats.nextDeadline();
    }
    return { after, every };
  };
  const few = dueAfter(HOUR / 2);
  t.deepEqual([new Set(few.after), new Set(few.every)], [new Set([HOUR]), new Set([4 * HOUR])]);
  const { after, every } = dueAfter(6 * HOUR);
  t.true(Math.min(...after) >= 3 * HOUR && Math.max(...after) <= 6 * HOUR, `${after}`);
  t.true(Math.min(...every) >= 4 * HOUR && Math.max(...every) <= 6 * HOUR, `${every}`);
  t.true(Math.max(...after) - Math.min(...after) > HOUR, 'not all at once');
});

test('who asks for a proof that needs the next beat has it sooner, over slow air not within an hour of the last', (t) => {
  const { beats } = setup({ roundMs: 6 * HOUR });
  beats.tick(at(0));
  beats.tick(at(HOUR));
  beats.asked(at(HOUR));
  t.true(beats.nextDeadline() >= 5 * HOUR, 'nothing waits for it');
  beats.originated(1, Uint8Array.of(1), at(HOUR));
  beats.asked(at(HOUR));
  t.is(beats.nextDeadline(), 2 * HOUR);
  beats.asked(at(3 * HOUR));
  t.is(beats.nextDeadline(), 2 * HOUR, 'due already');
  beats.tick(at(3 * HOUR));
  beats.originated(2, Uint8Array.of(1), at(5 * HOUR));
  beats.asked(at(5 * HOUR));
  t.is(beats.nextDeadline(), 5 * HOUR + 30_000);
});
