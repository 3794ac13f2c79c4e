import test from 'ava';
import { MAX_DESTINATIONS, MAX_QUEUED_BYTES } from './limits.js';
import { Sender, type Tally } from './sender.js';
import type { DataSocket, SocketSet } from './socket-set.js';

function senderOver(queued: { bytes: number }) {
  const sent: { bytes: Buffer; port: number; host: string; done: (error: Error | null) => void }[] = [];
  let looked = 0;
  const data = {
    plan: { multicastHost: '239.255.69.71' },
    socket: {
      getSendQueueSize: () => queued.bytes,
      send: (bytes: Buffer, port: number, host: string, done: (error: Error | null) => void) =>
        void sent.push({ bytes, port, host, done }),
    },
  } as unknown as DataSocket;
  const towards = (): DataSocket => {
    looked += 1;
    return data;
  };
  const sockets = { data: [data], towards } as unknown as SocketSet;
  const tally: Tally = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  const sender = new Sender(sockets, 9999, tally, () => {
    tally.errors += 1;
  });
  return { sender, sent, tally, looked: () => looked };
}

test('what the system has not taken is bounded: then the answer is full', (t) => {
  const queued = { bytes: MAX_QUEUED_BYTES - 99 };
  const { sender, sent, tally } = senderOver(queued);
  t.is(sender.send(new Uint8Array(100), '127.0.0.1:1'), 'full');
  t.is(sender.send(new Uint8Array(100)), 'full');
  t.is(sent.length, 0);
  queued.bytes = 0;
  t.is(sender.send(new Uint8Array(100)), 'queued');
  t.like(tally, { framesOut: 1, bytesOut: 100, errors: 0 });
});

test('the system is given a copy, so that the caller may write to the frame at once', (t) => {
  const { sender, sent } = senderOver({ bytes: 0 });
  const frame = Uint8Array.of(1, 2, 3);
  sender.send(frame, '127.0.0.1:1');
  sender.send(frame);
  frame.fill(0);
  t.deepEqual(
    sent.map(({ bytes }) => [...bytes]),
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  );
});

test('an error that comes later is counted', (t) => {
  const { sender, sent, tally } = senderOver({ bytes: 0 });
  sender.send(new Uint8Array(10), '127.0.0.1:1');
  sender.send(new Uint8Array(10), '127.0.0.1:1');
  sent[0]?.done(null);
  sent[1]?.done(new Error('ENOBUFS'));
  t.is(tally.errors, 1);
});

test('destinations are remembered, but not without end', (t) => {
  const { sender, looked } = senderOver({ bytes: 0 });
  const frame = new Uint8Array(1);
  sender.send(frame, '127.0.0.1:1');
  sender.send(frame, '127.0.0.1:1');
  t.is(looked(), 1);
  for (let port = 2; port <= MAX_DESTINATIONS + 1; port++) sender.send(frame, `127.0.0.1:${port}`);
  sender.send(frame, '127.0.0.1:1');
  t.is(looked(), MAX_DESTINATIONS + 2);
});
