import { isMainThread } from 'node:worker_threads';
import test from 'ava';
import { utf8 } from '../../core/bytes.js';
import type { HeardFrame, RadioCondition, RadioProbe } from '../../ports/radio.js';
import { FakePort } from '../../testing/fake-port.js';
import { handClock, seededRandom, silentLog } from '../../testing/radio-world.js';
import { encodeFrame } from './cobs.js';
import { Deframer } from './deframer.js';
import { MAX_ABSENT_RETRY_MS, MAX_RETRY_MS, PRESENCE_MS } from './limits.js';
import { BodyType, Role, readAir, writeAir, writeGreeting } from './messages.js';
import { createSerialRadio, type SerialRadioOptions } from './serial-radio.js';
import { SerialSession } from './session.js';
import { Silence } from './standing.js';

const turn = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
};

/** A radio whose time and port the test holds. `next` says what opening gives. */
function radioAtHand(options: Partial<SerialRadioOptions> = {}) {
  const clock = handClock();
  const conditions: { condition: RadioCondition; reason: string | undefined }[] = [];
  const links: string[] = [];
  const heard: HeardFrame[] = [];
  const opens: number[] = [];
  const state: { next: FakePort | string } = { next: new FakePort() };
  const radio = createSerialRadio({
    path: '/dev/ttyFAKE',
    log: silentLog(),
    clock,
    random: seededRandom(1),
    holderOf: async () => undefined,
    openPort: async () => {
      opens.push(clock.now());
      if (typeof state.next === 'string') throw new Error(state.next);
      return state.next;
    },
    ...options,
  });
  const run = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await turn();
    }
  };
  const open = () =>
    radio.open({
      heard: (frames) => void heard.push(...frames),
      linkUp: (address, mtu) => void links.push(`up ${address} ${mtu}`),
      linkDown: (address, reason) => void links.push(`down ${address} ${reason}`),
      condition: (condition, reason) => void conditions.push({ condition, reason }),
    });
  return { radio, clock, conditions, links, heard, opens, state, run, open };
}

/** Speaks the line's protocol at the other end of a fake port. */
function otherEnd(port: FakePort, clock: { now(): number }, role: Role) {
  const session = new SerialSession({
    role,
    mtuBytes: 256,
    windowBytes: 2_048,
    bytesPerSecond: 11_520,
    random: seededRandom(99),
    ...(role === Role.Dongle && { airBitsPerSecond: 5_000 }),
  });
  const deframer = new Deframer(600);
  const heard: Uint8Array[] = [];
  const say = (body: Uint8Array): void => queueMicrotask(() => port.receive(encodeFrame(body)));
  const step = (input: Parameters<SerialSession['step']>[0]): void => {
    for (const effect of session.step(input, clock.now())) {
      if (effect.kind === 'send') say(effect.body);
      else if (effect.kind === 'heard') heard.push(effect.frame);
    }
  };
  port.wrote = (bytes) => deframer.push(bytes, (body) => step({ kind: 'received', body }));
  step({ kind: 'opened' });
  return { session, heard, send: (frame: Uint8Array) => say(session.wrap(frame, clock.now()) as Uint8Array) };
}

test('an absent device is looked for twice a second, a refused one ever more rarely', async (t) => {
  const { state, open, opens, run, radio, conditions } = radioAtHand();
  state.next = 'Error: No such file or directory, cannot open /dev/ttyFAKE';
  await open();
  await run(10_000);
  const gaps = opens.slice(1).map((at, i) => at - (opens[i] as number));
  t.true((gaps[0] as number) <= 110 && gaps.every((gap) => gap <= MAX_ABSENT_RETRY_MS + 10));
  state.next = 'Error: Permission denied, cannot open /dev/ttyFAKE';
  const before = opens.length;
  await run(20_000);
  const later = opens.slice(before).map((at, i) => at - (opens[before + i - 1] as number));
  t.true(
    later.some((gap) => gap <= 110),
    'the first retry after the reason changed comes soon',
  );
  t.true((later.at(-1) as number) > MAX_RETRY_MS - 20);
  t.deepEqual(
    conditions.map(({ reason }) => reason),
    ['no device /dev/ttyFAKE', 'no permission for /dev/ttyFAKE'],
  );
  await radio.close();
});

test('each trouble has a reason and a way out, and the radio comes up when it is gone', async (t) => {
  for (const [said, reason] of [
    ['Error Resource temporarily unavailable Cannot lock port', /in use by/],
    ['Error: Device or resource busy, cannot open /dev/ttyFAKE', /in use by/],
    ['Error: Input/output error setting custom baud rate of 9600', /no hardware behind it/],
    ['Error: Inappropriate ioctl for device setting custom baud rate of 9600', /no serial port/],
    ['Error: Invalid argument || while setting custom baud rate of 7', /does not take this speed/],
    ['Error: No such device or address, cannot open /dev/ttyFAKE', /no device/],
    ['Error: Connection timed out, cannot open /dev/ttyFAKE', /does not open/],
    ['something nobody has seen yet', /something nobody has seen yet/],
  ] as const) {
    const { state, open, radio, conditions, run } = radioAtHand();
    const port = state.next;
    state.next = said;
    await open();
    t.regex(conditions[0]?.reason ?? '', reason, said);
    const probe = await radio.probe();
    t.true(!probe.ok && (probe.fix ?? '').length > 5);
    state.next = port;
    await run(200);
    t.is(conditions.at(-1)?.condition, 'up');
    await radio.close();
  }
});

test('a port that goes in the middle of everything takes its link down first, once', async (t) => {
  const { state, open, radio, conditions, links, run, clock } = radioAtHand();
  const port = state.next as FakePort;
  await open();
  otherEnd(port, clock, Role.Agent);
  await run(300);
  t.deepEqual(links, ['up peer 256']);
  t.is(radio.send(new Uint8Array(257), 'peer'), 'down');
  t.is(radio.send(new Uint8Array(256), 'peer'), 'queued');
  port.lose('EIO: i/o error, write');
  port.lose('bad file descriptor');
  t.deepEqual(links.slice(1), ['down peer /dev/ttyFAKE was unplugged or has no hardware behind it']);
  t.is(conditions.at(-1)?.condition, 'retrying');
  t.is(radio.send(new Uint8Array(1), 'peer'), 'down');
  state.next = new FakePort();
  otherEnd(state.next, clock, Role.Agent);
  await run(1_000);
  t.is(links.at(-1), 'up peer 256');
  await radio.close();
  t.is(clock.pending, 0, 'no timer is left behind');
});

const elsewhere = isMainThread ? test.skip : test;
elsewhere(
  `in a worker thread the driver is refused, which would end the process${isMainThread ? ' (skipped: needs a worker thread)' : ''}`,
  async (t) => {
    const conditions: (string | undefined)[] = [];
    const radio = createSerialRadio({
      path: '/dev/ttyFAKE',
      log: silentLog(),
      clock: handClock(),
      random: seededRandom(1),
    });
    await radio.open({
      heard: () => {},
      linkUp: () => {},
      linkDown: () => {},
      condition: (_condition, reason) => void conditions.push(reason),
    });
    t.deepEqual(conditions, ['serial ports can be opened only on the main thread of a process']);
    t.regex((await radio.probe()).fix ?? '', /main thread/);
    await radio.close();
  },
);

test('a device whose file is gone is closed though its driver says nothing', async (t) => {
  const { state, open, radio, conditions, links, run, clock } = radioAtHand();
  const port = state.next as FakePort;
  await open();
  otherEnd(port, clock, Role.Agent);
  await run(300);
  port.isPresent = false;
  state.next = 'Error: No such file or directory, cannot open /dev/ttyFAKE';
  await run(PRESENCE_MS + 300);
  t.true(port.closed);
  t.is(links.length, 2);
  t.is(conditions.at(-1)?.reason, 'no device /dev/ttyFAKE');
  await radio.close();
});

test('a port that takes no bytes fills a bounded queue, and closing does not wait for it', async (t) => {
  const { state, open, radio, run, clock } = radioAtHand();
  const port = state.next as FakePort;
  await open();
  otherEnd(port, clock, Role.Agent);
  await run(300);
  port.stuck = true;
  let queued = 0;
  while (radio.send(Uint8Array.of(queued & 255, queued >> 8, ...new Uint8Array(98)), 'peer') === 'queued') queued++;
  t.true(queued > 5 && queued < 300);
  await radio.close();
  t.true(port.closed);
});

test('an agent that answers where a dongle was is a link of a line, on a radio that is up', async (t) => {
  const { state, open, radio, conditions, links, run, clock } = radioAtHand();
  const port = state.next as FakePort;
  await open();
  otherEnd(port, clock, Role.Dongle);
  await run(300);
  t.true(radio.traits.broadcast);
  port.wrote = () => {};
  await run(6_000);
  t.is(conditions.at(-1)?.reason, 'the dongle does not answer');
  otherEnd(port, clock, Role.Agent);
  await run(3_000);
  t.is(conditions.at(-1)?.condition, 'up');
  t.like(radio.traits, { broadcast: false, connected: true, bitsPerSecond: 92_160 });
  t.deepEqual(links, ['up peer 256']);
  await radio.close();
});

test('the duty cycle that is set holds for the line, for a shared air and for the air of a dongle', async (t) => {
  t.is(radioAtHand().radio.traits.dutyCycle, 1);
  const module = radioAtHand({ baud: 9_600, airBitsPerSecond: 2_400, dutyCycle: 0.01 }).radio;
  t.is(module.traits.dutyCycle, 0.01);
  t.is(
    module.name,
    'serial:/dev/ttyFAKE@9600+air:2400',
    'what it has sent is remembered under its name, whatever is allowed',
  );
  const { state, radio, clock, run, open } = radioAtHand({ dutyCycle: 0.1 });
  const port = state.next as FakePort;
  await open();
  t.false(radio.traits.broadcast);
  t.is(radio.traits.dutyCycle, 0.1);
  otherEnd(port, clock, Role.Dongle);
  await run(500);
  t.true(radio.traits.broadcast);
  t.is(radio.traits.dutyCycle, 0.1);
});

test('a dongle gives the radio the traits and the many neighbours of its air', async (t) => {
  const { state, open, radio, conditions, links, heard, run, clock } = radioAtHand();
  const port = state.next as FakePort;
  t.false(radio.traits.broadcast);
  await open();
  const dongle = otherEnd(port, clock, Role.Dongle);
  await run(300);
  t.deepEqual(
    conditions.map(({ condition }) => condition),
    ['up', 'retrying', 'up'],
  );
  t.like(radio.traits, { broadcast: true, overhears: true, connected: false, bitsPerSecond: 5_000, mtuBytes: 256 - 9 });
  t.is(radio.send(Uint8Array.of(1, 2, 3)), 'queued');
  t.is(radio.send(Uint8Array.of(4), '0000beef'), 'queued');
  t.is(radio.send(new Uint8Array(248), '0000beef'), 'down');
  await run(300);
  const packets = dongle.heard.map((body) => readAir(body));
  t.like(packets[0], { to: 0xffffffff, frame: Uint8Array.of(1, 2, 3) });
  t.like(packets[1], { to: 0xbeef, frame: Uint8Array.of(4) });
  const me = packets[0]?.from as number;
  for (const [from, to] of [
    [7, me],
    [8, 0xffffffff],
    [9, 10],
    [me, 0xffffffff],
  ] as const)
    dongle.send(writeAir({ from, to, frame: Uint8Array.of(from & 255) }));
  await run(100);
  t.deepEqual(
    heard.map(({ from, overheard = false }) => [from, overheard]),
    [
      ['00000007', false],
      ['00000008', false],
      ['00000009', true],
    ],
  );
  t.deepEqual(links, []);
  port.lose('unplugged');
  t.false(radio.traits.broadcast);
  await radio.close();
});

/** What a radio says of its line while what it hears is made by the test. */
async function standingWith(
  hear: (port: FakePort) => void,
  options: Partial<SerialRadioOptions> = {},
): Promise<RadioProbe | undefined> {
  const { state, open, radio, run, conditions } = radioAtHand(options);
  const port = state.next as FakePort;
  await open();
  hear(port);
  await run(3_000);
  const { standing } = radio;
  await radio.close();
  return conditions[0]?.condition === 'up' ? standing : undefined;
}

const greeting = (nonce: number): Uint8Array =>
  encodeFrame(
    writeGreeting(BodyType.Hello, {
      role: Role.Agent,
      mtuBytes: 256,
      windowBytes: 2_048,
      nonce,
      heard: 0,
      airBitsPerSecond: 0,
    }),
  );

test('a port that is open without a link says why, and what mends it', async (t) => {
  const packet = encodeFrame(writeAir({ from: 7, to: 0xffffffff, frame: Uint8Array.of(1) }));
  const air = { baud: 9_600, airBitsPerSecond: 2_400 };
  const echo = (port: FakePort): void => {
    port.wrote = (bytes) => queueMicrotask(() => port.receive(bytes));
  };
  const login = (port: FakePort): void => port.receive(utf8('\r\nraspberrypi login: '.repeat(8)));
  const cases = [
    [await standingWith(() => {}), Silence.NoAnswer, /TX to RX/],
    [await standingWith(echo), Silence.Echo, /TX of each end goes to RX/],
    [await standingWith(login), Silence.Stranger, /serial-getty/],
    [await standingWith((port) => port.receive(packet)), Silence.AirThere, /at both ends, or at neither/],
    [await standingWith(() => {}, air), Silence.NobodyHeard, /transparent mode/],
    [await standingWith((port) => port.receive(greeting(5)), air), Silence.AirHere, /at both ends, or at neither/],
    [await standingWith(login, air), Silence.Stranger, /serial-getty/],
  ] as const;
  for (const [standing, detail, fix] of cases) {
    t.like(standing, { ok: false, detail });
    t.regex(standing?.fix ?? '', fix, detail);
  }
});

test('a link, or somebody in earshot, stands well; a port that cannot be had has its trouble and fix', async (t) => {
  const { state, open, radio, run, clock } = radioAtHand();
  t.is(radio.standing, undefined);
  await open();
  otherEnd(state.next as FakePort, clock, Role.Agent);
  await run(500);
  t.deepEqual(radio.standing, { ok: true, detail: 'an agent answers' });
  (state.next as FakePort).lose('bad file descriptor');
  t.like(radio.standing, { ok: false, fix: 'plug it in again' });
  await radio.close();
  const packet = encodeFrame(writeAir({ from: 7, to: 0xffffffff, frame: Uint8Array.of(1) }));
  t.deepEqual(await standingWith((port) => port.receive(packet), { baud: 9_600, airBitsPerSecond: 2_400 }), {
    ok: true,
    detail: '1 in earshot',
  });
});
