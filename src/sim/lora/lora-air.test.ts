import test from 'ava';
import { seededRandom } from '../../system/seeded-random.js';
import { SimClock } from '../sim-clock.js';
import type { Position } from './landscape.js';
import { LoraAir, type LoraPhysics } from './lora-air.js';
import { MODEMS, symbolMs } from './modem.js';
import { scatter } from './placement.js';
import { regionOf } from './regions.js';

const FRAME = new Uint8Array(56);
const FRAME_MS = 682;

interface Scene {
  readonly air: LoraAir;
  readonly clock: SimClock;
  /** `receiver<transmitter`, in order. */
  readonly heard: string[];
  at(ms: number, node: number): void;
}

function scene(positions: readonly Position[], physics: Partial<LoraPhysics> = {}, seed = 1): Scene {
  const clock = new SimClock();
  const air = new LoraAir({
    clock,
    random: seededRandom(seed),
    modem: MODEMS.LongFast,
    region: regionOf('US915'),
    positions,
    physics: { asymmetryDb: 0, ...physics },
  });
  const heard: string[] = [];
  positions.forEach((_, node) => {
    air.switchOn(node, { heard: (_frame, from) => void heard.push(`${node}<${from}`), sent: () => {} });
  });
  return { air, clock, heard, at: (ms, node) => void clock.timer('test', ms, () => air.transmit(node, FRAME)) };
}

const row = (...metres: number[]): Position[] => metres.map((x) => ({ x, y: 0 }));

test('all in earshot hear a frame when it is over, with the ratio the distance says, and nobody beyond', (t) => {
  const { air, clock } = scene(row(0, 500, 1_900, 2_100, 9_000));
  const ratios: [number, number, number][] = [];
  for (const node of [1, 2, 3, 4])
    air.switchOn(node, { heard: (_f, _from, snr) => void ratios.push([node, snr, clock.now()]), sent: () => {} });
  air.transmit(0, FRAME);
  clock.advance(FRAME_MS - 5);
  t.deepEqual(ratios, []);
  clock.advance(10);
  t.deepEqual(
    ratios.map(([node, , at]) => [node, Math.round(at)]),
    [
      [1, FRAME_MS],
      [2, FRAME_MS],
    ],
  );
  t.true((ratios[0]?.[1] ?? 0) > 8 && Math.abs((ratios[1]?.[1] ?? 0) + 16.3) < 0.5, `${ratios}`);
  t.like(air.counters, { transmissions: 1, received: 2, weak: 1, collided: 0 });
});

test('of two frames at once the one 6 dB stronger prevails, else none does', (t) => {
  // 1 is the receiver: 0 is 2.6 dB stronger than 2, and 9.6 dB stronger than 3.
  const near = scene(row(0, 1_000, 2_150));
  near.at(0, 0);
  near.at(300, 2);
  near.clock.advance(3_000);
  t.deepEqual(near.heard, []);
  t.is(near.air.counters.collided, 2);
  const far = scene(row(0, 1_000, 2_650));
  far.at(0, 0);
  far.at(300, 2);
  far.clock.advance(3_000);
  t.deepEqual(far.heard, ['1<0']);
  t.like(far.air.counters, { captured: 1, collided: 1 });
  const late = scene(row(0, 1_000, 2_650));
  late.at(300, 0);
  late.at(0, 2);
  late.clock.advance(3_000);
  t.deepEqual(late.heard, ['1<0'], 'the stronger one takes the receiver over');
});

test('what is too weak to be understood is still in the way', (t) => {
  const { air, heard, at, clock } = scene(row(0, 1_950, 4_050));
  at(0, 0);
  at(100, 2);
  clock.advance(3_000);
  t.deepEqual(heard, []);
  t.like(air.counters, { collided: 1, weak: 1 });
});

test('a frame whose last five preamble symbols are free is heard after another', (t) => {
  const freeFrom = FRAME_MS - (16 - 5) * symbolMs(MODEMS.LongFast);
  for (const [delay, expected] of [
    [freeFrom + 2, ['1<0', '1<2']],
    [freeFrom - 2, []],
  ] as const) {
    const { heard, at, clock } = scene(row(0, 1_050, 2_100));
    at(0, 0);
    at(delay, 2);
    clock.advance(3_000);
    t.deepEqual(heard, [...expected]);
  }
});

test('who transmits hears nothing, also of what began before', (t) => {
  const { air, heard, at, clock } = scene(row(0, 1_000, 3_200));
  at(0, 0);
  at(200, 1);
  clock.advance(3_000);
  t.deepEqual(heard, []);
  t.is(air.counters.deaf, 2);
  t.throws(
    () => {
      air.transmit(0, FRAME);
      air.transmit(0, FRAME);
    },
    { message: /sending/ },
  );
});

test('a listener notices a frame after a few symbols and until it is over', (t) => {
  const { air, clock } = scene(row(0, 1_000, 2_050));
  air.transmit(0, FRAME);
  clock.advance(20);
  t.false(air.isReceiving(1));
  clock.advance(10);
  t.true(air.isReceiving(1) && air.isBusy(1));
  t.false(air.isReceiving(2));
  t.true(air.isBusy(2), 'too weak to be understood, but there');
  clock.advance(FRAME_MS);
  t.false(air.isReceiving(1) || air.isBusy(1) || air.isBusy(2));
});

test('walls, groups and switched off nodes are not heard', (t) => {
  const { air, heard, clock } = scene(row(0, 500, 900, 1_300));
  air.block(0, 1, true);
  air.partition([[2]]);
  air.transmit(0, FRAME);
  clock.advance(1_000);
  t.deepEqual(heard.splice(0), ['3<0']);
  air.block(0, 1, false);
  air.partition([]);
  air.transmit(0, FRAME);
  clock.advance(100);
  air.switchOff(3);
  clock.advance(1_000);
  t.deepEqual(heard.splice(0), ['1<0', '2<0']);
  air.transmit(0, FRAME);
  clock.advance(100);
  air.switchOff(0);
  clock.advance(1_000);
  t.deepEqual(heard, [], 'half a frame is none');
});

test('who walks away is not heard any more, who comes is', (t) => {
  const { air, heard, clock } = scene(row(0, 1_000, 9_000));
  air.transmit(0, FRAME);
  clock.advance(1_000);
  air.move(1, { x: 0, y: 5_000 });
  air.move(2, { x: 0, y: 1_500 });
  air.transmit(0, FRAME);
  clock.advance(1_000);
  t.deepEqual(heard, ['1<0', '2<0']);
});

test('one seed is one history, another another', (t) => {
  const run = (seed: number): string => {
    const random = seededRandom(seed);
    const positions = scatter(random, { nodes: 40, sideM: 8_000, leastM: 10 });
    const { air, at, clock, heard } = scene(positions, { shadowDb: 4, asymmetryDb: 2 }, seed);
    for (let i = 0; i < 200; i++) at(Math.floor(i / 40) * 6_000 + random.below(5_000), i % 40);
    clock.advance(60_000);
    return `${heard.join(' ')} ${JSON.stringify(air.counters)}`;
  };
  t.is(run(1), run(1));
  t.not(run(1), run(2));
});

test('a frame costs no more among a thousand nodes than among those who hear it', (t) => {
  const positions = scatter(seededRandom(2), { nodes: 2_000, sideM: 100_000, leastM: 10 });
  const { air, clock } = scene(positions);
  for (let node = 0; node < 2_000; node++) air.listeners(node);
  const before = process.cpuUsage().user;
  for (let i = 0; i < 20_000; i++) {
    air.transmit(i % 2_000, FRAME);
    clock.advance(1_000);
  }
  t.true(
    process.cpuUsage().user - before < 5_000_000,
    'a quarter of a millisecond each, and far less where nothing else runs',
  );
});
