import { readdirSync } from 'node:fs';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { ControllerPort, PortEvents } from './controller-port.js';
import { diagnose } from './diagnose.js';
import { Opcode } from './hci-codes.js';
import { command } from './hci-packets.js';
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

/** What a port takes from the system; tests bring their own. */
interface UserChannelSystem {
  readonly adapters: () => readonly number[];
  readonly loadSocket: () => new () => NativeHciSocket;
}

const SYSTEM: UserChannelSystem = { adapters: listAdapters, loadSocket: loadHciSocket };

/**
 * The driver closes a stopped socket's file descriptor, and again when the object is collected, when the number may be
 * somebody else's file. So they are never collected: a few hundred bytes for each time a controller was given up.
 */
const stopped: NativeHciSocket[] = [];

/** An adapter of the kernel's, for ourselves alone: the HCI user channel. The adapter must be down and `bluetoothd` not hold it. */
export class UserChannelPort implements ControllerPort {
  readonly #index: number | undefined;
  readonly #system: UserChannelSystem;
  #socket: NativeHciSocket | undefined;

  constructor(index: number | undefined, system: UserChannelSystem = SYSTEM) {
    this.#index = index;
    this.#system = system;
  }

  async open(events: PortEvents): Promise<void> {
    const HciSocket = this.#system.loadSocket();
    const present = this.#system.adapters();
    const index = this.#index ?? present[0] ?? 0;
    const name = `hci${index}`;
    const socket = new HciSocket();
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure ??= error;
      if (this.#socket !== socket) return;
      this.#release();
      // The driver's reader waits on when the adapter is pulled: the first write says it.
      events.closed(GONE.test(error.message) ? `${name} was unplugged` : `${name}: ${messageOf(error)}`);
    });
    socket.on('data', (packet) => {
      if (this.#socket === socket) events.packet(new Uint8Array(packet));
    });
    try {
      socket.bindUser(index);
    } catch (error) {
      failure ??= error as Error;
    }
    if (failure !== undefined) throw refusal(failure, index, present);
    this.#socket = socket;
    socket.start();
  }

  write(packet: Uint8Array): void {
    this.#socket?.write(Buffer.from(packet));
  }

  async close(): Promise<void> {
    this.#release();
  }

  #release(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    // To stop waits for the driver's reader, which looks up once a second or when something comes: the whole process
    // would stand still meanwhile. The answer to this comes at once.
    socket.write(Buffer.from(command(Opcode.ReadLocalVersion)));
    socket.stop();
    stopped.push(socket);
  }
}

/** What the kernel says when it was built without, the module is not there, or sockets of Bluetooth are kept from us. */
const NO_KERNEL = /Address family not supported/;
/** Errors of a write when there is no adapter behind the socket any more. */
const GONE = /bad state|broken pipe|no such device|network is down/i;

function refusal(failure: Error, index: number, present: readonly number[]): EdgeError {
  if (NO_KERNEL.test(failure.message)) {
    // The kernel shows its adapters everywhere, but gives sockets in the first network namespace only.
    if (present.length > 0)
      return new EdgeError('radio.ble.kernel', `there is hci${present[0]}, but Bluetooth sockets are kept from here`, {
        fix: 'in a container: --network host; in a systemd unit: RestrictAddressFamilies= must name AF_BLUETOOTH',
        status: 503,
        cause: failure,
      });
  } else if (!present.includes(index)) return absent(index, present);
  return diagnose(failure, `hci${index}`);
}

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
