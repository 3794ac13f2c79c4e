import { readdir, readFile, statfs } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** Raw readings of one device. Each may throw or give nonsense: `deviceSensors` judges them. */
export interface SensorSources {
  /** Counters of all cores since boot, in any unit. */
  cpu(): { readonly busy: number; readonly total: number };
  /** Bytes. */
  memory(): Promise<{ readonly total: number; readonly available: number }>;
  /** Degrees Celsius of the hottest CPU sensor, by reading files only. */
  temperature(): Promise<number | undefined>;
  /** The same by running commands, for devices whose kernel shows no thermal zone. */
  slowTemperature(): Promise<number | undefined>;
  battery(): Promise<{ readonly hasBattery: boolean; readonly percent: number; readonly isCharging: boolean }>;
  /** Bytes of the file system of the data directory; `free` is what an unprivileged process may take. */
  disk(): Promise<{ readonly used: number; readonly free: number }>;
}

const THERMAL = '/sys/class/thermal';
// cpu-thermal (Raspberry Pi), cpu0-thermal, soc_thermal, x86_pkg_temp, coretemp, k10temp. Not acpitz: that is a board.
const CPU_ZONE = /cpu|soc|x86_pkg|core|k10temp/i;
const ZONES_MAX = 64;

/**
 * Sources that start no process but `slowTemperature`. systeminformation serves memory and battery (plain file reads);
 * its `currentLoad` runs a shell synchronously for each reading, `cpuTemperature` up to four and `fsSize` two, so
 * processor, temperature and disk are asked of the kernel directly.
 */
export function linuxSensorSources(dataDirectory: string, sysThermal = THERMAL): SensorSources {
  return {
    cpu: readCpu,
    memory: async () => (await information()).mem(),
    temperature: () => hottestZone(sysThermal),
    slowTemperature: async () => (await (await information()).cpuTemperature()).max,
    battery: async () => (await information()).battery(),
    disk: async () => {
      const { blocks, bfree, bavail, bsize } = await statfs(dataDirectory);
      return { used: (blocks - bfree) * bsize, free: bavail * bsize };
    },
  };
}

// Loaded at the first reading: it is large and the agent should be up before.
const information = () => import('systeminformation');

function readCpu(): { busy: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { busy: total - idle, total };
}

async function hottestZone(directory: string): Promise<number | undefined> {
  const zones = (await readdir(directory)).filter((name) => name.startsWith('thermal_zone')).slice(0, ZONES_MAX);
  let hottest: number | undefined;
  for (const zone of zones) {
    const type = await readFile(join(directory, zone, 'type'), 'utf8').catch(() => '');
    if (!CPU_ZONE.test(type)) continue;
    const milli = Number.parseInt(await readFile(join(directory, zone, 'temp'), 'utf8').catch(() => ''), 10);
    if (isTemperature(milli / 1_000) && milli / 1_000 > (hottest ?? Number.NEGATIVE_INFINITY)) hottest = milli / 1_000;
  }
  return hottest;
}

/** Whether a value can be a temperature: sensors that are not there report nothing, -1, or exactly 0. */
export const isTemperature = (celsius: unknown): celsius is number =>
  typeof celsius === 'number' && celsius > -40 && celsius < 150 && celsius !== 0 && celsius !== -1;
