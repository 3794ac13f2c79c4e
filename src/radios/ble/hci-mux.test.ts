import test from 'ava';
import { handClock } from '../../testing/radio-world.js';
import { Event, LeEvent, Opcode, Role, Status } from './hci-codes.js';
import { HciMux } from './hci-mux.js';
import * as H4 from './hci-packets.js';

/** A multiplexer between two deaf stacks and a controller played by the test. */
function scene() {
  const clock = handClock();
  const sent: Uint8Array[] = [];
  const told: string[] = [];
  const heard = { central: [] as string[], peripheral: [] as string[] };
  const mux = new HciMux({
    clock,
    write: (packet) => sent.push(packet),
    events: {
      advert: (report) => told.push(`advert ${report.address}`),
      linkUp: (link) => told.push(`up ${link.handle} ${link.role}`),
      linkDown: (link, reason) => told.push(`down ${link.handle} ${reason}`),
      dialFailed: (status) => told.push(`dial failed ${status}`),
      fault: (reason) => told.push(`fault: ${reason}`),
    },
  });
  mux.central.attach((packet) => heard.central.push(packet.toString('hex')));
  mux.peripheral.attach((packet) => heard.peripheral.push(packet.toString('hex')));
  return { clock, sent, told, heard, mux };
}

type Scene = ReturnType<typeof scene>;
const hex = (packet: Uint8Array): string => Buffer.from(packet).toString('hex');
const opcodes = ({ sent }: Scene): number[] => sent.filter(([type]) => type === 1).map((packet) => H4.u16(packet, 1));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function connect({ mux }: Scene, handle: number, role: Role, status: number = Status.Success): Uint8Array {
  const address = H4.addressBytes('aa:bb:cc:dd:ee:ff');
  const parameters = Uint8Array.of(status, ...H4.le16(handle), role, 0, ...address, 12, 0, 0, 0, 200, 0, 0);
  const packet = H4.leEvent(LeEvent.ConnectionComplete, parameters);
  mux.receive(packet);
  return packet;
}

const acl = (handle: number, ...bytes: number[]): Uint8Array =>
  Uint8Array.of(2, ...H4.le16(handle), ...H4.le16(bytes.length), ...bytes);

test('a reset of a stack goes no further, nor do its global settings, and both are answered', async (t) => {
  const s = scene();
  for (const opcode of [Opcode.Reset, Opcode.SetEventMask, Opcode.LeSetScanEnable, Opcode.LeSetAdvertisingEnable])
    s.mux.central.write(H4.command(opcode));
  await turn();
  t.deepEqual(s.sent, []);
  t.deepEqual(s.heard.central[0], hex(H4.commandComplete(Opcode.Reset, 0)));
  t.is(s.heard.central.length, 4);
  t.deepEqual(s.heard.peripheral, []);
});

test('commands take turns and an answer goes to whoever asked', (t) => {
  const s = scene();
  s.mux.central.write(H4.command(Opcode.ReadRssi, H4.le16(1)));
  s.mux.peripheral.write(H4.command(Opcode.ReadRssi, H4.le16(2)));
  t.is(s.sent.length, 1);
  s.mux.receive(H4.commandComplete(Opcode.ReadRssi, 0, H4.le16(1), Uint8Array.of(200)));
  t.is(s.sent.length, 2);
  s.mux.receive(H4.commandComplete(Opcode.ReadRssi, 0, H4.le16(2), Uint8Array.of(100)));
  t.is(s.heard.central.length, 1);
  t.is(s.heard.peripheral.length, 1);
});

test('a lost answer is asked for again, a second one is a fault', (t) => {
  const s = scene();
  s.mux.central.write(H4.command(Opcode.ReadRssi, H4.le16(1)));
  s.clock.advance(2_000);
  t.deepEqual(opcodes(s), [Opcode.ReadRssi, Opcode.ReadRssi]);
  t.is(s.mux.resent, 1);
  s.clock.advance(2_000);
  t.deepEqual(s.told, ['fault: the controller does not answer command 0x1405']);
});

test('more commands than the queue takes are answered as refused', async (t) => {
  const s = scene();
  for (let i = 0; i < 200; i++) s.mux.central.write(H4.command(Opcode.ReadRssi, H4.le16(i)));
  await turn();
  t.is(s.sent.length, 1);
  t.is(s.mux.counters.overflows, 200 - 64 - 1);
  t.is(s.heard.central[0], hex(H4.commandComplete(Opcode.ReadRssi, Status.MemoryExceeded)));
});

test('links and their data belong to the stack of their role', (t) => {
  const s = scene();
  const out = connect(s, 0x41, Role.Central);
  const into = connect(s, 0x42, Role.Peripheral);
  s.mux.receive(acl(0x41, 1));
  s.mux.receive(acl(0x42, 2));
  s.mux.receive(acl(0x43, 3));
  t.deepEqual(s.heard.central, [hex(out), hex(acl(0x41, 1))]);
  t.deepEqual(s.heard.peripheral, [hex(into), hex(acl(0x42, 2))]);
  t.is(s.mux.counters.strayAcl, 1);
  s.mux.central.write(acl(0x42, 9));
  t.deepEqual(s.sent, []);
  t.is(s.mux.counters.strayAcl, 2);
});

test('completed packets are told apart, and never more freed than were sent', (t) => {
  const s = scene();
  s.mux.setBuffers(251, 2);
  connect(s, 0x41, Role.Central);
  connect(s, 0x42, Role.Peripheral);
  for (let i = 0; i < 5; i++) s.mux.central.write(acl(0x41, i));
  s.mux.peripheral.write(acl(0x42, 9));
  t.is(s.sent.length, 2, 'one buffer for each link');
  s.mux.receive(H4.event(Event.CompletedPackets, Uint8Array.of(1, ...H4.le16(0x41), ...H4.le16(60_000))));
  t.is(s.sent.length, 3);
});

test('a link whose packets pile up is ended', (t) => {
  const s = scene();
  s.mux.setBuffers(251, 1);
  connect(s, 0x41, Role.Central);
  for (let i = 0; i < 600; i++) s.mux.central.write(acl(0x41, i & 255));
  t.true(opcodes(s).includes(Opcode.Disconnect));
});

test('a failed connection is told with the address that was dialled, though the controller left it out', (t) => {
  const s = scene();
  const dialled = Uint8Array.of(1, ...H4.addressBytes('11:22:33:44:55:66'));
  s.mux.ownAddressType = 1;
  s.mux.central.write(
    H4.command(Opcode.LeCreateConnection, Uint8Array.of(96, 0, 48, 0, 0, ...dialled, 0, ...new Uint8Array(12))),
  );
  t.is((s.sent[0] as Uint8Array)[16], 1, 'from our random address');
  s.mux.receive(H4.commandStatus(Opcode.LeCreateConnection, 0));
  const empty = Uint8Array.of(Status.UnknownConnection, ...new Uint8Array(17));
  s.mux.receive(H4.leEvent(LeEvent.ConnectionComplete, empty));
  t.deepEqual(s.told, ['dial failed 2']);
  t.true(s.heard.central.at(-1)?.includes('01665544332211'));
});

test('a stack that throws at a packet costs its sender the link and nothing else', (t) => {
  const s = scene();
  s.mux.peripheral.attach((packet) => {
    if (packet[0] === 2) throw new RangeError('out of bounds');
  });
  connect(s, 0x42, Role.Peripheral);
  t.notThrows(() => s.mux.receive(acl(0x42, 1)));
  t.is(s.mux.counters.hostFaults, 1);
  t.deepEqual(opcodes(s), [Opcode.Disconnect]);
});

test('a hardware error is a fault, and short events are counted and survived', (t) => {
  const s = scene();
  s.mux.receive(H4.event(Event.HardwareError, Uint8Array.of(3)));
  t.deepEqual(s.told, ['fault: the controller reports a hardware error (0x3)']);
  connect(s, 0x41, Role.Central);
  for (let code = 0; code < 256; code++) {
    for (const length of [0, 1, 2, 5, 9])
      t.notThrows(() => s.mux.receive(H4.event(code, new Uint8Array(length).fill(1))));
  }
  for (let sub = 0; sub < 32; sub++)
    for (const length of [0, 1, 10, 18])
      t.notThrows(() => s.mux.receive(H4.leEvent(sub, new Uint8Array(length).fill(255))));
  t.true(s.mux.counters.malformed > 0);
});

test('links that a controller invents are bounded', (t) => {
  const s = scene();
  for (let handle = 1; handle <= 100; handle++) connect(s, handle, Role.Peripheral);
  t.true(opcodes(s).includes(Opcode.Disconnect));
  t.is(s.told.filter((text) => text.startsWith('up')).length, 32);
});

test('once closed it neither hears nor says anything', (t) => {
  const s = scene();
  s.mux.close();
  s.mux.central.write(H4.command(Opcode.ReadRssi, H4.le16(1)));
  connect(s, 0x41, Role.Central);
  t.deepEqual([s.sent, s.told, s.heard.central], [[], [], []]);
});
