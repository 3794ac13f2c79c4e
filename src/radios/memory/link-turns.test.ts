import test from 'ava';
import type { Radio } from '../../ports/radio.js';
import { type HandClock, handClock, seededRandom } from '../../testing/radio-world.js';
import { createMemoryAir, type MemoryAirOptions } from './air.js';
import { BLE_TURNS } from './link-turns.js';

const TRAITS = { connected: true, reliable: true, broadcast: false, mtuBytes: 512 } as const;

interface Star {
  readonly clock: HandClock;
  readonly radios: readonly Radio[];
  readonly heard: { by: number; at: number; bytes: Uint8Array }[];
  readonly links: string[];
  readonly cut: (a: string, b: string) => void;
}

/** Radio 0 and those around it, each in range of it. */
async function star(around: number, options: Partial<MemoryAirOptions>): Promise<Star> {
  const clock = handClock();
  const defaults = { delayMinMs: 0, delayMaxMs: 0 };
  const air = createMemoryAir({ clock, random: seededRandom(1), connectivity: 'none', defaults, ...options });
  const heard: Star['heard'] = [];
  const links: string[] = [];
  const radios = Array.from({ length: around + 1 }, (_, i) => air.radio(`r${i}`, TRAITS));
  for (let i = 1; i <= around; i++) air.connect('r0', `r${i}`);
  for (const [by, radio] of radios.entries()) {
    await radio.open({
      heard: (frames) => void heard.push(...frames.map(({ bytes }) => ({ by, at: clock.now(), bytes }))),
      linkUp: (address) => void links.push(`${by}+${address}`),
      linkDown: (address) => void links.push(`${by}-${address}`),
      condition: () => {},
    });
  }
  clock.advance(1);
  return { clock, radios, heard, links, cut: (a, b) => air.cut(a, b) };
}

test('a frame waits for the next meeting: half an interval on average, never more than one', async (t) => {
  const { clock, radios, heard } = await star(1, { turns: { ...BLE_TURNS, packetMs: 0 } });
  const waits: number[] = [];
  for (let i = 0; i < 500; i++) {
    const at = clock.now();
    radios[0]?.send(Uint8Array.of(1), 'r1');
    clock.advance(101.3);
    waits.push((heard.at(-1)?.at ?? 0) - at);
  }
  t.true(Math.max(...waits) <= 30 && Math.min(...waits) >= 0);
  t.true(Math.abs(waits.reduce((sum, wait) => sum + wait, 0) / 500 - 15) < 1.5);
});

test('so many packets go at a meeting, the rest at the next, in order and whole', async (t) => {
  const { clock, radios, heard } = await star(1, { turns: { ...BLE_TURNS, packetsMax: 3, packetMs: 1 } });
  const at = clock.now();
  for (let i = 0; i < 4; i++) t.is(radios[0]?.send(new Uint8Array(488).fill(i), 'r1'), 'queued');
  clock.advance(500);
  t.deepEqual(
    heard.map(({ bytes }) => bytes[0]),
    [0, 1, 2, 3],
  );
  // Eight packets in meetings of three.
  const took = (heard.at(-1)?.at ?? 0) - at;
  t.true(took >= 60 && took <= 92, `${took}`);
});

test('links have their own meetings, and a slow one does not hold up another', async (t) => {
  const { clock, radios, heard } = await star(2, { turns: BLE_TURNS });
  const at = clock.now();
  while (radios[0]?.send(new Uint8Array(512), 'r1') === 'queued');
  radios[0]?.send(Uint8Array.of(7), 'r2');
  clock.advance(31);
  t.true(heard.some(({ by, at: when }) => by === 2 && when - at <= 33));
  t.is(radios[0]?.send(new Uint8Array(512), 'r1'), 'queued', 'there is room again');
});

test('what is lost goes at the next meeting: nothing is missing, all takes longer', async (t) => {
  const run = async (turns: object): Promise<number> => {
    const { clock, radios, heard } = await star(1, { turns: { ...BLE_TURNS, ...turns } });
    const start = clock.now();
    for (let i = 0; i < 200; i++) {
      while (radios[0]?.send(Uint8Array.of(i), 'r1') === 'full') clock.advance(5);
    }
    clock.advance(100_000);
    t.deepEqual(
      heard.map(({ bytes }) => bytes[0]),
      [...Array(200).keys()],
    );
    return (heard.at(-1)?.at ?? 0) - start;
  };
  const [clear, lossy, busy] = [await run({}), await run({ loss: 0.2 }), await run({ missed: 0.5 })];
  t.true(lossy > 1.15 * clear && busy > 1.6 * clear, `${clear} ${lossy} ${busy}`);
});

test('a radio has no more links than it can, and takes another when one ends', async (t) => {
  const { clock, links, cut } = await star(5, { turns: BLE_TURNS, linksMax: 3 });
  const mine = (): string[] => links.filter((link) => link.startsWith('0'));
  t.is(mine().length, 3);
  const first = mine()[0] as string;
  links.length = 0;
  cut('r0', first.slice(2));
  clock.advance(10);
  t.is(mine().filter((link) => link.startsWith('0-')).length, 1);
  t.is(mine().filter((link) => link.startsWith('0+')).length, 1);
});

test('impossible turns are refused', (t) => {
  for (const turns of [{ intervalMs: 0 }, { loss: 1 }, { packetMs: 20 }, { packetBytes: Number.NaN }]) {
    const options = { clock: handClock(), random: seededRandom(1), turns: { ...BLE_TURNS, ...turns } };
    t.throws(() => createMemoryAir(options), { code: 'radio.air' });
  }
});
