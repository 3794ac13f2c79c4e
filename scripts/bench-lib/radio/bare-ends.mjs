// The same link by the plain packages: what a program gets that uses them directly. They lose and mix up nothing here,
// because the conversation keeps a window; on their own none of them has flow control.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { SerialPort } from 'serialport';
import { HciHost } from '../../../dist/radios/ble/hci-host.js';
import { loadStacks } from '../../../dist/radios/ble/packages.js';
import { UnixPort } from '../../../dist/radios/ble/unix-port.js';

const SERVICE = 'a0b0000100004000800000805f9b34fb';
const RX = 'a0b0000200004000800000805f9b34fb';
const TX = 'a0b0000300004000800000805f9b34fb';
const MTU = 247;
const ATT_HEADER_BYTES = 3;
/** 15 ms in units of 1.25 ms, as the radio asks for, and 4 s in units of 10 ms. */
const CONNECTION = { minInterval: 12, maxInterval: 12, latency: 0, timeout: 400, mtu: MTU };
const UDP_FRAME_BYTES = 1_200;
const SERIAL_FRAME_BYTES = 512;
const LENGTH_BYTES = 2;

/** A controller all for one stack. */
async function stackOptions(path) {
  const port = new UnixPort(path);
  const host = new HciHost('bare', (packet) => port.write(packet));
  await port.open({ packet: (packet) => host.deliver(packet), closed: () => process.exit(1) });
  return { hciDriver: undefined, userChannel: true, extended: false, bindParams: { port: host } };
}

const isOn = (stack) =>
  new Promise((resolve) => {
    stack.on('stateChange', (state) => state === 'poweredOn' && resolve());
  });

async function openPeripheral(place, heard) {
  const { bleno: create, Characteristic, PrimaryService } = loadStacks();
  process.env.HCI_CHANNEL_USER = '1';
  const bleno = create(await stackOptions(place));
  await isOn(bleno);
  let notify = () => {};
  const subscribed = new Promise((resolve) => {
    const rx = new Characteristic({
      uuid: RX,
      properties: ['writeWithoutResponse'],
      onWriteRequest(_handle, data, _offset, _withoutResponse, done) {
        done(0);
        heard(new Uint8Array(data));
      },
    });
    const tx = new Characteristic({
      uuid: TX,
      properties: ['notify'],
      onSubscribe(_handle, maxBytes, update) {
        notify = (bytes) => update(Buffer.from(bytes));
        resolve(maxBytes);
      },
    });
    bleno.setServices([new PrimaryService({ uuid: SERVICE, characteristics: [rx, tx] })]);
  });
  bleno.startAdvertising('bench', [SERVICE]);
  return {
    linked: () => subscribed,
    send(bytes) {
      notify(bytes);
      return true;
    },
    close: () => bleno.stop(),
  };
}

async function openCentral(place, heard) {
  const noble = loadStacks().noble(await stackOptions(place));
  // Reading the state starts it.
  const on = isOn(noble);
  void noble.state;
  await on;
  const found = once(noble, 'discover');
  let write = () => {};
  return {
    async linked() {
      await noble.startScanningAsync([SERVICE], false);
      const [peripheral] = await found;
      await noble.stopScanningAsync();
      await peripheral.connectAsync(CONNECTION);
      const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync([SERVICE], [RX, TX]);
      const rx = characteristics.find(({ uuid }) => uuid === RX);
      const tx = characteristics.find(({ uuid }) => uuid === TX);
      tx.on('data', (data) => heard(new Uint8Array(data)));
      await tx.subscribeAsync();
      write = (bytes) => rx.write(Buffer.from(bytes), true);
      return peripheral.mtu - ATT_HEADER_BYTES;
    },
    send(bytes) {
      write(bytes);
      return true;
    },
    close: () => noble.stop(),
  };
}

async function openSerialPort({ place, baud }, heard) {
  const port = new SerialPort({ path: place, baudRate: baud, autoOpen: false });
  await new Promise((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  let rest = Buffer.alloc(0);
  port.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= LENGTH_BYTES && rest.length >= LENGTH_BYTES + rest.readUInt16LE(0)) {
      const end = LENGTH_BYTES + rest.readUInt16LE(0);
      heard(new Uint8Array(rest.subarray(LENGTH_BYTES, end)));
      rest = rest.subarray(end);
    }
  });
  return {
    linked: async () => SERIAL_FRAME_BYTES,
    send(bytes) {
      port.write(Buffer.concat([Buffer.from([bytes.length & 255, bytes.length >> 8]), bytes]));
      return true;
    },
    close: () => new Promise((resolve) => port.close(resolve)),
  };
}

async function openDatagrams(heard) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 2 ** 20 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let to;
  socket.on('message', (bytes, from) => {
    to ??= from.port;
    heard(new Uint8Array(bytes));
  });
  return {
    address: socket.address().port,
    async linked(peer) {
      to = peer;
      return UDP_FRAME_BYTES;
    },
    send(bytes) {
      if (to !== undefined) socket.send(Buffer.from(bytes), to, '127.0.0.1');
      return to !== undefined;
    },
    close: () => socket.close(),
  };
}

/** @type {import('./end.mjs').OpenEnd} */
export function openBareEnd(setup, heard) {
  if (setup.kind === 'serial') return openSerialPort(setup, heard);
  if (setup.kind === 'udp') return openDatagrams(heard);
  return setup.role === 'near' ? openCentral(setup.place, heard) : openPeripheral(setup.place, heard);
}
