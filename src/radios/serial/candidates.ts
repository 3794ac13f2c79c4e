import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_CANDIDATES } from './limits.js';
import { loadDriver } from './port.js';

export interface Candidate {
  /** The stablest name there is: by id, else as the kernel numbers it. */
  readonly path: string;
  /** The device file itself. */
  readonly device: string;
}

export interface PlacesToLook {
  /** Paths the driver knows to be on USB. */
  readonly listed: () => Promise<readonly string[]>;
  /** The folder of device files. */
  readonly devices: string;
}

/** Ports on the board itself are left out: one of them is often the console. */
const USB_NAME = /^tty(?:ACM|USB)\d+$/;

export const systemPlaces: PlacesToLook = {
  devices: '/dev',
  listed: async () => {
    const { SerialPort } = await loadDriver();
    const ports = await SerialPort.list();
    return ports.filter(({ vendorId, pnpId }) => vendorId !== undefined || pnpId !== undefined).map(({ path }) => path);
  },
};

/** The serial ports on USB, each once, in a stable order; at most sixteen, `surplus` says how many are left out. */
export async function findCandidates(
  places: PlacesToLook,
): Promise<{ readonly candidates: readonly Candidate[]; readonly surplus: number }> {
  const byId = await names(join(places.devices, 'serial/by-id'));
  const numbered = (await names(places.devices)).filter((path) => USB_NAME.test(path.slice(places.devices.length + 1)));
  // Asks udev, which not every device has.
  const listed = await places.listed().catch(() => []);
  const found = new Map<string, Candidate>();
  for (const path of [...byId, ...numbered, ...[...listed].sort()]) {
    const device = await realpath(path).catch(() => undefined);
    if (device !== undefined && !found.has(device)) found.set(device, { path, device });
  }
  const all = [...found.values()];
  return { candidates: all.slice(0, MAX_CANDIDATES), surplus: Math.max(0, all.length - MAX_CANDIDATES) };
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}
