import test from 'ava';
import { EdgeError } from '../../core/errors.js';
import type { SensorReading } from '../../ports/sensors.js';
import { turns } from '../../testing/fake-mesh.js';
import { silentLog } from '../../testing/radio-world.js';
import { SteppedClock } from '../../testing/stepped-clock.js';
import { type DevicePatch, DeviceState } from './device-state.js';

const INTERVAL_MS = 10_000;

function device(reading?: () => SensorReading | Promise<SensorReading>) {
  const clock = new SteppedClock();
  const told: DevicePatch[] = [];
  const sensors = reading && { sensors: { read: async () => reading() }, intervalMs: INTERVAL_MS };
  const state = new DeviceState(clock, silentLog(), sensors, (patch) => told.push(patch));
  const run = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += INTERVAL_MS) {
      await turns();
      clock.advance(Math.min(INTERVAL_MS, ms - at));
    }
    await turns();
  };
  return { clock, told, state, run };
}

const codeOf = (error: unknown): string => (error instanceof EdgeError ? error.code : String(error));

test('sensors are told at once, then when they move, and all again after ten minutes', async (t) => {
  let cpu = 10;
  const { told, state, run } = device(() => ({ cpu, memory: 40.04, charging: true }));
  state.start();
  await run(0);
  t.deepEqual(told, [{ fields: { cpu: 10, memory: 40, charging: true } }]);
  cpu = 29;
  await run(60_000);
  t.is(told.length, 2, 'noise is no news, only that it turned idle');
  t.deepEqual(told[1], { condition: 'idle' });
  cpu = 35;
  await run(INTERVAL_MS);
  t.is(told.length, 3);
  t.deepEqual(told[2]?.fields, { cpu: 35, memory: 40, charging: true });
  cpu = 80;
  await run(20_000);
  t.is(told.length, 3, 'not more often than every 30 s');
  await run(INTERVAL_MS);
  t.is(told.at(-1)?.fields?.['cpu'], 80);
  const before = told.length;
  await run(600_000);
  t.is(told.length, before + 1);
});

test('what a pipeline says of itself stands over the sensors until it is given back', async (t) => {
  const { told, state, run } = device(() => ({ battery: 50, cpu: 10 }));
  state.start();
  await run(0);
  state.patch({ fps: 25, battery: 80, custom: { lens: 'wide' }, condition: 'processing' });
  t.deepEqual(told.at(-1), { condition: 'processing', fields: { fps: 25, battery: 80 }, custom: { lens: 'wide' } });
  await run(700_000);
  t.deepEqual(told.at(-1)?.fields, { cpu: 10 });
  state.patch({ battery: null, condition: null });
  t.deepEqual(told.at(-1), { condition: 'idle', fields: { battery: null } });
  await run(40_000);
  t.deepEqual(told.at(-1)?.fields, { battery: 50, cpu: 10 }, 'others had no value: the next reading is news');
});

test('a field that was told, overridden and given back is told again soon', async (t) => {
  const { told, state, run } = device(() => ({ battery: 50 }));
  state.start();
  await run(0);
  state.patch({ battery: 80 });
  state.patch({ battery: null });
  await run(60_000);
  t.deepEqual(
    told.flatMap(({ fields }) => (fields && 'battery' in fields ? [fields['battery']] : [])),
    [50, 80, null, 50],
  );
});

test('what is out of range or out of bounds is refused whole', (t) => {
  const { told, state } = device();
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`key${i}`, i]));
  for (const patch of [{ battery: 101 }, { battery: Number.NaN }, { fps: -1 }, { temperature: -300 }])
    t.is(codeOf(t.throws(() => state.patch({ cpu: 5, ...patch }))), 'state.range');
  for (const custom of [many, { ['x'.repeat(65)]: 1 }, { '': 1 }, { x: 'x'.repeat(129) }, { x: Number.NaN }])
    t.is(codeOf(t.throws(() => state.patch({ cpu: 5, custom }))), 'state.custom');
  t.is(told.length, 0);
});

test('a node is idle after a minute without traffic, and active again with it', async (t) => {
  const { told, state, run } = device();
  state.start();
  t.is(state.condition, 'active');
  await run(70_000);
  t.is(state.condition, 'idle');
  state.touch();
  t.is(state.condition, 'active');
  t.deepEqual(told, [{ condition: 'idle' }, { condition: 'active' }]);
});

test('sensors that fail are tried again', async (t) => {
  let works = false;
  const { told, state, run } = device(() => {
    if (!works) throw new Error('no such sensor');
    return { cpu: 3 };
  });
  state.start();
  await run(20_000);
  t.deepEqual(told, []);
  works = true;
  await run(INTERVAL_MS);
  t.deepEqual(told, [{ fields: { cpu: 3 } }]);
});

test('after a stop nothing is read and nothing told, also when it came during a reading', async (t) => {
  let reads = 0;
  let finish = (): void => {};
  const { told, state, run } = device(() => {
    reads++;
    return new Promise<SensorReading>((resolve) => {
      finish = () => resolve({ cpu: 3 });
    });
  });
  state.start();
  await turns();
  state.stop();
  finish();
  await run(60_000);
  t.is(reads, 1);
  t.deepEqual(told, []);
});
