// udp-sender BYTES: for each line `PORT COUNT HOW` of its standard input sends so many datagrams to the loopback, and answers
// `sent`. HOW is `single`: by Node's dgram, each on its own; `burst`: by the socket of the hot path, many in one call, no two
// neighbours of the same length, so that the kernel keeps them apart; `segments`: the same, of one length, as one segmented whole.
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { createDatagrams } from '../../dist/native/hot-path.js';

const HOST = '127.0.0.1';
/** Sent together, as the frames of one message are; then the receiver has a turn. */
const BURST = 64;

const longer = new Uint8Array(Number(process.argv[2]) + 1).fill(0x5a);
const payload = longer.subarray(1);

async function single() {
  const socket = createSocket('udp4');
  const one = (port) => new Promise((resolve) => socket.send(payload, port, HOST, () => resolve()));
  const send = (port, count) => Promise.all(Array.from({ length: count }, () => one(port)));
  return { send, close: () => socket.close() };
}

/** Undefined where the addon does not serve. */
async function batch(isOneLength) {
  const options = { family: 4, host: HOST, port: 0, share: false, receiveBytes: 65_536, queueBytes: 1 << 20 };
  const socket = await createDatagrams()?.open(options, { batch() {}, error() {} });
  if (socket === undefined) return undefined;
  const send = async (port, count) => {
    for (let i = 0; i < count; i++) socket.send(isOneLength || i % 2 === 0 ? payload : longer, HOST, port);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { send, close: () => socket.close() };
}

const senders = { single: await single(), burst: await batch(false), segments: await batch(true) };
for await (const line of createInterface({ input: process.stdin })) {
  const [port, count, how] = line.split(' ');
  for (let left = Number(count); left > 0; left -= BURST) await senders[how].send(Number(port), Math.min(BURST, left));
  console.log('sent');
}
for (const sender of Object.values(senders)) await sender?.close();
