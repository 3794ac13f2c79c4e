import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createDatagrams } from 'edge-agent/hot-path';
import { nodeDatagrams } from '../../../dist/radios/udp/node-datagrams.js';
import { cpuUs } from '../hot/interleave.mjs';
import { median } from '../statistics.mjs';

const SENDER = join(import.meta.dirname, '..', '..', '..', 'native', 'bench', 'udp-sender.mjs');
const HOST = '127.0.0.1';
const BYTES = 200;
const DATAGRAMS = 4_096;
const ROUNDS = { quick: 8, full: 60 };
/** What still lies in the buffer when the sender says it is done comes within this. */
const SETTLE_MS = 50;
const BUFFER_BYTES = 4 << 20;
const Name = { Ours: 'ours', Twin: 'dgram behind the same port', Peer: 'Node dgram' };

/** Datagrams that came; in the end each lies in a slab, ready for the frame check. */
function plainReceiver() {
  const slab = Buffer.alloc(64 * 256);
  const receiver = { count: 0, calls: 0 };
  const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
  socket.on('message', (message) => {
    message.copy(slab, (receiver.count++ % 64) * 256);
    receiver.calls++;
  });
  receiver.close = () => socket.close();
  return new Promise((resolve) => {
    socket.bind(0, HOST, () => resolve(Object.assign(receiver, { port: socket.address().port })));
  });
}

async function batchReceiver(datagrams) {
  const receiver = { count: 0, calls: 0 };
  const options = { family: 4, host: HOST, port: 0, share: false, receiveBytes: BUFFER_BYTES, queueBytes: 1 << 16 };
  const handlers = {
    batch({ count }) {
      receiver.count += count;
      receiver.calls++;
    },
    error(error) {
      throw error;
    },
  };
  const socket = await datagrams.open(options, handlers);
  return Object.assign(receiver, { port: socket.port, close: () => socket.close() });
}

function openSender() {
  const child = spawn(process.execPath, [SENDER, String(BYTES)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const end = () => child.kill();
  process.once('exit', end);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async send(port, count, how) {
      child.stdin.write(`${port} ${count} ${how}\n`);
      if ((await lines.next()).done) throw new Error('the sender ended');
    },
    close() {
      process.off('exit', end);
      child.stdin.end();
    },
  };
}

/** Microseconds of CPU of this process for each datagram that came. */
async function sample(receiver, sender, how) {
  const [before, started] = [receiver.count, cpuUs()];
  await sender.send(receiver.port, DATAGRAMS, how);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const came = receiver.count - before;
  if (came === 0) throw new Error('no datagram came');
  return (cpuUs() - started) / came;
}

async function receivers() {
  const native = createDatagrams();
  return {
    ...(native !== undefined && { [Name.Ours]: await batchReceiver(native) }),
    [Name.Twin]: await batchReceiver(nodeDatagrams),
    [Name.Peer]: await plainReceiver(),
  };
}

async function series(all, { rounds, how }) {
  const sender = openSender();
  const samples = Object.fromEntries(Object.keys(all).map((name) => [name, []]));
  const before = { ...all[Name.Ours] };
  try {
    // The first round is to warm up.
    for (let round = 0; round <= rounds; round++) {
      for (const [name, receiver] of Object.entries(all)) {
        const figure = await sample(receiver, sender, how);
        if (round > 0) samples[name].push(figure);
      }
    }
  } finally {
    sender.close();
  }
  const { count, calls } = all[Name.Ours] ?? {};
  return { samples, perBatch: (count - before.count) / (calls - before.calls) };
}

const figureText = ({ samples, perBatch }) => {
  const [ours, peer] = [Name.Ours, Name.Peer].map((name) => median(samples[name]).toFixed(2));
  return `${ours} µs and ${Name.Peer} ${peer} (${perBatch.toFixed(1)} a batch)`;
};

async function measure({ quick, say }) {
  const all = await receivers();
  const rounds = ROUNDS[quick ? 'quick' : 'full'];
  try {
    say('datagrams over the loopback, to each socket in turn …');
    const single = await series(all, { rounds, how: 'single' });
    if (all[Name.Ours] === undefined) {
      const skipped = 'the addon, whose socket it is about, does not serve here';
      return { samples: [], peers: { [Name.Peer]: single.samples[Name.Peer] }, skipped };
    }
    const burst = await series(all, { rounds, how: 'burst' });
    const segments = await series(all, { rounds, how: 'segments' });
    const note = [
      `sent in bursts of 64, ${burst.perBatch.toFixed(1)} a batch when they are read`,
      `sent one by one by Node ${figureText(single)}, sent as segments by such a socket ${figureText(segments)}`,
      `${Name.Twin} ${median(burst.samples[Name.Twin]).toFixed(2)} µs`,
    ].join('; ');
    return { samples: burst.samples[Name.Ours], peers: { [Name.Peer]: burst.samples[Name.Peer] }, note };
  } finally {
    for (const { close } of Object.values(all)) await close();
  }
}

export const bench = {
  id: 'udp-receive',
  what: `CPU time of a datagram of ${BYTES} bytes from the socket into the slab that the frame check reads`,
  unit: 'µs',
  target: { most: 0.45, of: Name.Peer },
  measure,
};
