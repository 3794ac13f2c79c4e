import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EdgeError } from '../dist/core/errors.js';
import type { Log } from '../dist/ports/log.js';
import type { Radio } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { parseRadioSpec } from '../dist/radios/radio-spec.js';
import { createSerialRadio } from '../dist/radios/serial/serial-radio.js';
import { systemClock } from '../dist/system/system-clock.js';
import { systemRandom } from '../dist/system/system-random.js';
import { SerialCable } from '../dist/testing/serial-cable.js';
import { startBtvirt } from './btvirt/btvirt.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';
import { serveControllers } from './emulation/serve.js';
import { PtyLine } from './pty-line.js';
import { Emulation, type Rig, readRigs } from './rig-file.js';

export const RIGS_FILE = fileURLToPath(new URL('../hw-tests/rigs.toml', import.meta.url));
const DEFAULT_RIG = 'emulated';
const BLE_KEY = new Uint8Array(16).fill(3);

/** One of a rig's two radios. */
export interface RigEnd {
  /** A new radio on it; the one before must be closed. */
  make(id: string, log: Log): Radio;
  /** Pulls its plug, as far as an emulated one has one. */
  unplug?(): Promise<void>;
  /** Puts it back. */
  plug?(): Promise<void>;
}

export interface Attached {
  readonly a: RigEnd;
  readonly b: RigEnd;
  /** After both radios were closed. */
  detach(): Promise<void>;
}

/** The rig that `scripts/hw-test` chose. Throws EdgeError `rig.file` or `rig.unknown`. */
export function chosenRig(): Rig {
  const file = process.env['RIG_FILE'] ?? RIGS_FILE;
  const rigs = readRigs(file);
  const name = process.env['RIG'] ?? DEFAULT_RIG;
  const rig = rigs.get(name);
  if (rig !== undefined) return rig;
  throw new EdgeError('rig.unknown', `there is no rig ${JSON.stringify(name)} in ${file}`, {
    fix: `one of ${[...rigs.keys()].join(', ')}`,
  });
}

/** Both radios of the rig, ready to be made. Emulated hardware is new each time. */
export function attach(rig: Rig): Promise<Attached> {
  switch (rig.emulate) {
    case Emulation.Controllers:
      return attachControllers();
    case Emulation.Uart:
      return attachUart();
    case Emulation.Btvirt:
      return attachBtvirt();
    case Emulation.Cable:
      return attachCable();
    default:
      return attachReal(rig.radios);
  }
}

const ble = (adapter: string | undefined, id: string, log: Log): Radio =>
  createBleRadio({
    ...(adapter !== undefined && { adapter }),
    identity: { key: BLE_KEY, id },
    ...{ log, clock: systemClock },
  });

async function attachControllers(): Promise<Attached> {
  const air = new Air();
  const end = (): RigEnd => {
    const controller = new EmulatedController(air);
    let port: EmulatedPort | undefined;
    return {
      make: (id, log) =>
        createBleRadio({
          identity: { key: BLE_KEY, id },
          ...{ log, clock: systemClock },
          port: () => {
            port = new EmulatedPort(controller);
            return port;
          },
        }),
      unplug: async () => port?.unplug(),
    };
  };
  return { a: end(), b: end(), detach: async () => air.close() };
}

async function attachUart(): Promise<Attached> {
  const folder = mkdtempSync(join(tmpdir(), 'uart-'));
  const sockets = ['a', 'b'].map((name) => join(folder, `${name}.sock`));
  const server = await serveControllers(sockets);
  const lines = sockets.map((socket, i) => new PtyLine(join(folder, `tty${i}`), socket));
  await Promise.all(lines.map((line) => line.plug()));
  const [a, b] = lines.map(
    (line): RigEnd => ({
      make: (id, log) => ble(`uart:${line.path}`, id, log),
      unplug: () => line.unplug(),
      plug: () => line.plug(),
    }),
  ) as [RigEnd, RigEnd];
  const detach = async (): Promise<void> => {
    await Promise.all(lines.map((line) => line.unplug()));
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { a, b, detach };
}

async function attachBtvirt(): Promise<Attached> {
  const btvirt = await startBtvirt();
  const end: RigEnd = { make: (id, log) => ble(`unix:${btvirt.socket}`, id, log) };
  return { a: end, b: end, detach: () => btvirt.stop() };
}

async function attachCable(): Promise<Attached> {
  const cable = new SerialCable();
  await cable.plug();
  const [a, b] = cable.ends.map(
    (path): RigEnd => ({
      make: (_id, log) => createSerialRadio({ path, baud: 921_600, log, clock: systemClock, random: systemRandom() }),
      unplug: () => cable.unplug(),
      plug: () => cable.plug(),
    }),
  ) as [RigEnd, RigEnd];
  return { a, b, detach: () => cable.remove() };
}

async function attachReal(radios: readonly string[]): Promise<Attached> {
  const [a, b] = radios.map((text): RigEnd => ({ make: (id, log) => makeReal(text, id, log) })) as [RigEnd, RigEnd];
  return { a, b, detach: async () => {} };
}

/** The radio that stands after `--radio`. */
export function makeReal(text: string, id: string, log: Log): Radio {
  const spec = parseRadioSpec(text);
  if (spec.kind === 'ble') return ble(spec.adapter, id, log);
  if (spec.kind === 'udp') throw new EdgeError('rig.file', `${text}: UDP needs no rig`);
  const { kind: _kind, ...options } = spec;
  return createSerialRadio({ ...options, log, clock: systemClock, random: systemRandom() });
}
