import test from 'ava';
import { MAX_DESTINATIONS } from './limits.js';
import { Sender, type Tally } from './sender.js';
import type { DataSocket, SocketSet } from './socket-set.js';

function senderOver(answer: { value: 'queued' | 'full' }) {
  const sent: { bytes: Uint8Array; port: number; host: string }[] = [];
  let looked = 0;
  const data = {
    plan: { multicastHost: '239.255.69.71' },
    socket: {
      send: (bytes: Uint8Array, host: string, port: number) => {
        if (answer.value === 'queued') sent.push({ bytes, port, host });
        return answer.value;
      },
    },
  } as unknown as DataSocket;
  const towards = (): DataSocket => {
    looked += 1;
    return data;
  };
  const sockets = { data: [data], towards } as unknown as SocketSet;
  const tally: Tally = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  return { sender: new Sender(sockets, 9999, tally), sent, tally, looked: () => looked };
}

test('what a socket has no room for is answered with full, and not counted as sent', (t) => {
  const answer: { value: 'queued' | 'full' } = { value: 'full' };
  const { sender, sent, tally } = senderOver(answer);
  t.is(sender.send(new Uint8Array(100), '127.0.0.1:1'), 'full');
  t.is(sender.send(new Uint8Array(100)), 'full');
  t.is(sent.length, 0);
  answer.value = 'queued';
  t.is(sender.send(new Uint8Array(100)), 'queued');
  t.like(tally, { framesOut: 1, bytesOut: 100, errors: 0 });
});

test('without an address a frame goes to the group, with one to its place', (t) => {
  const { sender, sent } = senderOver({ value: 'queued' });
  sender.send(Uint8Array.of(1));
  sender.send(Uint8Array.of(2), '127.0.0.1:7');
  t.deepEqual(sent, [
    { bytes: Uint8Array.of(1), port: 9999, host: '239.255.69.71' },
    { bytes: Uint8Array.of(2), port: 7, host: '127.0.0.1' },
  ]);
});

test('destinations are remembered, but not without end', (t) => {
  const { sender, looked } = senderOver({ value: 'queued' });
  const frame = new Uint8Array(1);
  sender.send(frame, '127.0.0.1:1');
  sender.send(frame, '127.0.0.1:1');
  t.is(looked(), 1);
  for (let port = 2; port <= MAX_DESTINATIONS + 1; port++) sender.send(frame, `127.0.0.1:${port}`);
  sender.send(frame, '127.0.0.1:1');
  t.is(looked(), MAX_DESTINATIONS + 2);
});
