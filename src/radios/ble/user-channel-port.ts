import { readdirSync } from 'node:fs';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { ControllerPort, PortEvents } from './controller-port.js';
import { diagnose } from './diagnose.js';
import { loadHciSocket, type NativeHciSocket } from './packages.js';

const ADAPTERS = '/sys/class/bluetooth';

/** Indices of the adapters the kernel knows, lowest first. */
export function listAdapters(): number[] {
  try {
    const names = readdirSync(ADAPTERS).map((name) => /^hci(\d+)$/.exec(name)?.[1]);
    return names
      .filter((index) => index !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/** An adapter of the kernel's, for ourselves alone: the HCI user channel. The adapter must be down and `bluetoothd` not hold it. */
export class UserChannelPort implements ControllerPort {
  readonly #index: number | undefined;
  #socket: NativeHciSocket | undefined;

  constructor(index: number | undefined) {
    this.#index = index;
  }

  async open(events: PortEvents): Promise<void> {
    const name = `hci${this.#index ?? ''}`;
    const HciSocket = loadHciSocket();
    let failure: Error | undefined;
    const socket = new HciSocket();
    const failed = (error: Error): void => {
      failure ??= error;
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      socket.stop();
      events.closed(messageOf(error));
    };
    socket.on('error', failed);
    socket.on('data', (packet: Buffer) => events.packet(new Uint8Array(packet)));
    const present = listAdapters();
    const index = this.#index ?? present[0] ?? 0;
    try {
      socket.bindUser(index);
    } catch (error) {
      failure ??= error as Error;
    }
    if (failure !== undefined && !NO_KERNEL.test(failure.message) && !present.includes(index))
      throw absent(index, present);
    if (failure !== undefined) throw diagnose(failure, name);
    socket.start();
    this.#socket = socket;
  }

  write(packet: Uint8Array): void {
    this.#socket?.write(Buffer.from(packet));
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.stop();
  }
}

/** What the kernel says when it was built without, or the module is not there: no adapter could be, then. */
const NO_KERNEL = /Address family not supported/;

function absent(index: number, present: readonly number[]): EdgeError {
  const found = present.map((other) => `hci${other}`).join(', ');
  const first = present[0];
  return first === undefined
    ? new EdgeError('radio.ble.adapter.absent', 'there is no Bluetooth adapter', {
        fix: 'plug one in; on a Pi, enable it: remove dtoverlay=disable-bt from /boot/firmware/config.txt',
        status: 503,
      })
    : new EdgeError('radio.ble.adapter.absent', `there is no Bluetooth adapter hci${index}, but ${found}`, {
        fix: `--radio ble:hci${first}`,
        status: 503,
      });
}
