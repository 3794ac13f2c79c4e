import test from 'ava';
import fc from 'fast-check';
import { BleLink, type BleLinkEvents } from './ble-link.js';
import { BleLimit } from './limits.js';
import { encodeCredits, encodeFragment, encodeGreeting, FIRST, LAST } from './link-packets.js';

const NAME = { token: new Uint8Array(8).fill(1), proof: new Uint8Array(4).fill(2) };
const GREETING = encodeGreeting({ version: 1, window: 16, frameBytes: 1_024, ...NAME });

interface End {
  readonly link: BleLink;
  readonly frames: number[][];
  readonly broken: string[];
  readonly wire: Uint8Array[];
}

/** One end; what it writes waits on its wire. */
function end(packetBytes: number, write?: (packet: Uint8Array) => void): End {
  const frames: number[][] = [];
  const broken: string[] = [];
  const wire: Uint8Array[] = [];
  const events: BleLinkEvents = {
    greeted: () => {},
    renamed: () => {},
    viewed: () => {},
    frame: (bytes) => frames.push([...bytes]),
    broken: (reason) => broken.push(reason),
  };
  return {
    link: new BleLink({ packetBytes, events, write: write ?? ((p) => wire.push(p)), now: () => 0 }),
    frames,
    broken,
    wire,
  };
}

/** Carries what waits to the other end, until neither has anything left. */
function carry(a: End, b: End): void {
  while (a.wire.length + b.wire.length > 0) {
    for (const packet of a.wire.splice(0)) b.link.receive(packet);
    for (const packet of b.wire.splice(0)) a.link.receive(packet);
  }
}

function pair(packetBytes: number): { a: End; b: End } {
  const a = end(packetBytes);
  const b = end(packetBytes);
  a.link.greet(NAME);
  b.link.greet(NAME);
  carry(a, b);
  return { a, b };
}

test('frames of any size arrive whole and in order over packets of any size, and no packet is too long', (t) => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: BleLimit.FrameBytes }), { maxLength: 20 });
  fc.assert(
    fc.property(frames, fc.integer({ min: 20, max: 244 }), (sent, packetBytes) => {
      const { a, b } = pair(packetBytes);
      for (const frame of sent) t.is(a.link.send(frame), 'queued');
      t.true(a.wire.every((packet) => packet.length <= packetBytes));
      carry(a, b);
      t.deepEqual(
        b.frames,
        sent.map((frame) => [...frame]),
      );
      t.deepEqual([...a.broken, ...b.broken], []);
    }),
  );
});

test('both sides may send at once without running out of credits', (t) => {
  const { a, b } = pair(20);
  for (let i = 0; i < 50; i++) {
    a.link.send(new Uint8Array(300).fill(i));
    b.link.send(new Uint8Array(300).fill(i));
  }
  carry(a, b);
  t.is(a.frames.length, 50);
  t.is(b.frames.length, 50);
});

test('without credits a sender sends no more than the window, then says full, and never grows', (t) => {
  const { a } = pair(100);
  let queued = 0;
  while (a.link.send(new Uint8Array(1_000)) === 'queued') queued++;
  t.is(a.wire.length, BleLimit.Window);
  t.true(queued <= BleLimit.QueuedBytes / 1_000 + 2);
  t.is(a.link.send(new Uint8Array(1_000)), 'full');
  t.is(a.link.stalledSince, 0);
});

test('credits come back as fragments are taken, so that a sender can go on for ever', (t) => {
  const { b } = pair(244);
  const fragment = encodeFragment(FIRST | LAST, 0, Uint8Array.of(1));
  for (let i = 0; i < 100; i++) b.link.receive(fragment);
  t.deepEqual(b.broken, []);
  t.is(b.frames.length, 100);
});

test('a frame that never ends is cut off at its limit', (t) => {
  const { b } = pair(244);
  b.link.receive(encodeFragment(FIRST, 0, new Uint8Array(200)));
  for (let i = 0; i < 10; i++) b.link.receive(encodeFragment(0, 0, new Uint8Array(200)));
  t.deepEqual(b.broken, ['sent a frame that never ends']);
});

test('credits that were never owed are an offence', (t) => {
  const { b } = pair(244);
  b.link.receive(encodeCredits(1));
  t.deepEqual(b.broken, ['gave more credits than it had granted']);
});

test('nothing but a greeting is taken first, and only one', (t) => {
  const early = end(244);
  early.link.receive(encodeCredits(0));
  t.deepEqual(early.broken, ['sent data before greeting']);
  const { a } = pair(244);
  a.link.receive(GREETING);
  t.deepEqual(a.broken, ['greeted twice']);
  const later = end(244);
  later.link.receive(encodeGreeting({ version: 9, window: 16, frameBytes: 1_024, ...NAME }));
  t.deepEqual(later.broken, ['speaks version 9 of the link']);
});

test('a stack that throws breaks the link and nothing else', (t) => {
  const failing = end(244, () => {
    throw new TypeError('no such connection');
  });
  t.notThrows(() => failing.link.greet(NAME));
  t.deepEqual(failing.broken, ['the stack refused a packet']);
  t.is(failing.link.send(Uint8Array.of(1)), 'down');
});

test('any packets at all are survived, and a broken link takes nothing more', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 250 }), { maxLength: 50 }), (packets) => {
      const { a } = pair(244);
      for (const packet of packets) t.notThrows(() => a.link.receive(packet));
      t.true(a.broken.length <= 1);
    }),
  );
});
