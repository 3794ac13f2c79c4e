import { EventEmitter } from 'node:events';
import test from 'ava';
import { EdgeError } from '../../core/errors.js';
import type { PortEvents } from './controller-port.js';
import { Opcode } from './hci-codes.js';
import { command, u16 } from './hci-packets.js';
import type { NativeHciSocket } from './packages.js';
import { UserChannelPort } from './user-channel-port.js';

/** What the driver gives out for an error of the kernel: its text, and no code. */
const Kernel = {
  busy: 'Device or resource busy',
  users: 'Too many users',
  permission: 'Operation not permitted',
  noDevice: 'No such device',
  rfkill: 'Operation not possible due to RF-kill',
  io: 'Input/output error',
  noFamily: 'Address family not supported by protocol',
  gone: 'File descriptor in bad state',
} as const;

/** Behaves as the driver does, including that it throws at `bindUser` but emits when there can be no socket at all. */
class FakeSocket extends EventEmitter {
  static bindError: string | undefined;
  static socketError: string | undefined;
  static made: FakeSocket[] = [];
  readonly written: number[] = [];
  boundTo: number | undefined;
  calls: string[] = [];
  writeError: string | undefined;

  constructor() {
    super();
    FakeSocket.made.push(this);
  }

  bindUser(device: number): number {
    if (FakeSocket.socketError !== undefined) {
      this.emit('error', new Error(FakeSocket.socketError));
      return undefined as unknown as number;
    }
    if (FakeSocket.bindError !== undefined) throw new Error(FakeSocket.bindError);
    this.boundTo = device;
    return device;
  }

  start(): void {
    this.calls.push('start');
  }

  stop(): void {
    this.calls.push('stop');
  }

  write(packet: Buffer): void {
    this.calls.push('write');
    if (this.writeError === undefined) this.written.push(u16(packet, 1));
    else this.emit('error', new Error(this.writeError));
  }
}

class Ear implements PortEvents {
  readonly packets: Uint8Array[] = [];
  readonly reasons: string[] = [];
  packet(bytes: Uint8Array): void {
    this.packets.push(bytes);
  }
  closed(reason: string): void {
    this.reasons.push(reason);
  }
}

interface Scene {
  readonly adapters?: readonly number[];
  readonly bindError?: string;
  readonly socketError?: string;
}

function portOn(scene: Scene, index?: number): UserChannelPort {
  FakeSocket.bindError = scene.bindError;
  FakeSocket.socketError = scene.socketError;
  FakeSocket.made = [];
  return new UserChannelPort(index, {
    adapters: () => scene.adapters ?? [0],
    loadSocket: () => FakeSocket as unknown as new () => NativeHciSocket,
  });
}

async function openOn(scene: Scene, index?: number): Promise<[UserChannelPort, Ear, FakeSocket]> {
  const port = portOn(scene, index);
  const ear = new Ear();
  await port.open(ear);
  return [port, ear, FakeSocket.made[0] as FakeSocket];
}

const REFUSALS: readonly (readonly [title: string, scene: Scene, code: string, message: RegExp, fix: RegExp])[] = [
  ['it is up, or bluetoothd has it', { bindError: Kernel.busy }, 'radio.ble.busy', /hci0 is in use/, /power off/],
  [
    'a program has its user channel',
    { bindError: Kernel.users },
    'radio.ble.busy',
    /another program has hci0/,
    /end it/,
  ],
  ['no capability', { bindError: Kernel.permission }, 'radio.ble.permission', /no permission.*hci0/, /setcap/],
  ['switched off', { bindError: Kernel.rfkill }, 'radio.ble.blocked', /rfkill/, /rfkill unblock/],
  ['its firmware does not start', { bindError: Kernel.io }, 'radio.ble.controller', /hci0 does not start/, /dmesg/],
  [
    'none is there',
    { adapters: [], bindError: Kernel.noDevice },
    'radio.ble.adapter.absent',
    /no Bluetooth adapter$/,
    /plug/,
  ],
  ['pulled just now', { bindError: Kernel.noDevice }, 'radio.ble.adapter.absent', /no hci0/, /plug/],
  ['a kernel without', { adapters: [], socketError: Kernel.noFamily }, 'radio.ble.kernel', /kernel has no/, /modprobe/],
  ['a container', { socketError: Kernel.noFamily }, 'radio.ble.kernel', /there is hci0, but/, /--network host/],
];

for (const [title, scene, code, message, fix] of REFUSALS) {
  test.serial(`an adapter that cannot be had is refused with the reason and what mends it: ${title}`, async (t) => {
    const error = await t.throwsAsync(portOn(scene).open(new Ear()), { instanceOf: EdgeError, message });
    t.is(error?.code, code);
    t.regex(error?.fix ?? '', fix);
    t.deepEqual(FakeSocket.made[0]?.calls, [], 'what was not bound is not started');
  });
}

test.serial(
  'the first adapter is taken unless one is named, and one that is not there names those that are',
  async (t) => {
    t.is((await openOn({ adapters: [2, 3] }))[2].boundTo, 2);
    t.is((await openOn({ adapters: [2, 3] }, 3))[2].boundTo, 3);
    await t.throwsAsync(portOn({ adapters: [2, 3], bindError: Kernel.noDevice }, 0).open(new Ear()), {
      message: /no Bluetooth adapter hci0, but hci2, hci3/,
    });
  },
);

test.serial('packets pass both ways while it is open, and none after it was closed', async (t) => {
  const [port, ear, socket] = await openOn({});
  port.write(command(Opcode.Reset));
  t.deepEqual(socket.written, [Opcode.Reset]);
  socket.emit('data', Buffer.of(4, 0x0e, 0));
  t.deepEqual(ear.packets, [Uint8Array.of(4, 0x0e, 0)]);
  t.is(ear.packets[0]?.constructor, Uint8Array);
  await port.close();
  socket.emit('data', Buffer.of(4, 0x0e, 0));
  port.write(command(Opcode.Reset));
  t.is(ear.packets.length, 1);
  t.deepEqual(socket.written.slice(1), [Opcode.ReadLocalVersion]);
});

test.serial(
  'before the socket is stopped the controller is asked something, so that stopping does not wait for it',
  async (t) => {
    const [port, , socket] = await openOn({});
    await port.close();
    await port.close();
    t.deepEqual(socket.calls, ['start', 'write', 'stop']);
  },
);

test.serial(
  'an adapter that was pulled is noticed by the next command, said once, and the socket given up',
  async (t) => {
    const [port, ear, socket] = await openOn({});
    socket.writeError = Kernel.gone;
    port.write(command(Opcode.ReadRssi));
    port.write(command(Opcode.ReadRssi));
    t.deepEqual(ear.reasons, ['hci0 was unplugged']);
    t.is(socket.calls.at(-1), 'stop');
    await port.close();
    t.is(socket.calls.filter((call) => call === 'stop').length, 1);
  },
);
