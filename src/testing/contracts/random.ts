import test from 'ava';
import fc from 'fast-check';
import { toHex } from '../../core/bytes.js';
import type { Random } from '../../ports/random.js';

const DRAWS = 20_000;
// A fair source strays further than this once in some 10^9 runs.
const SIGMAS = 6;

/** What every implementation of the `Random` port must do. */
export function randomContract(name: string, open: () => Random): void {
  test(`${name}: u32 covers 32 bits evenly`, (t) => {
    const random = open();
    const ones = new Array<number>(32).fill(0);
    for (let i = 0; i < DRAWS; i++) {
      const draw = random.u32();
      if (!Number.isInteger(draw) || draw < 0 || draw > 0xffff_ffff) return t.fail(`${draw} is no 32-bit number`);
      for (let bit = 0; bit < 32; bit++) ones[bit] = (ones[bit] as number) + ((draw >>> bit) & 1);
    }
    const slack = SIGMAS * Math.sqrt(DRAWS / 4);
    for (const count of ones) t.true(Math.abs(count - DRAWS / 2) < slack, `a bit was set ${count} times`);
    return undefined;
  });

  test(`${name}: below stays below its bound and reaches every value evenly`, (t) => {
    const random = open();
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < DRAWS; i++) {
      const draw = random.below(7);
      counts[draw] = (counts[draw] ?? Number.NaN) + 1;
    }
    t.is(counts.length, 7);
    const slack = SIGMAS * Math.sqrt((DRAWS * 6) / 49);
    for (const count of counts) t.true(Math.abs(count - DRAWS / 7) < slack, `${count} of ${DRAWS}`);
  });

  test(`${name}: below gives an integer in [0, bound) for any bound`, (t) => {
    const random = open();
    fc.assert(
      fc.property(fc.maxSafeInteger().map(Math.abs), (bound) => {
        const draw = random.below(bound);
        return Number.isInteger(draw) && draw >= 0 && (bound <= 1 ? draw === 0 : draw < bound);
      }),
    );
    for (const bound of [0, 1, -3, Number.NaN]) t.is(random.below(bound), 0);
    const halves = Array.from({ length: 200 }, () => random.below(2 ** 40) >= 2 ** 39).filter(Boolean).length;
    t.true(halves > 40 && halves < 160, 'large bounds use their upper half');
  });

  test(`${name}: bytes gives as many as asked, spread over all values`, (t) => {
    const random = open();
    for (const length of [0, 1, 3, 4, 5, 16, 1_000]) t.is(random.bytes(length).length, length);
    t.true(new Set(random.bytes(10_000)).size > 250);
    t.not(toHex(random.bytes(16)), toHex(random.bytes(16)));
  });

  test(`${name}: chance is never at 0, always at 1, and as often as told between`, (t) => {
    const random = open();
    let hits = 0;
    for (let i = 0; i < DRAWS; i++) {
      if (random.chance(0) || random.chance(-1) || !random.chance(1)) return t.fail();
      hits += Number(random.chance(0.2));
    }
    t.true(Math.abs(hits - DRAWS * 0.2) < SIGMAS * Math.sqrt(DRAWS * 0.16), `${hits} of ${DRAWS}`);
    return undefined;
  });

  test(`${name}: forks differ from each other and from their parent`, (t) => {
    const random = open();
    const streams = [random, random.fork('a'), random.fork('b'), random.fork('a').fork('a')];
    t.is(new Set(streams.map((stream) => toHex(stream.bytes(16)))).size, streams.length);
  });
}

/** What a seeded implementation must do on top: the same seed, the same numbers. */
export function seededRandomContract(name: string, open: (seed: number | string) => Random): void {
  const firstOf = (random: Random) => toHex(random.bytes(16));

  test(`${name}: the same seed gives the same stream, another seed another`, (t) => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.string()), fc.oneof(fc.integer(), fc.string()), (one, other) => {
        const [first, again, second] = [open(one), open(one), open(other)].map(firstOf);
        return first === again && (first === second) === Object.is(one, other);
      }),
    );
    t.not(firstOf(open(1)), firstOf(open('1')));
  });

  test(`${name}: a fork depends on seed and label, not on what was drawn before`, (t) => {
    const fresh = open('seed');
    const used = open('seed');
    for (let i = 0; i < 100; i++) used.u32();
    t.is(firstOf(fresh.fork('x')), firstOf(used.fork('x')));
    t.not(firstOf(fresh.fork('x')), firstOf(open('other').fork('x')));
    t.not(firstOf(fresh.fork('x').fork('y')), firstOf(fresh.fork('y').fork('x')));
  });

  test(`${name}: forking does not disturb the parent`, (t) => {
    const plain = open(7);
    const forked = open(7);
    forked.fork('x').u32();
    t.is(firstOf(plain), firstOf(forked));
  });
}
