import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Clock } from '../ports/clock.js';
import { COMMAND_PERIOD_MS, deviceSensors, SLOW_PERIOD_MS, SLOW_WAIT_MS } from './device-sensors.js';
import { linuxSensorSources, type SensorSources } from './sensor-sources.js';
import { systemClock } from './system-clock.js';

const GIB = 2 ** 30;

/** Time moves when told; timers run when their time has come. */
function handClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  const timers = new Set<{ at: number; fn: () => void }>();
  return {
    now: () => now,
    wall: () => now,
    timer: (_name, delayMs, fn) => {
      const timer = { at: now + delayMs, fn };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    advance: (ms) => {
      now += ms;
      for (const timer of timers) if (timer.at <= now && timers.delete(timer)) timer.fn();
    },
  };
}

function fixture(changes: Partial<SensorSources> = {}) {
  const clock = handClock();
  const calls: Record<string, number> = {};
  const count = <T>(name: string, value: T): T => {
    calls[name] = (calls[name] ?? 0) + 1;
    return value;
  };
  let total = 0;
  const sources: SensorSources = {
    cpu: () => {
      total += 1_000;
      return count('cpu', { busy: total / 4, total });
    },
    memory: async () => count('memory', { total: 8 * GIB, available: 6 * GIB }),
    temperature: async () => count('temperature', 48.3),
    slowTemperature: async () => count('slowTemperature', undefined),
    battery: async () => count('battery', { hasBattery: true, percent: 80, isCharging: false }),
    disk: async () => count('disk', { used: 30 * GIB, free: 10 * GIB }),
    ...changes,
  };
  return { clock, calls, sensors: deviceSensors({ clock, dataDirectory: '/', sources }) };
}

test('a device with all sensors gives a full reading', async (t) => {
  const { clock, sensors } = fixture();
  clock.advance(1_000);
  t.deepEqual(await sensors.read(), {
    cpu: 25,
    memory: 25,
    temperature: 48.3,
    battery: 80,
    charging: false,
    disk: 75,
  });
});

test('processor and memory are read each time, the rest once a minute', async (t) => {
  const { clock, calls, sensors } = fixture();
  for (let second = 0; second < 180; second += 5) {
    await sensors.read();
    clock.advance(5_000);
  }
  t.deepEqual(calls, { cpu: 36, memory: 36, temperature: 3, battery: 3, disk: 3 });
});

test('what is absent, broken or senseless is left out, never made up', async (t) => {
  const broken = async () => {
    throw new Error('EIO');
  };
  const nothing = fixture({
    cpu: () => {
      throw new Error('EIO');
    },
    memory: broken,
    temperature: broken,
    slowTemperature: broken,
    battery: broken,
    disk: broken,
  });
  nothing.clock.advance(1_000);
  t.deepEqual(await nothing.sensors.read(), {});
  for (const celsius of [undefined, null, -1, 0, Number.NaN, 999, '48' as unknown]) {
    const { sensors } = fixture({
      temperature: async () => celsius as number,
      battery: async () => ({ hasBattery: false, percent: 0, isCharging: false }),
      memory: async () => ({ total: 0, available: 0 }),
      disk: async () => ({ used: Number.NaN, free: 1 }),
    });
    t.deepEqual(await sensors.read(), {}, String(celsius));
  }
  for (const percent of [Number.NaN, -1, 101, null as unknown as number]) {
    const { sensors } = fixture({ battery: async () => ({ hasBattery: true, percent, isCharging: true }) });
    const reading = await sensors.read();
    t.false('battery' in reading || 'charging' in reading, String(percent));
  }
});

test('readings in quick succession share one processor share', async (t) => {
  const { clock, calls, sensors } = fixture();
  t.false('cpu' in (await sensors.read()), 'no share of no time');
  clock.advance(500);
  t.is((await sensors.read()).cpu, 25);
  clock.advance(50);
  t.is((await sensors.read()).cpu, 25);
  t.is(calls['cpu'], 2);
});

test('commands are asked for the temperature only without a thermal zone, rarely, and given up in the end', async (t) => {
  let commands = 0;
  let answer: number | undefined = 61;
  const { clock, sensors } = fixture({
    temperature: async () => undefined,
    slowTemperature: async () => {
      commands += 1;
      return answer;
    },
  });
  t.is((await sensors.read()).temperature, 61);
  clock.advance(SLOW_PERIOD_MS);
  t.is((await sensors.read()).temperature, 61, 'remembered in between');
  t.is(commands, 1);
  answer = undefined;
  for (let i = 0; i < 10; i++) {
    clock.advance(COMMAND_PERIOD_MS);
    t.false('temperature' in (await sensors.read()));
  }
  t.is(commands, 4);
});

test('a sensor that hangs holds up one reading for a moment and the next not at all', async (t) => {
  let release: (celsius: number) => void = () => undefined;
  const { clock, sensors } = fixture({ temperature: () => new Promise((resolve) => (release = resolve)) });
  const first = sensors.read();
  await Promise.resolve();
  clock.advance(SLOW_WAIT_MS);
  t.false('temperature' in (await first));
  clock.advance(5_000);
  t.false('temperature' in (await sensors.read()));
  release(50);
  await new Promise(setImmediate);
  t.is((await sensors.read()).temperature, 50);
});

test('the hottest processor zone counts, other zones and odd values do not', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'edge-thermal-'));
  const zone = (n: number, type: string, temp: string) => {
    mkdirSync(join(root, `thermal_zone${n}`));
    writeFileSync(join(root, `thermal_zone${n}`, 'type'), `${type}\n`);
    writeFileSync(join(root, `thermal_zone${n}`, 'temp'), `${temp}\n`);
  };
  const read = () => linuxSensorSources('/', root).temperature();
  t.is(await read(), undefined);
  zone(0, 'iwlwifi_1', '90000');
  zone(1, 'cpu-thermal', '-274000');
  t.is(await read(), undefined);
  zone(2, 'cpu-thermal', '47774');
  zone(3, 'soc_thermal', '51200');
  mkdirSync(join(root, 'thermal_zone4'));
  t.is(await read(), 51.2);
});

test('this machine gives believable values', async (t) => {
  const sensors = deviceSensors({ clock: systemClock, dataDirectory: tmpdir() });
  const reading = await sensors.read();
  for (const share of [reading.memory, reading.disk]) t.true(share !== undefined && share > 0 && share <= 100);
  for (const value of Object.values(reading)) t.true(typeof value === 'boolean' || Number.isFinite(value));
});
