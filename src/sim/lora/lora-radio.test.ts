import test from 'ava';
import type { HeardFrame } from '../../ports/radio.js';
import { seededRandom } from '../../system/seeded-random.js';
import { radioContract } from '../../testing/contracts/radio.js';
import { SimClock } from '../sim-clock.js';
import { LoraAir } from './lora-air.js';
import { LoraRadio, type LoraRadioOptions } from './lora-radio.js';
import { MODEMS } from './modem.js';
import { type RegionName, regionOf } from './regions.js';

async function triple(region: RegionName = 'US915', options: Partial<LoraRadioOptions> = {}) {
  const clock = new SimClock();
  const random = seededRandom(1);
  const positions = [0, 400, 800].map((x) => ({ x, y: 0 }));
  const air = new LoraAir({ clock, random, modem: MODEMS.LongFast, region: regionOf(region), positions });
  const heard: { by: number; frame: HeardFrame; at: number }[] = [];
  const radios = positions.map((_, node) => {
    const own = random.fork(`${node}`);
    return new LoraRadio({ air, node, clock, random: own, addresses: true, ...options });
  });
  const open = (): Promise<unknown> =>
    Promise.all(
      radios.map((radio, by) =>
        radio.open({
          heard: (frames) => void heard.push(...frames.map((frame) => ({ by, frame, at: clock.now() }))),
          linkUp: () => {},
          linkDown: () => {},
          condition: () => {},
        }),
      ),
    );
  return { clock, air, radios: radios as [LoraRadio, LoraRadio, LoraRadio], heard, open };
}

radioContract(test, 'simulated LoRa', async () => {
  const { clock, radios } = await triple('US915', { queueFrames: 1_000 });
  const [a, b, bystander] = radios;
  return {
    a,
    b,
    bystander,
    addressOf: (radio) => radio.localAddresses()[0] as string,
    settle: () => clock.advance(60_000),
  };
});

const frame = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7);

test('a frame is heard by all with its ratio, two are taken, a third is not', async (t) => {
  const { radios, clock, heard, open } = await triple();
  await open();
  t.deepEqual(
    [1, 2, 3].map((n) => radios[0].send(frame(n))),
    ['queued', 'queued', 'full'],
  );
  clock.advance(5_000);
  t.deepEqual(
    heard.map(({ by, frame: { from, bytes } }) => `${by} ${from} ${bytes.length}`),
    ['1 n0 1', '2 n0 1', '1 n0 2', '2 n0 2'],
  );
  t.true(heard.every(({ frame: { snrDb = -99 } }) => snrDb > -10 && snrDb < 40));
  t.is(radios[0].send(frame(1)), 'queued');
});

test('what is for another is not taken, unless the radio overhears; without addresses all is from the air', async (t) => {
  for (const [options, expected] of [
    [{}, ['1 n0']],
    [{ overhears: true }, ['1 n0', '2 n0 overheard']],
    [{ addresses: false }, ['1 air', '2 air']],
  ] as const) {
    const { radios, clock, heard, open } = await triple('US915', options);
    await open();
    radios[0].send(frame(9), 'n1');
    clock.advance(5_000);
    t.deepEqual(
      heard.map(({ by, frame: { from, overheard } }) => `${by} ${from}${overheard ? ' overheard' : ''}`),
      [...expected],
    );
  }
});

test('who hears somebody speak waits: of many who answer at random moments hardly any collide', async (t) => {
  const { radios, clock, air, open } = await triple();
  await open();
  const random = seededRandom(9);
  for (let i = 0; i < 300; i++) {
    radios[random.below(3)]?.send(frame(20));
    clock.advance(random.below(3_000));
  }
  clock.advance(20_000);
  const { transmissions, received, deaf, collided } = air.counters;
  t.true(transmissions > 200, `${transmissions}`);
  t.true((deaf + collided) / (received + deaf + collided) < 0.1, JSON.stringify(air.counters));
});

test('in a band of one percent a radio sends 36 seconds an hour, and the rest when it may', async (t) => {
  const { radios, clock, air, open } = await triple('EU868_G1');
  await open();
  for (let at = 0; at < 2 * 3_600_000; at += 500) {
    radios[0].send(frame(50));
    clock.advance(500);
    if (at === 3_599_500) t.true(air.counters.airtimeMs <= 36_000 && air.counters.airtimeMs > 35_000);
  }
  t.true(air.counters.airtimeMs <= 72_000 && air.counters.airtimeMs > 70_000);
  t.is(radios[0].traits.dutyCycle, 0.01);
});

test('where the law limits a frame’s time the radio says how long a frame may be', async (t) => {
  const { radios, air } = await triple('US915_DWELL');
  const { mtuBytes } = radios[0].traits;
  t.true(mtuBytes < 40 && mtuBytes > 5);
  t.true(air.frameMs(mtuBytes) <= 400 && air.frameMs(mtuBytes + 5) > 400);
});

test('a radio that fails drops what it had and is there again once mended', async (t) => {
  const { radios, clock, heard, open } = await triple();
  await open();
  radios[0].send(frame(5));
  clock.advance(100);
  radios[0].fail('unplugged');
  t.is(radios[0].send(frame(5)), 'down');
  clock.advance(5_000);
  t.is(heard.length, 0);
  radios[0].mend();
  t.is(radios[0].send(frame(5)), 'queued');
  clock.advance(5_000);
  t.is(heard.length, 2);
});
