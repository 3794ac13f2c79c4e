import test from 'ava';
import { seededRandom } from '../../testing/radio-world.js';
import { MAX_CALL_MS } from './limits.js';
import { BodyType, ByeReason, Role, readBody, writeBye, writeData, writeGreeting, writeOffset } from './messages.js';
import { SerialSession, type SessionEffect, type SessionInput } from './session.js';
import { Silence } from './standing.js';

interface End {
  readonly session: SerialSession;
  readonly heard: Uint8Array[];
  readonly links: string[];
  readonly counted: string[];
  /** Bytes on the way to the other end, at most. */
  peakBytes: number;
}

interface WireOptions {
  readonly seed?: number;
  readonly loss?: number;
  readonly delayMs?: number;
  readonly windowBytes?: number;
  readonly mtuBytes?: readonly [number, number];
  readonly roleOfB?: Role;
}

/** Two sessions at the ends of a wire that keeps order, takes time and loses frames. */
class Wire {
  readonly ends: readonly [End, End];
  readonly #random;
  readonly #delayMs: number;
  readonly #flights: { at: number; to: 0 | 1; body: Uint8Array }[] = [];
  readonly #inFlight: [number, number] = [0, 0];
  loss: number;
  now = 1_000;

  constructor(options: WireOptions = {}) {
    const {
      seed = 1,
      loss = 0,
      delayMs = 5,
      windowBytes = 1_024,
      mtuBytes = [256, 256],
      roleOfB = Role.Agent,
    } = options;
    this.#random = seededRandom(seed);
    this.#delayMs = delayMs;
    this.loss = loss;
    const end = (index: 0 | 1): End => ({
      session: new SerialSession({
        role: index === 1 ? roleOfB : Role.Agent,
        mtuBytes: mtuBytes[index],
        windowBytes,
        bytesPerSecond: 11_520,
        random: this.#random.fork(`end ${index}`),
        ...(index === 1 && roleOfB === Role.Dongle && { airBitsPerSecond: 5_000 }),
      }),
      heard: [],
      links: [],
      counted: [],
      peakBytes: 0,
    });
    this.ends = [end(0), end(1)];
  }

  step(which: 0 | 1, input: SessionInput): void {
    const end = this.ends[which];
    for (const effect of end.session.step(input, this.now)) {
      if (effect.kind === 'send') this.put(which, effect.body);
      else if (effect.kind === 'heard') end.heard.push(effect.frame);
      else if (effect.kind === 'up') end.links.push(`up ${effect.mtuBytes}`);
      else if (effect.kind === 'down') end.links.push(`down: ${effect.reason}`);
      else end.counted.push(effect.what);
    }
  }

  put(from: 0 | 1, body: Uint8Array): void {
    if (this.#random.chance(this.loss)) return;
    this.#flights.push({ at: this.now + this.#delayMs, to: from === 0 ? 1 : 0, body });
    if (body[0] !== BodyType.Data) return;
    this.#inFlight[from] += body.length - 3;
    this.ends[from].peakBytes = Math.max(this.ends[from].peakBytes, this.#inFlight[from]);
  }

  /** Sends as many of the frames as there is room for now; answers how many. */
  send(from: 0 | 1, frames: readonly Uint8Array[]): number {
    let sent = 0;
    for (const frame of frames) {
      const body = this.ends[from].session.wrap(frame, this.now);
      if (body === undefined) break;
      this.put(from, body);
      sent++;
    }
    return sent;
  }

  open(): void {
    this.step(0, { kind: 'opened' });
    this.step(1, { kind: 'opened' });
  }

  run(ms: number, each: () => void = () => {}): void {
    const until = this.now + ms;
    for (;;) {
      const next = Math.min(
        this.#flights[0]?.at ?? Number.POSITIVE_INFINITY,
        ...this.ends.map(({ session }) => session.nextDeadline() ?? Number.POSITIVE_INFINITY),
      );
      if (next > until) break;
      this.now = Math.max(this.now + 0.01, next);
      this.#arrive();
      for (const which of [0, 1] as const) {
        if ((this.ends[which].session.nextDeadline() ?? Number.POSITIVE_INFINITY) <= this.now)
          this.step(which, { kind: 'tick' });
      }
      each();
    }
    this.now = until;
  }

  #arrive(): void {
    while ((this.#flights[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) {
      const { to, body } = this.#flights.shift() as { to: 0 | 1; body: Uint8Array };
      if (body[0] === BodyType.Data) this.#inFlight[to === 0 ? 1 : 0] -= body.length - 3;
      this.step(to, { kind: 'received', body });
    }
  }
}

const frames = (count: number, bytes = 100): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => new Uint8Array(bytes).fill(i & 255));

const linked = (wire: Wire): boolean => wire.ends.every(({ session }) => session.up);

test('both ends come up once each knows that the other hears it, with the smaller of their frame lengths', (t) => {
  const wire = new Wire({ mtuBytes: [512, 256] });
  wire.step(0, { kind: 'opened' });
  wire.run(50);
  t.false(wire.ends[0].session.up);
  t.is(wire.ends[0].session.note, Silence.NoAnswer);
  wire.step(1, { kind: 'opened' });
  wire.run(100);
  t.deepEqual([wire.ends[0].links, wire.ends[1].links], [['up 256'], ['up 256']]);
  t.is(wire.ends[0].session.note, undefined);
});

test('an end that comes late is answered at once, however rarely it was called by then', (t) => {
  const wire = new Wire();
  wire.step(0, { kind: 'opened' });
  wire.run(60_000);
  const before = wire.now;
  wire.step(1, { kind: 'opened' });
  while (!linked(wire)) wire.run(5);
  t.true(wire.now - before < 100);
});

test('a port that never answers is called ever more rarely, and for good', (t) => {
  const wire = new Wire({ loss: 1 });
  wire.step(0, { kind: 'opened' });
  const calls: number[] = [];
  let last = wire.ends[0].session.nextDeadline();
  wire.run(120_000, () => {
    const next = wire.ends[0].session.nextDeadline();
    if (next !== last) calls.push((next as number) - wire.now);
    last = next;
  });
  t.true((calls[0] as number) < 200);
  const late = calls.slice(-10);
  t.true(late.every((ms) => ms >= MAX_CALL_MS * 0.7 && ms <= MAX_CALL_MS * 1.3));
  t.true(wire.ends[0].counted.length === 0 && wire.ends[0].links.length === 0);
});

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`ends find each other over a wire that loses three frames of ten (seed ${seed})`, (t) => {
    const wire = new Wire({ seed, loss: 0.3 });
    wire.open();
    wire.run(20_000);
    t.true(linked(wire));
    t.true(wire.ends.every(({ links }) => links.filter((line) => line.startsWith('up')).length <= 3));
  });
}

test('frames arrive in order, and never more bytes are under way than the other side holds', (t) => {
  const wire = new Wire({ windowBytes: 512, delayMs: 20 });
  wire.open();
  wire.run(200);
  const all = frames(200);
  let sent = 0;
  const pump = (): void => {
    sent += wire.send(0, all.slice(sent));
  };
  pump();
  t.is(sent, 5);
  wire.run(20_000, pump);
  t.is(sent, 200);
  t.deepEqual(wire.ends[1].heard, all);
  t.true(wire.ends[0].peakBytes <= 512);
  t.deepEqual(wire.ends[1].counted, []);
});

for (const seed of [1, 2, 3, 4, 5]) {
  test(`flow does not stop for good on a wire that loses one frame of five (seed ${seed})`, (t) => {
    const wire = new Wire({ seed, windowBytes: 512, delayMs: 10 });
    wire.open();
    wire.run(200);
    wire.loss = 0.2;
    const all = frames(500);
    let sent = 0;
    wire.run(120_000, () => {
      sent += wire.send(0, all.slice(sent));
      if (sent < all.length) sent += wire.send(0, all.slice(sent));
    });
    sent += wire.send(0, all.slice(sent));
    wire.run(60_000, () => {
      sent += wire.send(0, all.slice(sent));
    });
    t.is(sent, 500);
    t.true(wire.ends[1].heard.length > 300);
    t.true(wire.ends[0].peakBytes <= 512);
  });
}

test('an idle link stays up and says little', (t) => {
  const wire = new Wire();
  wire.open();
  wire.run(600_000);
  t.deepEqual([wire.ends[0].links, wire.ends[1].links], [['up 256'], ['up 256']]);
});

test('an end that falls silent is given up within four seconds and found again at once', (t) => {
  const wire = new Wire();
  wire.open();
  wire.run(5_000);
  wire.loss = 1;
  wire.run(4_000);
  for (const end of wire.ends) t.regex(end.links.at(-1) ?? '', /^down: silent for [34]\.\d s$/);
  wire.loss = 0;
  wire.run(MAX_CALL_MS * 1.3);
  t.true(linked(wire));
});

test('an end that restarted brings the link down and up at the other', (t) => {
  const wire = new Wire();
  wire.open();
  wire.run(500);
  wire.step(1, { kind: 'opened' });
  wire.run(500);
  t.deepEqual(wire.ends[0].links, ['up 256', 'down: the other side began afresh', 'up 256']);
});

test('a link that was dropped goes down on both sides, rests, and comes back', (t) => {
  const wire = new Wire();
  wire.open();
  wire.run(500);
  wire.step(0, { kind: 'drop' });
  wire.run(900);
  t.deepEqual(wire.ends[0].links, ['up 256', 'down: dropped']);
  t.deepEqual(wire.ends[1].links, ['up 256', 'down: the other side dropped the link']);
  wire.run(2_000);
  t.true(linked(wire));
  wire.step(0, { kind: 'drop' });
  wire.run(1_800);
  t.false(linked(wire), 'the second rest is longer');
  wire.run(2_500);
  t.true(linked(wire));
});

test('an end that closes says so, and is silent for ever', (t) => {
  const wire = new Wire();
  wire.open();
  wire.run(500);
  wire.step(1, { kind: 'close' });
  wire.run(60_000);
  t.deepEqual(wire.ends[0].links, ['up 256', 'down: the other side closed']);
  t.is(wire.ends[1].session.nextDeadline(), undefined);
  t.is(wire.ends[1].session.wrap(new Uint8Array(1), wire.now), undefined);
});

test('an end that hears only itself never links, and says why', (t) => {
  const wire = new Wire();
  for (const { body } of wire.ends[0].session
    .step({ kind: 'opened' }, wire.now)
    .filter((effect) => effect.kind === 'send')) {
    wire.step(0, { kind: 'received', body });
  }
  t.false(wire.ends[0].session.up);
  t.is(wire.ends[0].session.note, Silence.Echo);
  t.deepEqual(wire.ends[0].counted, ['hello.echo']);
});

test('a dongle is told from an agent, with the speed of its air', (t) => {
  const session = new Wire({ roleOfB: Role.Dongle });
  session.open();
  const ups: unknown[] = [];
  const { session: a } = session.ends[0];
  const original = a.step.bind(a);
  a.step = (input, now) => {
    const effects = original(input, now);
    ups.push(...effects.filter(({ kind }) => kind === 'up'));
    return effects;
  };
  session.run(200);
  t.deepEqual(ups, [{ kind: 'up', role: Role.Dongle, mtuBytes: 256, airBitsPerSecond: 5_000 }]);
});

test('many that answer on one line are noticed', (t) => {
  const wire = new Wire();
  wire.step(0, { kind: 'opened' });
  for (let nonce = 1; nonce < 20; nonce++) {
    const greeting = { role: Role.Agent, mtuBytes: 256, windowBytes: 512, nonce, heard: 0, airBitsPerSecond: 0 };
    wire.now += 50;
    wire.step(0, { kind: 'received', body: writeGreeting(BodyType.Hello, greeting) });
  }
  t.is(wire.ends[0].session.note, Silence.Crowd);
});

test('one who begins afresh with every greeting gets few links out of it', (t) => {
  const wire = new Wire();
  const [{ session, links }] = wire.ends;
  let heard = 0;
  const note = (effects: readonly SessionEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'up') links.push('up');
      const body = effect.kind === 'send' ? readBody(effect.body) : undefined;
      if (body !== undefined && 'greeting' in body) heard = body.greeting.nonce;
    }
  };
  note(session.step({ kind: 'opened' }, wire.now));
  const rest = { role: Role.Agent, mtuBytes: 256, windowBytes: 512, airBitsPerSecond: 0 };
  for (let nonce = 1; nonce <= 6_000; nonce++) {
    wire.now += 10;
    if ((session.nextDeadline() ?? Number.POSITIVE_INFINITY) <= wire.now)
      note(session.step({ kind: 'tick' }, wire.now));
    const body = writeGreeting(BodyType.Hello, { ...rest, nonce, heard });
    note(session.step({ kind: 'received', body }, wire.now));
  }
  t.true(links.length > 1 && links.length < 60, `${links.length} links in a minute`);
  t.is(session.note ?? Silence.Crowd, Silence.Crowd);
});

for (const lie of ['no credit', 'credit that gives nothing']) {
  test(`an end that talks but gives ${lie} loses its link`, (t) => {
    const wire = new Wire();
    wire.open();
    wire.run(500);
    const [{ session, links }] = wire.ends;
    wire.send(0, frames(20));
    const from = wire.now;
    while (session.up && wire.now - from < 60_000) {
      wire.now += 100;
      if (lie !== 'no credit') wire.step(0, { kind: 'received', body: writeOffset(BodyType.Credit, 0) });
      wire.step(0, { kind: 'received', body: writeData(((wire.now - from) / 100) % 65_536, Uint8Array.of(1)) });
      wire.step(0, { kind: 'tick' });
    }
    t.true(wire.now - from > 5_000 && wire.now - from < 20_000, `${wire.now - from} ms`);
    t.is(links.at(-1), 'down: the other side takes nothing any more');
  });
}

test('hostile bodies are counted and change nothing', (t) => {
  const wire = new Wire();
  wire.open();
  wire.run(500);
  const random = seededRandom(7);
  for (let i = 0; i < 5_000; i++) {
    const body = random.bytes(random.below(40));
    // Those with the right form are no garbage: they may well end the link.
    if (readBody(body) !== undefined && body[0] !== BodyType.Credit) continue;
    wire.step(0, { kind: 'received', body });
  }
  t.true(linked(wire));
  t.deepEqual(wire.ends[0].heard, []);
  t.true(wire.ends[0].counted.length > 4_000);
  wire.step(0, { kind: 'received', body: writeBye(ByeReason.Closing) });
  t.false(wire.ends[0].session.up);
});
