import test, { type ExecutionContext } from 'ava';
import type { RadioTraits } from '../ports/radio.js';
import {
  at,
  carrierWith,
  headerWith,
  nodeNamed,
  sequences,
  type TestContext,
  testContext,
  upLink,
} from '../testing/builders.js';
import { Body, decode } from '../wire/bodies.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Offset, readHeader } from '../wire/header.js';
import { Egress } from './egress.js';
import { type Link, Links } from './links.js';

/** How the line between the two really is; the engine knows the traits alone. */
interface Wire {
  readonly traits: Partial<RadioTraits>;
  readonly bitsPerSecond: number;
  /** Frames arrive at multiples of this, as with a connection interval. */
  readonly grainMs?: number;
  readonly delayMs?: number;
  /** Bytes a radio takes beyond what it sends; it answers `full` to more. */
  readonly roomBytes?: number;
  /** Every so many frames is lost. */
  readonly loseEvery?: number;
}

interface End {
  readonly context: TestContext;
  readonly egress: Egress;
  readonly link: Link;
  readonly heard: Map<number, number>;
  freeAt: number;
  sent: number;
}

/** Two egresses in virtual time, joined by a wire of a given speed in each direction. */
class Pair {
  readonly ends: readonly [End, End];
  readonly #wire: Wire;
  #mail: { readonly at: number; readonly to: End; readonly frame: Uint8Array }[] = [];
  #sequence = 0;
  refusals = 0;
  now = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
    this.ends = [this.#end(2), this.#end(1)];
  }

  #end(peer: number): End {
    const context = testContext();
    const egress = new Egress(context, {
      nextSequence: sequences(),
      undelivered: () => {},
      divert: () => false,
      suspect: () => {},
    });
    const traits = { broadcast: false, connected: true, ...this.#wire.traits };
    const link = upLink(new Links(), nodeNamed(peer), carrierWith(traits));
    egress.open(link);
    return { context, egress, link, heard: new Map(), freeAt: 0, sent: 0 };
  }

  /** Sends a message from one end; its number. */
  say(from: 0 | 1, priority: Priority, bytes: number): number {
    const { egress, link } = this.ends[from];
    const sequence = ++this.#sequence;
    egress.sendMessage(
      link,
      { header: headerWith({ sequence, priority }), payload: new Uint8Array(bytes) },
      at(this.now),
    );
    this.#carry();
    return sequence;
  }

  run(ms: number): void {
    for (const until = this.now + ms; ; ) {
      const next = Math.min(
        ...this.ends.map(({ egress }) => egress.nextDeadline() ?? Infinity),
        ...this.#mail.map((mail) => mail.at),
      );
      if (next > until) {
        this.now = until;
        return;
      }
      // As on a device: never woken twice within a millisecond.
      this.now = Math.max(this.now + (next <= this.now ? 1 : 0), next);
      const due = this.#mail.filter((mail) => mail.at <= this.now);
      this.#mail = this.#mail.filter((mail) => mail.at > this.now);
      for (const { to, frame } of due) this.#arrive(to, frame);
      for (const { egress } of this.ends) egress.tick(at(this.now));
      this.#carry();
    }
  }

  get retransmitted(): number {
    return this.ends[0].context.counters.hop.retransmitted + this.ends[1].context.counters.hop.retransmitted;
  }

  #arrive(to: End, frame: Uint8Array): void {
    if (frame[Offset.Type] === FrameType.HopAck) {
      const ack = decode(Body.HopAckSchema, payloadOf(frame));
      to.egress.acknowledged(to.link, ack?.tokens ?? [], at(this.now));
      return;
    }
    to.egress.acknowledge(to.link, frame, at(this.now));
    const { sequence } = readHeader(frame);
    if (!to.heard.has(sequence)) to.heard.set(sequence, this.now);
  }

  #carry(): void {
    for (const [index, end] of this.ends.entries()) {
      for (const frame of end.context.transmitted()) this.#transmit(end, this.ends[1 - index] as End, frame);
    }
  }

  #transmit(from: End, to: End, frame: Uint8Array): void {
    const { bitsPerSecond, grainMs = 0, delayMs = 0, roomBytes = Infinity, loseEvery = 0 } = this.#wire;
    const starts = Math.max(this.now, from.freeAt);
    if (((starts - this.now) * bitsPerSecond) / 8_000 + frame.length > roomBytes) {
      this.refusals++;
      from.egress.refused(from.link.carrier, from.link, frame, at(this.now));
      return;
    }
    from.freeAt = starts + (frame.length * 8_000) / bitsPerSecond;
    from.sent++;
    if (loseEvery > 0 && from.sent % loseEvery === 0) return;
    const arrives = from.freeAt + delayMs;
    this.#mail.push({ at: grainMs > 0 ? Math.ceil(arrives / grainMs) * grainMs : arrives, to, frame });
  }
}

const MESSAGES = 200;
const MESSAGE_BYTES = 200;

/** A bulk of messages with an alert in the middle of it; how long the alert took. */
function bulkWithAlert(t: ExecutionContext, pair: Pair, frameMs: number): number {
  const bulk = Array.from({ length: MESSAGES }, () => pair.say(0, Priority.Low, MESSAGE_BYTES));
  pair.run(40 * frameMs);
  const alertAt = pair.now;
  const alert = pair.say(0, Priority.Critical, 60);
  pair.run(400 * frameMs + 10_000);
  for (const sequence of [...bulk, alert]) t.true(pair.ends[1].heard.has(sequence), `message ${sequence}`);
  t.is(pair.ends[0].context.counters.hop.failed, 0);
  return (pair.ends[1].heard.get(alert) as number) - alertAt;
}

const frameMsAt = (bitsPerSecond: number): number => ((MESSAGE_BYTES + 28) * 8_000) / bitsPerSecond;

const CARRIERS: Readonly<Record<string, Wire>> = {
  'a line of 1,200 baud': { traits: { bitsPerSecond: 960, mtuBytes: 256 }, bitsPerSecond: 960 },
  'a line of 9,600 baud': { traits: { bitsPerSecond: 7_680, mtuBytes: 256 }, bitsPerSecond: 7_680 },
  'a line of 115,200 baud': { traits: { bitsPerSecond: 92_160, mtuBytes: 512 }, bitsPerSecond: 92_160 },
  'BLE, 7 kB/s in steps of 30 ms': {
    traits: { bitsPerSecond: 56_000, mtuBytes: 1_024, reliable: true },
    bitsPerSecond: 56_000,
    grainMs: 30,
  },
  'BLE that says 25 kB/s and does 7': {
    traits: { bitsPerSecond: 200_000, mtuBytes: 1_024, reliable: true },
    bitsPerSecond: 56_000,
    grainMs: 30,
  },
};

for (const [name, wire] of Object.entries(CARRIERS)) {
  test(`${name}: a bulk and an alert arrive without one frame sent in vain, the alert within a few frames`, (t) => {
    const pair = new Pair(wire);
    const frameMs = frameMsAt(wire.bitsPerSecond);
    const alertMs = bulkWithAlert(t, pair, frameMs);
    t.is(pair.retransmitted, 0);
    // The one that is being sent, a moment ahead, itself, and the steps in which frames arrive.
    const most =
      2 * frameMs + 30 + 2 * (wire.grainMs ?? 0) + (wire.traits.bitsPerSecond === wire.bitsPerSecond ? 0 : 4 * frameMs);
    t.true(alertMs <= most, `${alertMs} ms of ${most}`);
    t.log(`${Math.round(alertMs)} ms, a frame takes ${Math.round(frameMs)}`);
  });

  test(`${name}: both directions busy, and still nothing is sent in vain`, (t) => {
    const pair = new Pair(wire);
    const frameMs = frameMsAt(wire.bitsPerSecond);
    const said = ([0, 1] as const).flatMap((end) =>
      Array.from({ length: 60 }, () => [1 - end, pair.say(end, Priority.Low, MESSAGE_BYTES)] as const),
    );
    pair.run(150 * frameMs + 5_000);
    for (const [end, sequence] of said) t.true(pair.ends[end]?.heard.has(sequence), `message ${sequence}`);
    t.is(pair.retransmitted, 0);
  });
}

test('a line is kept busy while there is something to send', (t) => {
  for (const wire of Object.values(CARRIERS)) {
    const pair = new Pair(wire);
    const bulk = Array.from({ length: 100 }, () => pair.say(0, Priority.Low, MESSAGE_BYTES));
    const frameMs = frameMsAt(wire.bitsPerSecond);
    pair.run(1_000 * frameMs);
    const lastAt = Math.max(...bulk.map((sequence) => pair.ends[1].heard.get(sequence) ?? Infinity));
    t.true(lastAt <= 1.15 * 100 * frameMs + 200, `${lastAt / (100 * frameMs)} times as long as it takes`);
  }
});

test('on a fast wire nothing is paced: a bulk goes within a few round trips', (t) => {
  const pair = new Pair({ traits: { bitsPerSecond: 1e8, connected: false }, bitsPerSecond: 1e8, delayMs: 1 });
  const alertMs = bulkWithAlert(t, pair, 0.2);
  t.is(pair.retransmitted, 0);
  t.true(alertMs < 20, `${alertMs} ms`);
  t.true(Math.max(...pair.ends[1].heard.values()) < 100);
});

test('a radio that is full gets its frames later, each once, in the order of their urgency', (t) => {
  for (const reliable of [true, false]) {
    const wire = { traits: { bitsPerSecond: 1e6, mtuBytes: 512, reliable }, bitsPerSecond: 100_000, roomBytes: 1_000 };
    const pair = new Pair(wire);
    const alertMs = bulkWithAlert(t, pair, frameMsAt(wire.bitsPerSecond));
    t.true(pair.refusals > 0);
    t.is(pair.ends[0].context.counters.hop.refused + pair.ends[1].context.counters.hop.refused, pair.refusals);
    t.is(pair.retransmitted, 0);
    t.is(pair.ends[0].sent, MESSAGES + 1);
    t.true(alertMs < 500, `${alertMs} ms`);
  }
});

test('acknowledgements that found no room are given later', (t) => {
  const wire = { traits: { bitsPerSecond: 50_000_000 }, bitsPerSecond: 50_000_000, delayMs: 1 };
  const pair = new Pair(wire);
  const [one, two] = pair.ends;
  pair.say(0, Priority.Medium, 100);
  pair.run(4);
  two.egress.tick(at(100));
  const [ack] = two.context.transmitted();
  t.is(ack?.[Offset.Type], FrameType.HopAck);
  two.egress.refused(two.link.carrier, two.link, ack as Uint8Array, at(100));
  pair.now = 100;
  pair.run(40);
  t.is(one.egress.queued().inFlight, 0);
  t.is(pair.retransmitted, 0);
});

test('a slow line that loses frames delivers all, and sends about as many again as it lost', (t) => {
  const pair = new Pair({ ...(CARRIERS['a line of 9,600 baud'] as Wire), loseEvery: 10 });
  bulkWithAlert(t, pair, frameMsAt(7_680));
  const lost = Math.floor(pair.ends[0].sent / 10) + Math.floor(pair.ends[1].sent / 10);
  t.true(pair.retransmitted <= lost * 1.3, `${pair.retransmitted} again for ${lost} lost`);
});

test('links that share a slow radio take turns, and an alert over one passes the bulk of the others', (t) => {
  const context = testContext();
  const egress = new Egress(context, {
    nextSequence: sequences(),
    undelivered: () => {},
    divert: () => false,
    suspect: () => {},
  });
  const links = new Links();
  const carrier = carrierWith({ bitsPerSecond: 2_400, mtuBytes: 256 });
  const [a, b] = [upLink(links, nodeNamed(2), carrier), upLink(links, nodeNamed(3), carrier)];
  for (const link of [a, b]) egress.open(link);
  let sequence = 0;
  const say = (link: Link, priority: Priority, payload = new Uint8Array(100)): boolean =>
    egress.sendMessage(link, { header: headerWith({ sequence: ++sequence, priority }), payload }, at(0));
  for (let i = 0; i < 6; i++) say(a, Priority.Low);
  for (let i = 0; i < 6; i++) say(b, Priority.Low);
  say(b, Priority.Critical);
  const order: string[] = [];
  for (let i = 0; i < 4; i++) {
    egress.tick(at(egress.nextDeadline() as number));
    for (const effect of context.effects.splice(0))
      if (effect.kind === 'transmit')
        order.push(`${effect.to === a.address ? 'a' : 'b'}${readHeader(effect.frame).priority}`);
  }
  t.is(order[0], 'a3', 'it was on its way');
  t.is(order[1], 'b0');
  t.deepEqual(new Set(order.slice(2, 4)), new Set(['a3', 'b3']));
});
