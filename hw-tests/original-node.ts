import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { concat } from '../dist/core/bytes.js';
import { bringUp, Gap } from '../dist/radios/ble/controller.js';
import { LeEvent } from '../dist/radios/ble/hci-codes.js';
import { type HciHost, HostDriver } from '../dist/radios/ble/hci-host.js';
import { HciMux } from '../dist/radios/ble/hci-mux.js';
import { type AdvertReport, addressBytes, leEvent } from '../dist/radios/ble/hci-packets.js';
import { RX_UUID, SERVICE_UUID, TX_UUID } from '../dist/radios/ble/limits.js';
import { createPort } from '../dist/radios/ble/ports.js';
import { systemClock } from '../dist/system/system-clock.js';

// node dist-hw/original-node.js NAME SOCKET [dial]: one node with both original stacks on one controller, through our
// multiplexer. Advertises, scans, links once, sends MESSAGES each way; says on standard output what it sees, a JSON a line.

const MESSAGES = 20;
const MESSAGE_BYTES = 200;
const ADVERT_MS = 50;

interface OriginalPeripheral {
  connectAsync(): Promise<void>;
  discoverSomeServicesAndCharacteristicsAsync(
    services: string[],
    characteristics: string[],
  ): Promise<{
    characteristics: (EventEmitter & {
      uuid: string;
      subscribeAsync(): Promise<void>;
      writeAsync(data: Buffer, withoutResponse: boolean): Promise<void>;
    })[];
  }>;
}

interface OriginalNoble extends EventEmitter {
  startScanningAsync(services: string[], duplicates: boolean): Promise<void>;
  stopScanningAsync(): Promise<void>;
}

interface OriginalBleno extends EventEmitter {
  setServices(services: object[]): void;
  Characteristic: new (options: object) => object;
  PrimaryService: new (options: object) => object;
}

const [name = '', socket = '', mode] = process.argv.slice(2);
const say = (event: string, more: object = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

/** The original packages share one module of sockets: each is given a class bound to its side of the multiplexer. */
function loadOriginals(mux: HciMux): [OriginalNoble, OriginalBleno] {
  const require = createRequire(new URL('../hw-tests/originals/package.json', import.meta.url));
  const fromNoble = createRequire(require.resolve('@abandonware/noble/package.json'));
  const path = fromNoble.resolve('@abandonware/bluetooth-hci-socket');
  fromNoble(path);
  const sockets = require.cache[path] as NodeModule;
  const driverOf = (port: HciHost) =>
    class extends HostDriver {
      override bindUser(device: number | undefined): number {
        return super.bindUser(device, { port });
      }
    };
  // Not as on a user channel: the original central then never asks for the size of the buffers, and sends nothing.
  process.env['BLENO_DEVICE_NAME'] = name;
  sockets.exports = driverOf(mux.central);
  const noble = require('@abandonware/noble/with-custom-binding')() as OriginalNoble;
  sockets.exports = driverOf(mux.peripheral);
  return [noble, require('@abandonware/bleno') as OriginalBleno];
}

const poweredOn = (stack: EventEmitter): Promise<void> =>
  new Promise((resolve) => void stack.on('stateChange', (state) => state === 'poweredOn' && resolve()));

/** As the controller said it: the multiplexer keeps adverts for the radio, and here that is us. */
function advertPacket({ type, addressType, address, data, rssi }: AdvertReport): Uint8Array {
  const head = Uint8Array.of(1, type, addressType, ...addressBytes(address), data.length);
  return leEvent(LeEvent.AdvertisingReport, concat(head, data, Uint8Array.of(rssi & 255)));
}

const message = (from: string, number: number): Buffer =>
  Buffer.concat([Buffer.from(`${from}${String(number).padStart(3, '0')}`), Buffer.alloc(MESSAGE_BYTES, number)]);

const heard = new Set<string>();
function hear(data: Buffer): void {
  const [from, number] = [data.toString('latin1', 0, 1), Number(data.toString('latin1', 1, 4))];
  if (!data.equals(message(from, number))) return say('damaged', { bytes: data.length });
  heard.add(`${from}${number}`);
  if (heard.size === MESSAGES) say('complete');
}

const mux = new HciMux({
  clock: systemClock,
  write: (packet) => port.write(packet),
  events: {
    advert: (report) => void mux.central.deliver(advertPacket(report)),
    linkUp: ({ role }) => say('link', { role }),
    linkDown: (_link, reason) => say('lost', { reason }),
    dialFailed: (status) => say('dial failed', { status }),
    fault: (reason) => say('fault', { reason }),
  },
});
const port = createPort({ kind: 'unix', path: socket });
await port.open({ packet: (bytes) => mux.receive(bytes), closed: () => process.exit(0) });
await bringUp(mux);
const [noble, bleno] = loadOriginals(mux);
await Promise.all([poweredOn(noble), poweredOn(bleno)]);

async function sendAll(send: (data: Buffer) => unknown): Promise<void> {
  for (let i = 0; i < MESSAGES; i++) {
    await send(message(name, i));
    // Neither stack says when it has room.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const rx = new bleno.Characteristic({
  uuid: RX_UUID,
  properties: ['writeWithoutResponse'],
  onWriteRequest: (data: Buffer, _offset: number, _withoutResponse: boolean, done: (status: number) => void) => {
    done(0);
    hear(data);
  },
});
const tx = new bleno.Characteristic({
  uuid: TX_UUID,
  properties: ['notify'],
  onSubscribe: (_maxBytes: number, update: (data: Buffer) => void) => void sendAll(update),
});
bleno.setServices([new bleno.PrimaryService({ uuid: SERVICE_UUID, characteristics: [rx, tx] })]);

const gap = new Gap(mux);
const uuid = Uint8Array.from(Buffer.from(SERVICE_UUID, 'hex')).reverse();
await gap.advertise(concat(Uint8Array.of(2, 1, 6, 17, 7), uuid), 'connectable', ADVERT_MS);
say('ready');

async function dial(peripheral: OriginalPeripheral): Promise<void> {
  await noble.stopScanningAsync();
  await gap.stopScan();
  await peripheral.connectAsync();
  const found = await peripheral.discoverSomeServicesAndCharacteristicsAsync([SERVICE_UUID], [RX_UUID, TX_UUID]);
  const of = (uuid: string) => found.characteristics.find((each) => each.uuid === uuid);
  of(TX_UUID)?.on('data', hear);
  await of(TX_UUID)?.subscribeAsync();
  await sendAll((data) => of(RX_UUID)?.writeAsync(data, true));
}

if (mode === 'dial') {
  noble.once('discover', (peripheral: OriginalPeripheral) => {
    dial(peripheral).catch((error: Error) => say('failed', { message: error.message }));
  });
  await noble.startScanningAsync([SERVICE_UUID], true);
  await gap.scan(30, 30);
}
