import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import { EdgeError } from '../../core/errors.js';
import type { HeardFrame, Radio, RadioCondition } from '../../ports/radio.js';
import { radioContract } from '../../testing/contracts/radio.js';
import { handClock, realClock, silentLog } from '../../testing/radio-world.js';
import type { NetworkInterface } from './interfaces.js';
import { FIRST_RETRY_MS, MAX_BATCH, MTU_BYTES, POLL_MS } from './limits.js';
import { createUdpRadio, type UdpRadioOptions } from './udp-radio.js';

/** Below the range from which the system takes ports by itself. */
const somePort = (): number => randomInt(10_000, 30_000);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

radioContract(test, 'udp on lo', async () => {
  const options = { port: somePort(), interfaces: ['lo'], log: silentLog(), clock: realClock() };
  const [a, b, bystander] = [createUdpRadio(options), createUdpRadio(options), createUdpRadio(options)];
  const addressOf = (radio: Radio): string =>
    radio.localAddresses().find((address) => address.startsWith('127.')) as string;
  return { a, b, bystander, addressOf };
});

/** A radio whose clock and interfaces the test holds; its addresses are the loopback's. */
function radioAtHand(options: Partial<UdpRadioOptions> = {}) {
  const clock = handClock();
  const conditions: { condition: RadioCondition; reason: string | undefined }[] = [];
  const heard: (readonly HeardFrame[])[] = [];
  const state = { interfaces: [wire('wire0', 2)] as NetworkInterface[], looks: 0 };
  const port = options.port ?? somePort();
  const radio = createUdpRadio({
    port,
    log: silentLog(),
    clock,
    readInterfaces: () => {
      state.looks += 1;
      return state.interfaces;
    },
    ...options,
  });
  const events = {
    heard: (frames: readonly HeardFrame[]) => void heard.push(frames),
    linkUp: () => {},
    linkDown: () => {},
    condition: (condition: RadioCondition, reason?: string) => void conditions.push({ condition, reason }),
  };
  return { radio, clock, conditions, heard, state, port, open: () => radio.open(events) };
}

const wire = (name: string, host: number): NetworkInterface => ({
  name,
  index: host,
  loopback: false,
  addresses: [{ family: 4, address: `127.0.0.${host}`, prefixBits: 32 }],
});

/** Lets sockets work until it is so; the limit of the test ends a wait in vain. */
async function until(fulfilled: () => boolean): Promise<void> {
  while (!fulfilled()) await new Promise((resolve) => setImmediate(resolve));
}

async function stranger(port = 0, address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind({ port, address });
  await once(socket, 'listening');
  return socket;
}

test('a named interface that is absent is waited for with back-off, served when it comes, let go when it goes', async (t) => {
  const { radio, clock, conditions, state, open } = radioAtHand({ interfaces: ['wire0'] });
  const present = state.interfaces;
  state.interfaces = [wire('other0', 3)];
  await open();
  t.deepEqual(conditions.at(-1), {
    condition: 'retrying',
    reason: 'no interface wire0 that is up and has an address',
  });
  t.is(radio.send(bytesOf('x')), 'down');
  t.like(await radio.probe(), { ok: false, fix: 'ip link set wire0 up, or another name after @' });
  const before = state.looks;
  clock.advance(FIRST_RETRY_MS);
  await until(() => clock.pending === 1);
  clock.advance(2 * FIRST_RETRY_MS - 1);
  t.is(state.looks, before + 1);
  state.interfaces = present;
  clock.advance(1);
  await until(() => conditions.length === 2);
  t.is(conditions.at(-1)?.condition, 'up');
  const [address] = radio.localAddresses();
  t.regex(address ?? '', /^127\.0\.0\.2:\d+$/);
  await until(() => clock.pending === 1);
  state.interfaces = [];
  clock.advance(POLL_MS);
  await until(() => conditions.length === 3);
  t.is(conditions.at(-1)?.condition, 'retrying');
  t.deepEqual(radio.localAddresses(), []);
  await radio.close();
  t.is(clock.pending, 0);
});

test('a changed address is followed, and the own port stays', async (t) => {
  const { radio, clock, state, open } = radioAtHand();
  state.interfaces = [wire('wire0', 2), wire('wire1', 3)];
  await open();
  const ports = radio.localAddresses().map((address) => address.split(':')[1]);
  t.is(ports.length, 2);
  t.is(ports[0], ports[1]);
  for (let host = 4; host < 40; host++) {
    state.interfaces = [wire('wire0', host)];
    clock.advance(POLL_MS);
    await until(() => clock.pending === 1);
    t.deepEqual(radio.localAddresses(), [`127.0.0.${host}:${ports[0]}`]);
  }
  await radio.close();
});

test('a discovery port that another program holds is named and tried again, and unicast works meanwhile', async (t) => {
  const port = somePort();
  const holder = await stranger(port, '0.0.0.0');
  const { radio, clock, conditions, open } = radioAtHand({ port });
  t.like(await radio.probe(), {
    ok: false,
    fix: `ss -ulpn 'sport = :${port}' names it; stop it or choose another port`,
  });
  await open();
  const reason = `UDP port ${port} on 127.0.0.2 is taken by a program that does not share it`;
  t.deepEqual(conditions, [{ condition: 'retrying', reason }]);
  t.is((await radio.probe()).detail, reason);
  const other = await stranger();
  const arrival = once(other, 'message');
  t.is(radio.send(bytesOf('still here'), `127.0.0.1:${other.address().port}`), 'queued');
  t.is(String((await arrival)[0]), 'still here');
  holder.close();
  await once(holder, 'close');
  // Another test may hold the port for a moment: it is tried again as often as it takes.
  await until(() => {
    clock.advance(POLL_MS);
    return conditions.at(-1)?.condition === 'up';
  });
  other.close();
  await radio.close();
});

test('a data port that is taken is named', async (t) => {
  const holder = await stranger(0, '127.0.0.2');
  const dataPort = holder.address().port;
  const { radio, conditions, open } = radioAtHand({ dataPort });
  await open();
  t.deepEqual(conditions, [
    { condition: 'retrying', reason: `UDP port ${dataPort} on 127.0.0.2 is taken by a program` },
  ]);
  holder.close();
  await radio.close();
});

test('the own port cannot be the discovery port', (t) => {
  const error = t.throws(() => radioAtHand({ port: 4000, dataPort: 4000 }), { instanceOf: EdgeError });
  t.is(error?.code, 'radio.udp.port');
});

test('unicast to the discovery port reaches the agent there', async (t) => {
  const { radio, heard, port, open } = radioAtHand();
  await open();
  const other = await stranger();
  other.send('knock', port, '127.0.0.2');
  await until(() => heard.length > 0);
  t.is(Buffer.from(heard[0]?.[0]?.bytes ?? []).toString(), 'knock');
  t.is(heard[0]?.[0]?.from, `127.0.0.1:${other.address().port}`);
  other.close();
  await radio.close();
});

test('datagrams no frame can be are counted and go no further', async (t) => {
  const { radio, heard, port, open } = radioAtHand();
  await open();
  const other = await stranger();
  for (const size of [0, MTU_BYTES + 1, 9000, 60_000, MTU_BYTES]) other.send(Buffer.alloc(size), port, '127.0.0.2');
  await until(() => heard.length > 0);
  t.deepEqual(
    heard.flat().map(({ bytes }) => bytes.length),
    [MTU_BYTES],
  );
  t.like(radio.counters(), { framesIn: 1, bytesIn: MTU_BYTES, errors: 4 });
  other.close();
  await radio.close();
});

test('frames that arrive together are handed over together', async (t) => {
  const { radio, heard, port, open } = radioAtHand();
  await open();
  const other = await stranger();
  for (let i = 0; i < 600; i++) other.send(Buffer.from([i >> 8, i & 255]), port, '127.0.0.2');
  await until(() => radio.counters().framesIn === 600 && heard.flat().length === 600);
  t.deepEqual(
    heard.flat().map(({ bytes }) => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)),
    [...Array(600).keys()],
  );
  t.true(heard.length <= 150, `${heard.length} calls`);
  t.true(heard.every((frames) => frames.length <= MAX_BATCH));
  other.close();
  await radio.close();
});

test('errors of the network are counted, never thrown', async (t) => {
  const { radio, open } = radioAtHand();
  await open();
  // From a loopback address the system refuses to send to the world outside.
  t.is(radio.send(bytesOf('x'), '192.0.2.99:9'), 'queued');
  await until(() => radio.counters().errors === 1);
  t.is(radio.send(bytesOf('x'), '[2001:db8::1]:9'), 'down');
  t.is(radio.counters().errors, 2);
  await radio.close();
});

test('interfaces that cannot be read are trouble, not an exception', async (t) => {
  const { radio, conditions, open } = radioAtHand({
    readInterfaces: () => {
      throw new Error('EPERM');
    },
  });
  await open();
  t.deepEqual(conditions, [{ condition: 'retrying', reason: 'EPERM' }]);
  t.deepEqual(await radio.probe(), { ok: false, detail: 'EPERM' });
  t.is(radio.counters().errors, 1);
  await radio.close();
});

test('peers are given by address or name, and what cannot be reached is refused with a way out', async (t) => {
  const options = { port: somePort(), interfaces: ['lo'], log: silentLog(), clock: realClock() };
  const radio = createUdpRadio(options);
  await radio.open({ heard: () => {}, linkUp: () => {}, linkDown: () => {}, condition: () => {} });
  const resolve = (host: string, port = 4242): Promise<string> => radio.addressOf?.(host, port) as Promise<string>;
  t.is(await resolve('127.0.0.1'), '127.0.0.1:4242');
  t.is(await resolve('::ffff:127.0.0.1'), '127.0.0.1:4242');
  t.true(['127.0.0.1:4242', '[::1]:4242'].includes(await resolve('localhost')));
  for (const [host, port] of [
    ['127.0.0.1', 0],
    ['127.0.0.1', 65_536],
    ['', 1],
    ['no such host', 1],
    ['fe80::1', 1],
    ['fe80::1%eth9', 1],
    ['2001:db8::1', 1],
  ] as const) {
    const error = await t.throwsAsync(resolve(host, port), { instanceOf: EdgeError });
    t.is(error?.code, 'radio.address');
    t.truthy(error?.fix);
  }
  await radio.close();
});
