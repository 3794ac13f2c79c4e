import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import type { DatagramBatch } from '../ports/datagrams.js';
import { datagramsContract } from '../testing/contracts/datagrams.js';
import { type AddonSocket, type AddonSocketArrays, loadAddon } from './load.js';
import { nativeDatagrams } from './native-datagrams.js';

const { addon, path } = loadAddon();
const datagrams = nativeDatagrams(addon);
const Socket = addon?.UdpSocket;

if (datagrams === undefined || Socket === undefined) {
  test.skip('native datagrams (skipped: there is no addon with sockets here)', () => {});
} else {
  datagramsContract(test, 'native datagrams', datagrams);

  const arrays = (): AddonSocketArrays => ({
    slab: new Uint8Array(256 << 10),
    offsets: new Uint32Array(513),
    sources: new Uint32Array(512),
    fresh: new Uint32Array(512),
  });
  const open = (socket: AddonSocket, queueBytes = 1 << 20): AddonSocket => {
    if (socket.open(4, '127.0.0.1', 0, false, 1 << 20, queueBytes) !== 0) throw new Error('cannot open');
    return socket;
  };

  test('a burst to one destination leaves in few system calls and arrives in few', async (t) => {
    let got = 0;
    let batches = 0;
    const done = new Promise<void>((resolve) => {
      const socket = open(
        new Socket(
          arrays(),
          (count) => {
            got += count;
            batches += 1;
            if (got === 512) resolve();
          },
          () => t.fail(),
        ),
      );
      t.teardown(() => socket.close());
      const from = open(
        new Socket(
          arrays(),
          () => {},
          () => t.fail(),
        ),
      );
      t.teardown(() => from.close());
      const to = from.destination('127.0.0.1', socket.local());
      for (let i = 0; i < 512; i++) t.true(from.queue(to, new Uint8Array(100)));
      t.is(from.flush(), 0);
      t.true(from.tally.sends <= 20, `${from.tally.sends} calls`);
    });
    await done;
    t.true(batches <= 64, `${batches} batches`);
  });

  test('a queue that is full says so, and has room again when the kernel took it', (t) => {
    const from = open(
      new Socket(
        arrays(),
        () => {},
        () => {},
      ),
      4096,
    );
    t.teardown(() => from.close());
    const to = from.destination('127.0.0.1', 9);
    let queued = 0;
    while (from.queue(to, new Uint8Array(1000))) queued += 1;
    t.is(queued, 4);
    t.is(from.queuedBytes, 4000);
    t.is(from.flush(), 0);
    t.is(from.queuedBytes, 0);
    t.true(from.queue(to, new Uint8Array(1000)));
  });

  test('sockets refuse what is not as it must be', (t) => {
    const code = (run: () => unknown): string | undefined => (t.throws(run) as { code?: string }).code;
    const small = { ...arrays(), slab: new Uint8Array(10) };
    t.is(
      code(
        () =>
          new Socket(
            small,
            () => {},
            () => {},
          ),
      ),
      'hotpath.argument',
    );
    t.is(
      code(
        () =>
          new Socket(
            {} as AddonSocketArrays,
            () => {},
            () => {},
          ),
      ),
      'hotpath.argument',
    );
    t.is(
      code(() => new Socket(arrays(), undefined as never, () => {})),
      'hotpath.argument',
    );
    const closed = new Socket(
      arrays(),
      () => {},
      () => {},
    );
    t.is(
      code(() => closed.flush()),
      'socket.closed',
    );
    t.is(
      code(() => closed.open(4, '127.0.0.1', 70_000, false, 0, 4096)),
      'hotpath.argument',
    );
    t.is(
      code(() => closed.open(4, 'x'.repeat(300), 0, false, 0, 4096)),
      'hotpath.argument',
    );
    t.not(closed.open(4, 'localhost', 0, false, 0, 4096), 0);
    const socket = open(
      new Socket(
        arrays(),
        () => {},
        () => {},
      ),
    );
    t.is(
      code(() => socket.open(4, '127.0.0.1', 0, false, 0, 4096)),
      'socket.open',
    );
    t.true(socket.destination('::1', 9) < 0);
    t.is(
      code(() => socket.queue(0, new Uint8Array(1))),
      'hotpath.argument',
    );
    const to = socket.destination('127.0.0.1', 9);
    t.is(
      code(() => socket.queue(to, new Uint8Array(2049))),
      'hotpath.argument',
    );
    t.is(
      code(() => socket.queue(to + 1, new Uint8Array(1))),
      'hotpath.argument',
    );
    socket.close();
    socket.close();
    t.is(
      code(() => socket.queue(to, new Uint8Array(1))),
      'socket.closed',
    );
  });

  test('arrays that are taken away while it listens end the socket, and nothing else', async (t) => {
    const taken = arrays();
    const socket = open(
      new Socket(
        taken,
        () => t.fail(),
        () => {},
      ),
    );
    const port = socket.local();
    structuredClone(taken.slab.buffer, { transfer: [taken.slab.buffer as ArrayBuffer] });
    const from = open(
      new Socket(
        arrays(),
        () => {},
        () => {},
      ),
    );
    t.teardown(() => from.close());
    from.queue(from.destination('127.0.0.1', port), Uint8Array.of(1));
    from.flush();
    const isOpen = (): boolean => {
      try {
        return socket.flush() === 0;
      } catch (error) {
        t.is((error as { code?: string }).code, 'socket.closed');
        return false;
      }
    };
    while (isOpen()) await new Promise((resolve) => setImmediate(resolve));
  });

  test('an error thrown by a handler is an uncaught one, as of any event', async (t) => {
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads');
       const { UdpSocket } = require(workerData);
       const arrays = () => ({ slab: new Uint8Array(4096), offsets: new Uint32Array(9), sources: new Uint32Array(8), fresh: new Uint32Array(8) });
       const to = new UdpSocket(arrays(), () => { throw new Error('thrown by the handler'); }, () => {});
       const from = new UdpSocket(arrays(), () => {}, () => {});
       for (const it of [to, from]) it.open(4, '127.0.0.1', 0, false, 0, 4096);
       from.queue(from.destination('127.0.0.1', to.local()), Uint8Array.of(1));
       from.flush();`,
      { eval: true, workerData: new URL(`../../${path}`, import.meta.url).pathname },
    );
    const [error] = (await once(worker, 'error')) as [Error];
    t.is(error.message, 'thrown by the handler');
  });

  test('a worker that ends with sockets open ends cleanly', async (t) => {
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(
        `const { parentPort, workerData } = require('node:worker_threads');
         const { UdpSocket } = require(workerData);
         const arrays = { slab: new Uint8Array(4096), offsets: new Uint32Array(9), sources: new Uint32Array(8), fresh: new Uint32Array(8) };
         const socket = new UdpSocket(arrays, () => {}, () => {});
         parentPort.postMessage(socket.open(4, '127.0.0.1', 0, false, 0, 4096));
         if (${i} % 2 === 0) setInterval(() => socket.queue(socket.destination('127.0.0.1', socket.local()), new Uint8Array(100)) && socket.flush(), 1);`,
        { eval: true, workerData: new URL(`../../${path}`, import.meta.url).pathname },
      );
      t.deepEqual(await once(worker, 'message'), [0]);
      await worker.terminate();
    }
    // This environment still has its own.
    const batch = new Promise<DatagramBatch>((resolve) => {
      const options = {
        family: 4,
        host: '127.0.0.1',
        port: 0,
        share: false,
        receiveBytes: 0,
        queueBytes: 4096,
      } as const;
      void datagrams.open(options, { batch: resolve, error: () => t.fail() }).then((socket) => {
        t.teardown(() => socket.close());
        socket.send(Uint8Array.of(1), '127.0.0.1', socket.port);
      });
    });
    t.is((await batch).count, 1);
  });
}
