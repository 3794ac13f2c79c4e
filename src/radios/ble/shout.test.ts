import test from 'ava';
import fc from 'fast-check';
import { SteppedClock } from '../../testing/stepped-clock.js';
import { encodeAdvert } from './advert.js';
import { BleLimit } from './limits.js';
import { Overhearing } from './overhearing.js';
import { decodeShout, encodeShout, SHOUT_BYTES, type ShoutPart } from './shout.js';
import { Shouter } from './shouter.js';

const frames = fc.uint8Array({ minLength: 1, maxLength: SHOUT_BYTES });
const partsOf = (frame: Uint8Array, number = 1): ShoutPart[] =>
  encodeShout(frame, number, 5).map((advert) => decodeShout(advert) as ShoutPart);

test('a frame comes out as it went in, in whatever order its adverts come and however often', (t) => {
  fc.assert(
    fc.property(frames, fc.nat({ max: 255 }), fc.infiniteStream(fc.nat()), (frame, number, order) => {
      const adverts = encodeShout(frame, number, 5);
      t.true(adverts.every(({ length }) => length <= 31));
      const ear = new Overhearing();
      const heard: Uint8Array[] = [];
      const shuffled = adverts
        .map((advert) => [order.next().value as number, advert] as const)
        .sort(([a], [b]) => a - b);
      for (const [, advert] of [...shuffled, ...shuffled]) {
        const whole = ear.heard('a', decodeShout(advert) as ShoutPart, 0);
        if (whole !== undefined) heard.push(whole);
      }
      t.deepEqual(heard, [frame]);
    }),
  );
});

test('adverts of others, of neighbours, of later versions and cut ones are no shouts; any bytes are survived', (t) => {
  const [advert] = encodeShout(new Uint8Array(60), 1, 5) as [Uint8Array];
  t.is(decodeShout(encodeAdvert({ hint: 1, token: new Uint8Array(8), part: 1 })), undefined);
  for (let length = 0; length < advert.length; length++) t.is(decodeShout(advert.subarray(0, length)), undefined);
  t.is(decodeShout(Uint8Array.from(advert, (byte, i) => (i === 4 ? byte | 0x40 : byte))), undefined);
  t.is(decodeShout(Uint8Array.from(advert, (byte, i) => (i === 6 ? 0x32 : byte))), undefined, 'the fourth of three');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const part = decodeShout(bytes);
      if (part !== undefined) t.true(part.index < part.count && part.count <= 6 && part.bytes.length <= 24);
      t.notThrows(() => part && new Overhearing().heard('a', part, 0));
    }),
  );
});

test('parts of different speakers and numbers do not mix, and a forged part is mended by the genuine one', (t) => {
  const ear = new Overhearing();
  const [frame, other] = [new Uint8Array(48).fill(1), new Uint8Array(48).fill(2)];
  const [first, second] = partsOf(frame) as [ShoutPart, ShoutPart];
  const [, forged] = partsOf(other) as [ShoutPart, ShoutPart];
  t.is(ear.heard('a', first, 0), undefined);
  t.is(ear.heard('b', second, 0), undefined);
  t.is(ear.heard('a', { ...second, number: 2 }, 0), undefined);
  t.deepEqual(ear.heard('a', forged, 0)?.slice(24), other.slice(24), 'the engine will refuse it by its tag');
  t.deepEqual(ear.heard('a', second, 0), frame);
  t.is(ear.heard('a', second, 0), undefined);
});

test('parts that never become a frame are bounded and forgotten, and no more frames are given on than can be checked', (t) => {
  const ear = new Overhearing();
  const [first, second] = partsOf(new Uint8Array(48)) as [ShoutPart, ShoutPart];
  for (let i = 0; i < 500; i++) ear.heard(`speaker ${i}`, first, 0);
  t.is(ear.size, BleLimit.Assemblies);
  t.is(ear.heard('speaker 499', second, BleLimit.OverheardMs + 1), undefined, 'too late');
  const [whole] = partsOf(Uint8Array.of(1)) as [ShoutPart];
  const now = 100_000;
  const given = Array.from({ length: 100 }, (_, i) => ear.heard(`flood ${i}`, whole, now)).filter((frame) => frame);
  t.is(given.length, BleLimit.OverheardPerSecond);
  t.is(ear.counters.refused, 100 - given.length);
  t.truthy(ear.heard('flood 99', whole, now + 1_000), 'its repetition is another chance');
});

interface Shown {
  readonly at: number;
  readonly advert: Uint8Array | undefined;
}

function scene(mayAdvertise = () => true) {
  const clock = new SteppedClock();
  const shown: Shown[] = [];
  let refuses = false;
  const shouter: Shouter = new Shouter({
    clock,
    mayAdvertise,
    show: async () => {
      shown.push({ at: clock.now(), advert: shouter.advert });
      if (refuses && shouter.advert !== undefined) shouter.refused();
    },
  });
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 5) {
      clock.advance(5);
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    }
  };
  return {
    clock,
    shouter,
    shown,
    pass,
    refuse: (yes: boolean) => {
      refuses = yes;
    },
  };
}

test('each advert is shown eight times, with the ordinary ones in between for about half of the time', async (t) => {
  const { shouter, shown, pass } = scene();
  const adverts = encodeShout(new Uint8Array(100), 1, 5);
  t.true(shouter.say(adverts));
  await pass(5_000);
  for (const advert of adverts) t.is(shown.filter((step) => step.advert === advert).length, 8);
  t.is(shouter.advert, undefined);
  let ordinaryMs = 0;
  shown.forEach((step, i) => {
    const next = shown[i + 1];
    if (step.advert === undefined && next !== undefined) ordinaryMs += next.at - step.at;
  });
  const all = (shown.at(-1)?.at ?? 0) - (shown[0]?.at ?? 0);
  t.true(ordinaryMs / all > 0.4, `${ordinaryMs} of ${all} ms`);
  t.deepEqual(shouter.counters, { said: 1, dropped: 0 });
});

test('frames wait for each other, a few; those that find the queue full are dropped and counted', async (t) => {
  const { shouter, shown, pass } = scene();
  const adverts = Array.from({ length: 8 }, (_, i) => encodeShout(Uint8Array.of(i), i, 5));
  t.deepEqual(
    adverts.map((advert) => shouter.say(advert)),
    [true, true, true, true, true, false, false, false],
  );
  await pass(20_000);
  t.deepEqual(shouter.counters, { said: 5, dropped: 3 });
  const order = shown.flatMap(({ advert }) => (advert === undefined ? [] : [advert[5] as number]));
  t.deepEqual([...new Set(order)], [0, 1, 2, 3, 4]);
});

test('a controller that refuses, or has no adverts in its role, keeps no frame waiting for ever', async (t) => {
  const refusing = scene();
  refusing.refuse(true);
  refusing.shouter.say([Uint8Array.of(1)]);
  await refusing.pass(2_000);
  t.deepEqual(refusing.shouter.counters, { said: 0, dropped: 1 });
  t.is(refusing.shouter.advert, undefined);
  let may = false;
  const sliced = scene(() => may);
  sliced.shouter.say([Uint8Array.of(1)]);
  await sliced.pass(3_000);
  may = true;
  await sliced.pass(3_000);
  t.is(sliced.shouter.counters.said, 1);
  may = false;
  sliced.shouter.say([Uint8Array.of(1)]);
  await sliced.pass(11_000);
  t.deepEqual(sliced.shouter.counters, { said: 1, dropped: 1 });
  sliced.shouter.say([Uint8Array.of(1)]);
  sliced.shouter.close();
  await sliced.pass(1_000);
  t.is(sliced.shouter.advert, undefined);
  t.false(sliced.shouter.say([Uint8Array.of(1)]));
});
