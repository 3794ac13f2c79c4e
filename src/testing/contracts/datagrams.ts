import type { ExecutionContext, TestFn } from 'ava';
import { DATAGRAM_BYTES, type DatagramOptions, type DatagramSocket, type Datagrams } from '../../ports/datagrams.js';
import { seededRandom } from '../radio-world.js';

interface Heard {
  readonly bytes: Uint8Array;
  readonly host: string;
  readonly address: string;
}

const OPTIONS: DatagramOptions = {
  family: 4,
  host: '127.0.0.1',
  port: 0,
  share: false,
  receiveBytes: 1 << 20,
  queueBytes: 1 << 20,
};

/** A socket that keeps what it hears. */
class Ear {
  readonly heard: Heard[] = [];
  readonly errors: Error[] = [];
  socket!: DatagramSocket;
  #wanted = Number.POSITIVE_INFINITY;
  #reached: () => void = () => {};

  static async open(t: ExecutionContext, datagrams: Datagrams, options: Partial<DatagramOptions> = {}): Promise<Ear> {
    const ear = new Ear();
    ear.socket = await datagrams.open(
      { ...OPTIONS, ...options },
      {
        batch: ({ slab, offsets, count, sources, hosts, addresses }) => {
          for (let i = 0; i < count; i++) {
            const source = sources[i] as number;
            const bytes = slab.slice(offsets[i], offsets[i + 1]);
            ear.heard.push({ bytes, host: hosts[source] as string, address: addresses[source] as string });
          }
          // Whoever keeps a view into the batch is to see that it is not his.
          slab.fill(0xaa);
          if (ear.heard.length >= ear.#wanted) ear.#reached();
        },
        error: (error) => void ear.errors.push(error),
      },
    );
    t.teardown(() => ear.socket.close());
    return ear;
  }

  async until(count: number): Promise<readonly Heard[]> {
    if (this.heard.length < count) {
      await new Promise<void>((resolve) => {
        this.#wanted = count;
        this.#reached = resolve;
      });
    }
    return this.heard;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const codeOf = (error: unknown): string => (error as { code?: string }).code ?? '';

/** What every implementation of the `Datagrams` port must do. On loopback. */
export function datagramsContract(test: TestFn, name: string, datagrams: Datagrams): void {
  test(`${name}: datagrams of every size arrive whole, in order, and with where they come from`, async (t) => {
    const [from, to] = [await Ear.open(t, datagrams), await Ear.open(t, datagrams)];
    const random = seededRandom(1);
    const sizes = [1, DATAGRAM_BYTES, ...Array.from({ length: 100 }, () => 1 + random.below(DATAGRAM_BYTES))];
    const sent = sizes.map((size) => random.bytes(size));
    for (const bytes of sent) t.is(from.socket.send(bytes, '127.0.0.1', to.socket.port), 'queued');
    const heard = await to.until(sent.length);
    t.deepEqual(
      heard.map(({ bytes }) => bytes),
      sent,
    );
    t.true(heard.every(({ address }) => address === `127.0.0.1:${from.socket.port}`));
    t.true(heard.every(({ host }) => host === '127.0.0.1'));
  });

  test(`${name}: a burst of equal ones, and one shorter at its end, stays apart`, async (t) => {
    const [from, to] = [await Ear.open(t, datagrams), await Ear.open(t, datagrams)];
    const sent = Array.from({ length: 300 }, (_, i) => new Uint8Array(i === 299 ? 7 : 200).fill(i));
    for (const bytes of sent) from.socket.send(bytes, '127.0.0.1', to.socket.port);
    t.deepEqual(
      (await to.until(300)).map(({ bytes }) => bytes),
      sent,
    );
  });

  test(`${name}: what goes to several does not mix`, async (t) => {
    const from = await Ear.open(t, datagrams);
    const ears = [await Ear.open(t, datagrams), await Ear.open(t, datagrams), await Ear.open(t, datagrams)];
    for (let i = 0; i < 150; i++) {
      const ear = ears[i % 3] as Ear;
      from.socket.send(Uint8Array.of(i, i % 3), '127.0.0.1', ear.socket.port);
    }
    for (const [index, ear] of ears.entries()) {
      const heard = await ear.until(50);
      t.true(heard.every(({ bytes }, i) => bytes[0] === i * 3 + index && bytes[1] === index));
    }
  });

  test(`${name}: the sender may write to its buffer at once`, async (t) => {
    const [from, to] = [await Ear.open(t, datagrams), await Ear.open(t, datagrams)];
    const buffer = Uint8Array.of(1, 2, 3);
    from.socket.send(buffer, '127.0.0.1', to.socket.port);
    buffer.fill(9);
    t.deepEqual((await to.until(1))[0]?.bytes, Uint8Array.of(1, 2, 3));
  });

  test(`${name}: an empty datagram is one too, and one too long arrives cut`, async (t) => {
    const [from, to] = [await Ear.open(t, datagrams), await Ear.open(t, datagrams)];
    const { createSocket } = await import('node:dgram');
    const plain = createSocket('udp4');
    t.teardown(() => plain.close());
    plain.send(new Uint8Array(DATAGRAM_BYTES + 900), to.socket.port, '127.0.0.1');
    await to.until(1);
    from.socket.send(new Uint8Array(0), '127.0.0.1', to.socket.port);
    t.deepEqual(
      (await to.until(2)).map(({ bytes }) => bytes.length),
      [DATAGRAM_BYTES, 0],
    );
  });

  test(`${name}: IPv6 sources are told apart from IPv4`, async (t) => {
    const six = { family: 6, host: '::1' } as const;
    const [from, to] = [await Ear.open(t, datagrams, six), await Ear.open(t, datagrams, six)];
    from.socket.send(Uint8Array.of(1), '::1', to.socket.port);
    const [first] = await to.until(1);
    t.like(first, { host: '::1', address: `[::1]:${from.socket.port}` });
  });

  test(`${name}: multicast reaches all who joined on the interface`, async (t) => {
    const group = '239.255.70.9';
    const one = await Ear.open(t, datagrams, { host: group, share: true });
    const other = await Ear.open(t, datagrams, { host: group, share: true, port: one.socket.port });
    for (const { socket } of [one, other]) socket.join(group, '127.0.0.1');
    const from = await Ear.open(t, datagrams);
    from.socket.multicastVia('127.0.0.1');
    from.socket.send(Uint8Array.of(5), group, one.socket.port);
    for (const ear of [one, other]) t.is((await ear.until(1))[0]?.address, `127.0.0.1:${from.socket.port}`);
  });

  test(`${name}: a port that is taken is refused, unless both share it`, async (t) => {
    const one = await Ear.open(t, datagrams);
    const refused = await t.throwsAsync(Ear.open(t, datagrams, { port: one.socket.port }));
    t.is(codeOf(refused), 'EADDRINUSE');
    const shared = await Ear.open(t, datagrams, { share: true });
    await t.notThrowsAsync(Ear.open(t, datagrams, { share: true, port: shared.socket.port }));
  });

  test(`${name}: what the system refuses has its code`, async (t) => {
    t.is(codeOf(await t.throwsAsync(Ear.open(t, datagrams, { host: '192.0.2.1' }))), 'EADDRNOTAVAIL');
    const { socket } = await Ear.open(t, datagrams);
    t.is(codeOf(t.throws(() => socket.join('239.255.70.9', '192.0.2.1'), { any: true })), 'ENODEV');
    t.not(codeOf(t.throws(() => socket.multicastVia('192.0.2.1'), { any: true })), '');
  });

  test(`${name}: a datagram that cannot be sent is an error said, and the next one goes`, async (t) => {
    const [from, to] = [await Ear.open(t, datagrams), await Ear.open(t, datagrams)];
    // Broadcast without leave.
    from.socket.send(Uint8Array.of(1), '255.255.255.255', 9);
    from.socket.send(Uint8Array.of(2), '127.0.0.1', to.socket.port);
    t.deepEqual((await to.until(1))[0]?.bytes, Uint8Array.of(2));
    t.is(from.errors.length, 1);
    t.regex(codeOf(from.errors[0]), /^E[A-Z]+$/);
  });

  test(`${name}: what was sent before closing goes out, and nothing comes after it`, async (t) => {
    const [from, to] = [await Ear.open(t, datagrams), await Ear.open(t, datagrams)];
    for (let i = 0; i < 20; i++) from.socket.send(Uint8Array.of(i), '127.0.0.1', to.socket.port);
    await from.socket.close();
    t.is((await to.until(20)).length, 20);
    await to.socket.close();
    const late = await Ear.open(t, datagrams);
    late.socket.send(Uint8Array.of(1), '127.0.0.1', to.socket.port);
    for (let i = 0; i < 5; i++) await turn();
    t.is(to.heard.length, 20);
    await t.notThrowsAsync(to.socket.close());
  });

  test(`${name}: a handler may close its own socket`, async (t) => {
    const from = await Ear.open(t, datagrams);
    let batches = 0;
    const socket = await new Promise<DatagramSocket>((resolve) => {
      const opened = datagrams.open(OPTIONS, {
        batch: () => {
          batches += 1;
          void opened.then((it) => it.close()).then(async () => resolve(await opened));
        },
        error: () => {},
      });
      void opened.then(({ port }) => from.socket.send(Uint8Array.of(1), '127.0.0.1', port));
    });
    from.socket.send(Uint8Array.of(2), '127.0.0.1', socket.port);
    for (let i = 0; i < 5; i++) await turn();
    t.is(batches, 1);
  });
}
