import test from 'ava';
import fc from 'fast-check';
import { EdgeError } from '../../core/errors.js';
import type { HeardFrame, Radio, RadioTraits } from '../../ports/radio.js';
import { type HandClock, handClock, seededRandom } from '../../testing/radio-world.js';
import { createMemoryAir, MAX_IN_FLIGHT, MAX_QUEUED_BYTES, type MemoryAir, type MemoryAirOptions } from './air.js';

interface Heard {
  readonly at: number;
  readonly by: string;
  readonly from: string;
  readonly bytes: readonly number[];
}

interface World {
  readonly clock: HandClock;
  readonly air: MemoryAir;
  readonly heard: Heard[];
  readonly links: string[];
  readonly conditions: string[];
  add(name: string, traits?: Partial<RadioTraits>): Promise<Radio>;
}

function world(options: Partial<MemoryAirOptions> = {}, seed = 1): World {
  const clock = handClock();
  const air = createMemoryAir({ clock, random: seededRandom(seed), ...options });
  const heard: Heard[] = [];
  const links: string[] = [];
  const conditions: string[] = [];
  const add = async (name: string, traits?: Partial<RadioTraits>): Promise<Radio> => {
    const radio = air.radio(name, traits);
    await radio.open({
      heard: (frames: readonly HeardFrame[]) => {
        for (const { from, bytes } of frames) heard.push({ at: clock.now(), by: name, from, bytes: [...bytes] });
      },
      linkUp: (address, mtuBytes) => void links.push(`${name}+${address}:${mtuBytes}`),
      linkDown: (address, reason) => void links.push(`${name}-${address}: ${reason}`),
      condition: (condition, reason) => void conditions.push(`${name} ${condition} ${reason ?? ''}`.trim()),
    });
    return radio;
  };
  return { clock, air, heard, links, conditions, add };
}

const one = Uint8Array.of(1);
const NEAR = 5000;

async function flood(options: Partial<MemoryAirOptions>, frames: number, seed = 1): Promise<World> {
  const scene = world(options, seed);
  const a = await scene.add('a');
  await scene.add('b');
  for (let i = 0; i < frames; i++) {
    a.send(Uint8Array.of(i >> 8, i & 255), 'b');
    scene.clock.advance(0.5);
  }
  scene.clock.advance(NEAR);
  return scene;
}

const numbers = (heard: readonly Heard[]): number[] => heard.map(({ bytes: [high = 0, low = 0] }) => (high << 8) | low);

test('the chances of the air are kept', async (t) => {
  const chances = { loss: 0.2, duplicate: 0.1, corrupt: 0.05, reorder: 0.1 };
  const { air, heard } = await flood({ defaults: chances }, 4000);
  const { delivered, lost, duplicated, corrupted, reordered, overflowed } = air.counters();
  t.is(delivered, heard.length);
  t.is(delivered + lost, 4000 + duplicated);
  t.is(overflowed, 0);
  const near = (count: number, share: number): unknown => t.true(Math.abs(count / 4000 - share) < 0.02, `${count}`);
  near(lost, 0.2);
  near(duplicated, 0.08);
  near(corrupted, 0.044);
  near(reordered, 0.088);
  t.is(air.inFlight, 0);
});

test('frames keep their order when nothing reorders them, whatever the delay', async (t) => {
  const { heard } = await flood({ defaults: { delayMinMs: 1, delayMaxMs: 50 } }, 1000);
  t.deepEqual(numbers(heard), [...Array(1000).keys()]);
});

test('with reordering later frames overtake, and all arrive', async (t) => {
  const { heard } = await flood({ defaults: { delayMinMs: 1, delayMaxMs: 5, reorder: 0.2 } }, 1000);
  const order = numbers(heard);
  t.notDeepEqual(order, [...Array(1000).keys()]);
  t.deepEqual(
    [...order].sort((a, b) => a - b),
    [...Array(1000).keys()],
  );
});

test('a corrupted frame differs in exactly one bit', async (t) => {
  const { heard } = await flood({ defaults: { corrupt: 1 } }, 300);
  t.is(heard.length, 300);
  numbers(heard).forEach((value, i) => {
    t.is((value ^ i).toString(2).replaceAll('0', ''), '1');
  });
});

test('the same seed gives the same history, another seed another', async (t) => {
  const options = {
    defaults: { loss: 0.3, duplicate: 0.2, corrupt: 0.1, reorder: 0.1, delayMinMs: 1, delayMaxMs: 30 },
  };
  const first = await flood(options, 200, 7);
  t.deepEqual((await flood(options, 200, 7)).heard, first.heard);
  t.notDeepEqual((await flood(options, 200, 8)).heard, first.heard);
});

test('delays stay within their bounds', async (t) => {
  const { clock, heard, add } = world({ defaults: { delayMinMs: 10, delayMaxMs: 20 } });
  const a = await add('a', { bitsPerSecond: Number.POSITIVE_INFINITY });
  await add('b');
  for (let i = 0; i < 200; i++) {
    const sent = clock.now();
    a.send(one);
    clock.advance(100);
    const took = (heard.at(-1)?.at ?? 0) - sent;
    t.true(took >= 10 && took <= 20);
  }
});

test('only those in range hear, until connected or cut', async (t) => {
  const { clock, air, heard, add } = world({ connectivity: 'none' });
  const [a] = [await add('a'), await add('b'), await add('c')];
  const call = (to?: string): string => {
    heard.length = 0;
    t.is(a.send(one, to), 'queued');
    clock.advance(NEAR);
    return heard.map(({ by }) => by).join('');
  };
  t.is(call(), '');
  air.connect('a', 'b');
  t.is(call(), 'b');
  t.is(call('c'), '');
  air.connect('c', 'a');
  t.is(call(), 'bc');
  air.cut('a', 'b');
  t.is(call(), 'c');
  t.is(call('b'), '');
});

test('a partition separates groups, and those not named form one', async (t) => {
  const { clock, air, heard, add } = world();
  const radios = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => add(name)));
  const whoHears = (i: number): string => {
    heard.length = 0;
    radios[i]?.send(one);
    clock.advance(NEAR);
    return heard
      .map(({ by }) => by)
      .sort()
      .join('');
  };
  air.partition([['a', 'b'], ['c']]);
  t.deepEqual([0, 1, 2, 3, 4].map(whoHears), ['b', 'a', '', 'e', 'd']);
  air.heal();
  t.is(whoHears(2), 'abde');
});

test('one direction can be worse than the other', async (t) => {
  const { clock, air, heard, add } = world();
  const [a, b] = [await add('a'), await add('b')];
  air.shapeEdge('a', 'b', { loss: 1 });
  a.send(one);
  b.send(one);
  clock.advance(NEAR);
  t.deepEqual(
    heard.map(({ by }) => by),
    ['a'],
  );
  air.shapeEdge('a', 'b', undefined);
  a.send(one);
  clock.advance(NEAR);
  t.is(heard.at(-1)?.by, 'b');
});

test('a frame on its way is lost when the range is cut', async (t) => {
  const { clock, air, heard, add } = world({ defaults: { delayMinMs: 10, delayMaxMs: 10 } });
  const a = await add('a');
  await add('b');
  a.send(one);
  clock.advance(5);
  air.cut('a', 'b');
  clock.advance(NEAR);
  t.deepEqual(heard, []);
  t.is(air.counters().lost, 1);
});

test('a slow transmitter takes its time, and says full when too much waits', async (t) => {
  const { clock, heard, add } = world({ defaults: { delayMinMs: 0, delayMaxMs: 0 } });
  const a = await add('a', { bitsPerSecond: 8000, mtuBytes: 1000 });
  await add('b');
  const frame = new Uint8Array(1000);
  let taken = 0;
  while (a.send(frame) === 'queued') taken += 1;
  t.is(taken, Math.floor(MAX_QUEUED_BYTES / 1000));
  clock.advance(1000);
  t.is(heard.length, 1);
  t.is(a.send(frame), 'queued');
  t.is(a.send(frame), 'full');
  clock.advance(1e6);
  t.deepEqual(
    heard.map(({ at }) => Math.round(at)),
    Array.from({ length: taken + 1 }, (_, i) => (i + 1) * 1000),
  );
});

test('what is on its way to one radio is bounded', async (t) => {
  const { clock, air, heard, add } = world();
  const a = await add('a', { bitsPerSecond: Number.POSITIVE_INFINITY });
  const r = await add('r', { bitsPerSecond: Number.POSITIVE_INFINITY, reliable: true });
  await add('b');
  air.cut('a', 'r');
  for (let i = 0; i < MAX_IN_FLIGHT + 10; i++) t.is(a.send(one), 'queued');
  t.is(air.counters().overflowed, 10);
  t.is(r.send(one, 'b'), 'full');
  clock.advance(NEAR);
  t.is(heard.length, MAX_IN_FLIGHT);
  t.is(r.send(one, 'b'), 'queued');
});

const linked = { connected: true, broadcast: false, reliable: true } as const;

test('links come up where both are in range, with the smaller size, and go down with a reason', async (t) => {
  const { clock, air, links, add } = world({ connectivity: 'none' });
  const a = await add('a', { ...linked, mtuBytes: 100 });
  await add('b', { ...linked, mtuBytes: 200 });
  const take = (): string[] => {
    clock.advance(NEAR);
    return links.splice(0).sort();
  };
  t.deepEqual(take(), []);
  air.connect('a', 'b');
  t.deepEqual(take(), ['a+b:100', 'b+a:100']);
  air.partition([['a'], ['b']]);
  t.deepEqual(take(), ['a-b: out of range', 'b-a: out of range']);
  air.heal();
  t.deepEqual(take(), ['a+b:100', 'b+a:100']);
  a.drop('b');
  t.deepEqual(take(), ['a-b: dropped', 'b-a: dropped']);
  t.is(a.send(one, 'b'), 'down');
  air.connect('a', 'b');
  t.deepEqual(take(), ['a+b:100', 'b+a:100']);
  await a.close();
  t.deepEqual(take(), ['b-a: the other side closed']);
});

test('frames sent over a link come before the news that it is down', async (t) => {
  const clock = handClock();
  const air = createMemoryAir({ clock, random: seededRandom(1), defaults: { delayMinMs: 5, delayMaxMs: 5 } });
  const [a, b] = [air.radio('a', linked), air.radio('b', linked)];
  const story: string[] = [];
  const nothing = { heard: () => {}, linkUp: () => {}, linkDown: () => {}, condition: () => {} };
  await a.open(nothing);
  await b.open({ ...nothing, heard: () => void story.push('heard'), linkDown: () => void story.push('down') });
  clock.advance(NEAR);
  a.send(one, 'b');
  clock.advance(6);
  air.cut('a', 'b');
  clock.advance(NEAR);
  t.deepEqual(story, ['heard', 'down']);
});

test('a reliable radio loses nothing however bad the air is', async (t) => {
  const { clock, heard, add } = world({ defaults: { loss: 0.9, corrupt: 0.9, duplicate: 0.9, reorder: 0.9 } });
  const a = await add('a', linked);
  await add('b', linked);
  clock.advance(1);
  for (let i = 0; i < 100; i++) a.send(Uint8Array.of(0, i), 'b');
  clock.advance(NEAR);
  t.deepEqual(numbers(heard), [...Array(100).keys()]);
});

test('failing hardware is told and takes its links along; mended it is up again', async (t) => {
  const { clock, air, links, conditions, add } = world();
  const a = await add('a', linked);
  await add('b', linked);
  clock.advance(1);
  links.length = 0;
  air.fail('a', 'antenna fell off');
  clock.advance(1);
  t.is(a.send(one, 'b'), 'down');
  t.deepEqual([...links].sort(), ['a-b: antenna fell off', 'b-a: antenna fell off']);
  air.mend('a');
  clock.advance(1);
  t.is(links.length, 4);
  t.deepEqual(
    conditions.filter((line) => line.startsWith('a')),
    ['a up', 'a retrying antenna fell off', 'a up'],
  );
});

test('a restarted radio has its surroundings back', async (t) => {
  const { clock, air, heard, add } = world({ connectivity: 'none' });
  const a = await add('a');
  const b = await add('b');
  air.connect('a', 'b');
  await b.close();
  await add('b');
  a.send(one);
  clock.advance(NEAR);
  t.is(heard.length, 1);
});

test('an answer given while hearing arrives later, never within', async (t) => {
  const clock = handClock();
  const air = createMemoryAir({ clock, random: seededRandom(1), defaults: { delayMinMs: 0, delayMaxMs: 0 } });
  const radios = ['a', 'b'].map((name) => air.radio(name, { bitsPerSecond: Number.POSITIVE_INFINITY }));
  let depth = 0;
  let deepest = 0;
  let heard = 0;
  for (const radio of radios) {
    const echo = (): void => {
      deepest = Math.max(deepest, ++depth);
      if (heard++ < 50) radio.send(one);
      depth -= 1;
    };
    await radio.open({ heard: echo, linkUp: () => {}, linkDown: () => {}, condition: () => {} });
  }
  radios[0]?.send(one);
  clock.advance(1);
  t.is(heard, 51);
  t.is(deepest, 1);
});

test('what left over one link does not arrive over the next', async (t) => {
  const { clock, air, heard, links, add } = world({ defaults: { delayMinMs: 10, delayMaxMs: 10 } });
  const a = await add('a', linked);
  await add('b', linked);
  clock.advance(NEAR);
  a.send(one, 'b');
  clock.advance(1);
  air.cut('a', 'b');
  air.connect('a', 'b');
  clock.advance(NEAR);
  t.is(links.length, 6);
  t.deepEqual(heard, []);
});

test('names in use and impossible air are refused', (t) => {
  const { air } = world();
  air.radio('a');
  for (const name of ['a', '', 'x'.repeat(129)]) {
    t.is(t.throws(() => air.radio(name), { instanceOf: EdgeError })?.code, 'radio.air.name');
  }
  t.is(t.throws(() => air.connect('a', 'a'), { instanceOf: EdgeError })?.code, 'radio.air');
  for (const change of [{ loss: 1.1 }, { corrupt: -1 }, { delayMinMs: 5 }, { reorder: Number.NaN }]) {
    t.is(t.throws(() => air.shape(change), { instanceOf: EdgeError })?.code, 'radio.air');
  }
});

test('whatever is done to it, every frame is delivered, lost or refused', async (t) => {
  const step = fc.record({
    kind: fc.constantFrom('send', 'cut', 'connect', 'partition', 'heal', 'wait', 'fail', 'mend', 'close'),
    a: fc.integer({ min: 0, max: 3 }),
    b: fc.integer({ min: 0, max: 3 }),
  });
  const chances = fc.record({ loss: fc.double({ min: 0, max: 1, noNaN: true }), duplicate: fc.constant(0.3) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), chances, fc.integer(), async (steps, defaults, seed) => {
      const { clock, air, heard, add } = world({ defaults }, seed);
      const names = ['a', 'b', 'c', 'd'];
      const radios = await Promise.all(names.map((name) => add(name)));
      for (const { kind, a, b } of steps) {
        const [from, to] = [names[a] as string, names[b] as string];
        if (kind === 'send') radios[a]?.send(one, a === b ? undefined : to);
        else if (kind === 'wait') clock.advance(b);
        else if (kind === 'partition') air.partition([[from], [to]]);
        else if (kind === 'heal') air.heal();
        else if (kind === 'fail') air.fail(from, 'a fault');
        else if (kind === 'mend') air.mend(from);
        else if (kind === 'close') await radios[a]?.close();
        else if (a !== b) air[kind](from, to);
      }
      clock.advance(NEAR);
      t.is(air.inFlight, 0);
      const { delivered } = air.counters();
      const counted = radios.reduce((sum, radio) => sum + radio.counters().framesIn, 0);
      t.is(counted, heard.length);
      t.true(heard.length <= delivered);
      t.true(heard.every(({ by, from }) => by !== from));
    }),
  );
});
