import test from 'ava';
import { EdgeError } from '../core/errors.js';
import { turns } from '../testing/fake-mesh.js';
import { silentLog } from '../testing/radio-world.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import type { Agent } from './agent.js';
import { Lifecycle, type LifecycleParts } from './lifecycle.js';

const agent = { nodeId: '00', status: () => ({ startedAt: 1 }) } as unknown as Agent;

/** Parts that write down what is done with them; `during` may make one fail or wait. */
function world(during: Readonly<Record<string, () => Promise<void> | void>> = {}) {
  const did: string[] = [];
  const clock = new SteppedClock();
  const step = (name: string) => async (): Promise<void> => {
    did.push(name);
    await during[name]?.();
  };
  const parts = {
    log: silentLog(),
    runner: { clock, start: step('radios open'), stop: step('radios close') },
    store: { close: step('store close') },
    dataDir: {
      publish: () => {
        did.push('publish');
        void during['publish']?.();
      },
      close: () => did.push('data close'),
    },
    openFace: async () => {
      await step('face open')();
      return { url: 'http://127.0.0.1:1', close: step('face close') };
    },
    begin: step('begin'),
    leave: () => did.push('leave'),
    end: () => did.push('end'),
  };
  const lifecycle = new Lifecycle(parts as unknown as LifecycleParts);
  /** Stops it, and lets the goodbye pass. */
  const stop = async (): Promise<void> => {
    const stopped = lifecycle.stop();
    await turns(20);
    clock.advance(1_000);
    await stopped;
  };
  return { lifecycle, did, clock, stop };
}

const OPENED = ['face open', 'radios open', 'begin', 'publish'];
const CLOSED = ['end', 'radios close', 'store close', 'data close'];

test('an agent starts and stops in order, each once, with a goodbye', async (t) => {
  const { lifecycle, did, stop } = world();
  t.is(lifecycle.url(), undefined);
  await lifecycle.start(agent);
  t.deepEqual(did, OPENED);
  t.is(lifecycle.url(), 'http://127.0.0.1:1');
  await Promise.all([stop(), stop()]);
  await stop();
  t.deepEqual(did, [...OPENED, 'leave', 'face close', ...CLOSED]);
  await t.throwsAsync(lifecycle.start(agent));
});

test('one that was never started closes what was opened for it', async (t) => {
  const { did, stop } = world();
  await stop();
  t.deepEqual(did, CLOSED);
});

for (const failing of OPENED) {
  test(`a start that fails at "${failing}" closes everything and says why`, async (t) => {
    const { lifecycle, did } = world({
      [failing]: () => {
        throw new Error('no way');
      },
    });
    await t.throwsAsync(lifecycle.start(agent), { message: 'no way' });
    const face = failing === 'face open' ? [] : ['face close'];
    t.deepEqual(did, [...OPENED.slice(0, OPENED.indexOf(failing) + 1), ...face, ...CLOSED]);
  });
}

for (const waiting of OPENED.slice(0, 3)) {
  test(`a stop during "${waiting}" waits for it, closes what it opened, and nothing more is opened`, async (t) => {
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { lifecycle, did } = world({ [waiting]: () => held });
    const started = lifecycle.start(agent);
    const failed = t.throwsAsync(started, { instanceOf: EdgeError, code: 'agent.stopped' });
    await turns();
    const stopped = lifecycle.stop();
    await turns();
    t.is(did.at(-1), waiting);
    goOn();
    await stopped;
    await failed;
    t.deepEqual(did, [...OPENED.slice(0, OPENED.indexOf(waiting) + 1), 'face close', ...CLOSED]);
  });
}

test('a part that does not close keeps no other from closing', async (t) => {
  const { lifecycle, did, stop } = world({
    'face close': () => {
      throw new Error('stuck');
    },
    'store close': () => Promise.reject(new Error('stuck too')),
  });
  await lifecycle.start(agent);
  await stop();
  t.deepEqual(did.slice(-5), ['face close', ...CLOSED]);
});
