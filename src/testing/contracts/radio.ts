import type { ExecutionContext, TestFn } from 'ava';
import type { HeardFrame, LinkAddress, Radio, RadioCondition, RadioEvents } from '../../ports/radio.js';

export interface RadioPair {
  readonly a: Radio;
  readonly b: Radio;
  /** A third one in earshot of both, where the carrier can have one. */
  readonly bystander?: Radio;
  /** How another radio of the pair names this one in `send`. Asked after `open`. */
  addressOf(radio: Radio): LinkAddress;
  /** Lets simulated time pass, so that all on its way arrives; absent where time passes by itself. */
  settle?(): void;
}

export type MakePair = () => Promise<RadioPair>;

/** Remembers what a radio told, and lets a test wait for it. */
class Ear implements RadioEvents {
  readonly frames: HeardFrame[] = [];
  readonly links: string[] = [];
  readonly conditions: RadioCondition[] = [];
  #wake: () => void = () => {};

  heard(frames: readonly HeardFrame[]): void {
    this.frames.push(...frames);
    this.#wake();
  }

  linkUp(address: LinkAddress): void {
    this.links.push(`up ${address}`);
    this.#wake();
  }

  linkDown(address: LinkAddress): void {
    this.links.push(`down ${address}`);
    this.#wake();
  }

  condition(condition: RadioCondition): void {
    this.conditions.push(condition);
    this.#wake();
  }

  texts(): string[] {
    return this.frames.map(({ bytes }) => Buffer.from(bytes).toString());
  }

  /** Only the test's own limit ends a wait in vain. */
  async until(fulfilled: () => boolean): Promise<void> {
    while (!fulfilled()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface Scene {
  readonly pair: RadioPair;
  readonly a: Ear;
  readonly b: Ear;
  readonly bystander: Ear;
}

const frame = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What every implementation of the `Radio` port must do. `makePair` gives two closed radios in earshot of each other. */
export function radioContract(test: TestFn, name: string, makePair: MakePair): void {
  const check = (title: string, body: (t: ExecutionContext, scene: Scene) => Promise<void>): void =>
    test(`${name}: ${title}`, async (t) => {
      t.timeout(20_000);
      const scene = { pair: await makePair(), a: new Ear(), b: new Ear(), bystander: new Ear() };
      const { a, b, bystander } = scene.pair;
      try {
        await a.open(scene.a);
        await b.open(scene.b);
        await bystander?.open(scene.bystander);
        scene.pair.settle?.();
        if (a.traits.connected) await scene.a.until(() => scene.a.links.length > 0);
        if (b.traits.connected) await scene.b.until(() => scene.b.links.length > 0);
        await body(t, scene);
      } finally {
        await Promise.all([a.close(), b.close(), bystander?.close()]);
      }
    });
  checkReach(check);
  checkFrames(check);
  checkLife(check);
}

type Check = (title: string, body: (t: ExecutionContext, scene: Scene) => Promise<void>) => void;

/** Sends from b to a and waits: whatever was to reach a before has arrived then. */
async function roundTrip({ pair, a }: Scene): Promise<void> {
  pair.b.send(frame('last'), pair.addressOf(pair.a));
  pair.settle?.();
  await a.until(() => a.texts().includes('last'));
}

async function arrived(scene: Scene, ear: Ear, text: string): Promise<void> {
  scene.pair.settle?.();
  await ear.until(() => ear.texts().includes(text));
}

function checkReach(check: Check): void {
  check('a frame without address reaches the other and not oneself', async (t, scene) => {
    const { a, b } = scene.pair;
    if (!a.traits.broadcast) {
      t.is(a.send(frame('hello all')), a.traits.shoutBytes === undefined ? 'down' : 'queued');
      return;
    }
    t.is(a.send(frame('hello all')), 'queued');
    await arrived(scene, scene.b, 'hello all');
    await roundTrip(scene);
    t.deepEqual(scene.a.texts(), ['last']);
    t.is(scene.b.frames[0]?.from, scene.pair.addressOf(a));
    t.is(b.counters().framesIn, scene.b.frames.length);
  });

  check('a frame to one reaches only that one', async (t, scene) => {
    const { a, b, bystander } = scene.pair;
    t.is(a.send(frame('for b'), scene.pair.addressOf(b)), 'queued');
    await arrived(scene, scene.b, 'for b');
    if (bystander !== undefined) {
      t.is(a.send(frame('for bystander'), scene.pair.addressOf(bystander)), 'queued');
      await arrived(scene, scene.bystander, 'for bystander');
      t.deepEqual(scene.bystander.texts(), ['for bystander']);
    }
    await roundTrip(scene);
    t.deepEqual(scene.a.texts(), ['last']);
    t.deepEqual(scene.b.texts(), ['for b']);
  });

  check('an answer to the address a frame came from arrives', async (t, scene) => {
    scene.pair.a.send(frame('question'), scene.pair.addressOf(scene.pair.b));
    await arrived(scene, scene.b, 'question');
    const from = scene.b.frames[0]?.from as LinkAddress;
    t.is(scene.pair.b.send(frame('answer'), from), 'queued');
    await arrived(scene, scene.a, 'answer');
    t.true(from.length <= 128);
  });
}

function checkFrames(check: Check): void {
  check('frames of every size arrive byte for byte, in order', async (t, scene) => {
    const { a, b } = scene.pair;
    const to = scene.pair.addressOf(b);
    const sizes = [1, 2, 63, 64, 255, 256, 511, a.traits.mtuBytes].filter((size) => size <= a.traits.mtuBytes);
    const sent = sizes.map((size, i) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + i) & 255));
    for (const bytes of sent) {
      t.is(a.send(bytes, to), 'queued');
      scene.pair.settle?.();
      await scene.b.until(() => scene.b.frames.length === sent.indexOf(bytes) + 1);
    }
    t.true(
      scene.b.frames.every(({ bytes }) => bytes.constructor === Uint8Array),
      'a Buffer: its slice() would share memory',
    );
    t.deepEqual(
      scene.b.frames.map(({ bytes }) => [...bytes]),
      sent.map((bytes) => [...bytes]),
    );
  });

  check('a sent buffer may be written to, and a heard one too', async (t, scene) => {
    const { a, b, bystander } = scene.pair;
    const buffer = frame('as it was');
    a.send(buffer, a.traits.broadcast ? undefined : scene.pair.addressOf(b));
    buffer.fill(0);
    await arrived(scene, scene.b, 'as it was');
    scene.b.frames[0]?.bytes.fill(1);
    t.not(scene.b.texts()[0], 'as it was');
    if (bystander === undefined || !a.traits.broadcast) return;
    await arrived(scene, scene.bystander, 'as it was');
    t.deepEqual(scene.bystander.texts(), ['as it was']);
  });

  check('too long, empty and unaddressable frames are refused and counted', async (t, scene) => {
    const { a, b } = scene.pair;
    const to = scene.pair.addressOf(b);
    t.is(a.send(new Uint8Array(a.traits.mtuBytes + 1), to), 'down');
    t.is(a.send(new Uint8Array(a.traits.mtuBytes + 1)), 'down');
    t.is(a.send(new Uint8Array(0), to), 'down');
    t.true(a.counters().errors >= 3);
    t.is(a.counters().framesOut, 0);
    for (const nonsense of ['', 'x', '[::1]', '999.1.1.1:1', '[fe80::1%nowhere]:1', 'a'.repeat(4000)]) {
      t.notThrows(() => a.send(frame('lost'), nonsense));
      t.notThrows(() => a.drop(nonsense));
    }
    await roundTrip(scene);
    t.deepEqual(scene.b.texts(), []);
  });

  check('garbage of any size does no harm', async (t, scene) => {
    const { a, b } = scene.pair;
    for (let size = 0; size <= a.traits.mtuBytes * 2; size += 61) {
      const bytes = Uint8Array.from({ length: size }, (_, at) => (at * size * 7) & 255);
      t.notThrows(() => a.send(bytes, scene.pair.addressOf(b)));
      scene.pair.settle?.();
    }
    a.send(frame('still here'), scene.pair.addressOf(b));
    await arrived(scene, scene.b, 'still here');
    t.true(scene.b.frames.every(({ bytes }) => bytes.length <= b.traits.mtuBytes));
  });

  check('what one counts as sent the other counts as heard', async (t, scene) => {
    const { a, b } = scene.pair;
    const to = scene.pair.addressOf(b);
    for (let i = 1; i <= 20; i++) a.send(new Uint8Array(i), to);
    scene.pair.settle?.();
    await scene.b.until(() => scene.b.frames.length === 20);
    t.like(a.counters(), { framesOut: 20, bytesOut: 210, framesIn: 0, bytesIn: 0, errors: 0 });
    t.like(b.counters(), { framesIn: 20, bytesIn: 210, framesOut: 0, bytesOut: 0, errors: 0 });
  });
}

function checkLife(check: Check): void {
  check('an open radio says that it is up, and a closed one that it is down', async (t, scene) => {
    const { a } = scene.pair;
    t.deepEqual(scene.a.conditions, ['up']);
    t.true((await a.probe()).ok);
    t.true(a.localAddresses().length > 0);
    await a.close();
    t.deepEqual(scene.a.conditions, ['up', 'down']);
    await a.close();
    t.deepEqual(scene.a.conditions, ['up', 'down']);
  });

  check('after close nothing is sent and nothing arrives', async (t, scene) => {
    const { a, b, bystander } = scene.pair;
    const toA = scene.pair.addressOf(a);
    const toB = scene.pair.addressOf(b);
    b.send(frame('on its way'), toA);
    await a.close();
    const heard = scene.a.frames.length;
    t.is(a.send(frame('too late'), toB), 'down');
    t.is(a.send(frame('too late')), 'down');
    b.send(frame('nobody there'), toA);
    if (bystander !== undefined) {
      b.send(frame('marker'), scene.pair.addressOf(bystander));
      await arrived(scene, scene.bystander, 'marker');
    } else scene.pair.settle?.();
    t.is(scene.a.frames.length, heard);
    t.deepEqual(scene.b.texts(), []);
    t.notThrows(() => a.drop(toB));
  });

  check('a radio lives once', async (t, scene) => {
    await t.throwsAsync(scene.pair.a.open(scene.a), { name: 'EdgeError' });
    await scene.pair.a.close();
    await t.throwsAsync(scene.pair.a.open(scene.a), { name: 'EdgeError' });
  });

  check('a link that is dropped goes down on both sides, where radios make links', async (t, scene) => {
    const { a, b } = scene.pair;
    a.drop(scene.pair.addressOf(b));
    scene.pair.settle?.();
    if (!a.traits.connected) {
      t.is(a.send(frame('all the same'), scene.pair.addressOf(b)), 'queued');
      await arrived(scene, scene.b, 'all the same');
      return;
    }
    await scene.a.until(() => scene.a.links.includes(`down ${scene.pair.addressOf(b)}`));
    await scene.b.until(() => scene.b.links.includes(`down ${scene.pair.addressOf(a)}`));
    t.is(a.send(frame('no link'), scene.pair.addressOf(b)), 'down');
  });
}
