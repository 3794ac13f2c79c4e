import test from 'ava';
import {
  decodePacket,
  encodeFragment,
  encodeGreeting,
  encodeRenamed,
  FIRST,
  LAST,
  PacketKind,
} from './link-packets.js';
import { Parts } from './parts.js';
import { type Peer, Peers } from './peers.js';

const OWN = { token: new Uint8Array(8).fill(0x50), proof: new Uint8Array(4) };

function scene() {
  let now = 0;
  const ended: number[] = [];
  const told: string[] = [];
  const room = { isLeft: true };
  const peers = new Peers({
    parts: new Parts(new Uint8Array(8), 0),
    now: () => now,
    ownName: () => OWN,
    isOurs: ({ proof }) => proof[0] === 0,
    hasRoomForStranger: () => room.isLeft,
    disconnect: ({ handle }) => ended.push(handle),
    events: {
      up: (peer) => told.push(`up ${peer.address}`),
      down: (peer, reason) => told.push(`down ${peer.address}: ${reason}`),
      heard: (peer, frame) => told.push(`heard ${peer.address} ${frame.length}`),
      changed: () => {},
      misbehaved: (peer, reason) => told.push(`misbehaved ${peer.address}: ${reason}`),
    },
  });
  const add = (handle: number, role: 0 | 1, first: number, proof = 0): Peer => {
    const address = `00:00:00:00:00:${first.toString(16).padStart(2, '0')}`;
    const peer = peers.add({ id: handle, handle, role, address, addressType: 1, intervalMs: 15 });
    const link = peers.attach(peer, 100, () => {});
    link.greet(OWN);
    const token = new Uint8Array(8).fill(first);
    link.receive(
      encodeGreeting({ version: 1, window: 16, frameBytes: 1_024, token, proof: new Uint8Array(4).fill(proof) }),
    );
    return peer;
  };
  return {
    peers,
    room,
    ended,
    told,
    add,
    pass: (ms: number) => {
      now += ms;
      peers.check();
    },
  };
}

test('of two links to one neighbour the one stays that the lower token dialled', (t) => {
  const s = scene();
  // Ours is 0x50: to 0x60 we dial, from 0x40 we are dialled.
  s.add(1, 1, 0x60);
  s.add(2, 0, 0x60);
  t.deepEqual(s.ended, [1]);
  s.add(3, 0, 0x40);
  s.add(4, 1, 0x40);
  t.deepEqual(s.ended, [1, 3]);
  s.add(5, 0, 0x40);
  t.deepEqual(s.ended, [1, 3, 5]);
});

test('of two links in one direction the newer stays: the older has lost its other end', (t) => {
  const s = scene();
  s.add(1, 1, 0x40);
  s.add(2, 1, 0x40);
  t.deepEqual(s.ended, [1]);
  t.true(s.peers.isLinked('40'.repeat(8), ''));
});

test('two links with one address have two names', (t) => {
  const s = scene();
  const first = s.add(1, 1, 0x40);
  const second = s.add(2, 0, 0x40);
  t.not(first.address, second.address);
});

test('one stranger at a time is let in, for a while', (t) => {
  const s = scene();
  s.add(1, 1, 0x40, 9);
  s.add(2, 1, 0x41, 9);
  t.deepEqual(s.ended, [2]);
  s.pass(31_000);
  t.deepEqual(s.ended, [2, 1]);
});

test('a stranger that came in vain waits ever longer, and meanwhile no other is let in at once', (t) => {
  const s = scene();
  s.add(1, 1, 0x40, 9);
  s.pass(31_000);
  s.peers.remove(1, 'ended');
  s.add(2, 1, 0x41, 9);
  t.deepEqual(s.ended, [1, 2], 'for a while there are members only');
  s.peers.remove(2, 'ended');
  s.pass(30_000);
  s.add(3, 1, 0x40, 9);
  t.deepEqual(s.ended, [1, 2, 3], 'the one that was here waits longer than others');
  s.peers.remove(3, 'ended');
  const other = s.add(4, 1, 0x42, 9);
  t.true(other.isUp);
  // It leaves by itself before its time is over, which makes no difference.
  s.peers.remove(4, 'the other side ended the link');
  s.pass(31_000);
  s.add(5, 1, 0x42, 9);
  t.deepEqual(s.ended, [1, 2, 3, 5]);
});

test('a stranger is not let in where it would take the last place, and goes when members need its place', (t) => {
  const s = scene();
  s.room.isLeft = false;
  s.add(1, 1, 0x40, 9);
  t.deepEqual(s.ended, [1]);
  s.peers.remove(1, 'ended');
  s.room.isLeft = true;
  const stranger = s.add(2, 1, 0x40, 9);
  t.is(s.peers.stranger(), stranger);
  s.peers.sendAway(stranger, 'members need its place');
  t.is(s.peers.stranger(), undefined);
  t.deepEqual(s.ended, [1, 2]);
  t.true(s.peers.strangers.isBarred(stranger.address, 1));
});

test('a stranger that calls itself by the name of a member neither ends its link nor keeps us from dialling it', (t) => {
  const s = scene();
  s.add(1, 1, 0x40, 9);
  t.false(s.peers.isLinked('40'.repeat(8), ''));
  const member = s.add(2, 1, 0x40);
  t.true(member.isUp);
  t.deepEqual(s.ended, []);
  t.true(s.peers.isLinked('40'.repeat(8), ''));
});

test('the name that a stranger showed is not barred when it leaves, unless we had dialled it', (t) => {
  for (const role of [0, 1] as const) {
    const s = scene();
    const stranger = s.add(1, role, 0x40, 9);
    s.pass(31_000);
    t.deepEqual(s.ended, [1]);
    t.true(s.peers.strangers.isBarred(stranger.hci.address, 31_000));
    t.is(s.peers.strangers.isBarred('40'.repeat(8), 31_000), role === 0);
  }
});

test('a new name counts only with its proof: a stranger’s is ignored, and one of us without one is ended', (t) => {
  for (const role of [0, 1] as const) {
    const s = scene();
    s.add(1, role, 0x40);
    const token = new Uint8Array(8).fill(0x40);
    const stranger = s.add(2, 1, 0x41, 9);
    stranger.link?.receive(encodeRenamed({ token, proof: new Uint8Array(4).fill(9) }));
    stranger.link?.receive(encodeRenamed({ token, proof: new Uint8Array(4) }));
    t.deepEqual(s.ended, []);
    const liar = s.add(3, 1, 0x42);
    liar.link?.receive(encodeRenamed({ token, proof: new Uint8Array(4).fill(9) }));
    t.deepEqual(s.ended, [3]);
    t.regex(s.told.at(-1) ?? '', /misbehaved/);
  }
});

test('who never greets, and who falls silent, is ended; its end is told once with our reason', (t) => {
  const s = scene();
  s.peers.add({ id: 1, handle: 1, role: 1, address: 'aa', addressType: 1, intervalMs: 15 });
  s.pass(5_100);
  t.deepEqual(s.ended, [1]);
  t.true(s.peers.strangers.isBarred('aa', 5_100), 'it is not let in again at once');
  s.peers.remove(1, 'ended');
  t.deepEqual(s.told, [], 'the engine never knew it');
  s.add(2, 1, 0x40);
  s.pass(91_000);
  t.deepEqual(s.ended, [1, 2]);
  s.peers.remove(2, 'the other side ended the link');
  s.peers.remove(2, 'again');
  t.is(s.told.at(-1), 'down 00:00:00:00:00:40: it says nothing any more');
  t.is(s.peers.size, 0);
});

test('a rule broken ends the link, and frames of a link that is not up are not heard', (t) => {
  const s = scene();
  const peer = s.add(1, 1, 0x40);
  peer.link?.receive(encodeFragment(FIRST | LAST, 0, Uint8Array.of(1, 2)));
  t.is(s.told.at(-1), 'heard 00:00:00:00:00:40 2');
  peer.link?.receive(Uint8Array.of(0x77));
  t.deepEqual(s.ended, [1]);
  t.is(s.told.at(-1), 'misbehaved 00:00:00:00:00:40: sent a packet that is none of ours');
});

test('where we stand is said again over a link on which we said nothing for long', (t) => {
  const s = scene();
  const sent: Uint8Array[] = [];
  const peer = s.peers.add({ id: 1, handle: 1, role: 1, address: 'aa', addressType: 1, intervalMs: 15 });
  const link = s.peers.attach(peer, 100, (bytes) => sent.push(bytes));
  link.receive(
    encodeGreeting({ version: 1, window: 16, frameBytes: 1_024, token: new Uint8Array(8), proof: new Uint8Array(4) }),
  );
  const before = sent.length;
  s.pass(24_000);
  t.is(sent.length, before);
  s.pass(2_000);
  t.is(sent.length, before + 1);
  t.is(decodePacket(sent.at(-1) as Uint8Array)?.kind, PacketKind.View);
  s.pass(2_000);
  t.is(sent.length, before + 1);
});

test('a neighbour that has not greeted yet is known by its address', (t) => {
  const s = scene();
  s.peers.add({ id: 1, handle: 1, role: 1, address: 'aa', addressType: 1, intervalMs: 15 });
  t.true(s.peers.isLinked('ff'.repeat(8), 'aa'));
  t.false(s.peers.isLinked('ff'.repeat(8), 'bb'));
});
