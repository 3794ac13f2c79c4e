import test from 'ava';
import { concat, fromHex } from '../core/bytes.js';
import { Limit } from '../core/limits.js';
import { at, headerWith, nodeNamed, type TestContext, testContext } from '../testing/builders.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Delivery, type DirectedMessage, messageIdFor } from './delivery.js';

const PEER = nodeNamed(7);

interface Setup {
  readonly context: TestContext;
  readonly delivery: Delivery;
  readonly attempts: { readonly attempt: number; readonly payload: Uint8Array; readonly at: number }[];
  readonly acks: Uint8Array[];
  readonly parked: { readonly id: string; readonly at: number }[];
  readonly late: string[];
  readonly reach: { open: boolean };
  readonly asks: { readonly body: Uint8Array; readonly attempt: number; readonly at: number }[];
  readonly parts: { readonly attempt: number; readonly bounds: readonly number[] }[];
  readonly reports: Uint8Array[];
}

function setup(roundTripMs = 0): Setup {
  const context = testContext();
  const attempts: Setup['attempts'] = [];
  const acks: Uint8Array[] = [];
  const parked: Setup['parked'] = [];
  const late: string[] = [];
  const reach = { open: true };
  const [asks, parts, reports]: [Setup['asks'], Setup['parts'], Uint8Array[]] = [[], [], []];
  const delivery = new Delivery(context, {
    attempt: ({ sequence }, payload, attempt, now) => {
      attempts.push({ attempt, payload, at: now.mono });
      return sequence + attempt - 1;
    },
    ask: (_message, body, attempt, now) => void asks.push({ body, attempt, at: now.mono }),
    sendParts: (_message, _payload, attempt, bounds) => void parts.push({ attempt, bounds }),
    sendMissing: (_to, body) => void reports.push(body),
    missing: (id, total) => (id.endsWith('00000050') ? [10, 20] : [0, total]),
    sendAck: (_to, body) => void acks.push(body),
    roundTripMs: () => roundTripMs,
    isReachable: () => reach.open,
    parked: ({ id }, now) => void parked.push({ id, at: now.mono }),
    late: (id) => void late.push(id),
    settled: ({ id }, outcome, code) =>
      context.emit({ kind: 'outcome', id, outcome, ...(code !== undefined && { code }) }),
  });
  return { context, delivery, attempts, acks, parked, late, reach, asks, parts, reports };
}

const message = (sequence = 0x01020304, more: Partial<DirectedMessage> = {}): DirectedMessage => ({
  id: messageIdFor(nodeNamed(1), 0xabcd, sequence),
  sequence,
  to: PEER,
  type: FrameType.Message,
  body: Uint8Array.of(9, 9),
  priority: Priority.Medium,
  timeoutMs: 30_000,
  ...more,
});

const ack = (of: DirectedMessage, refusal = ''): Uint8Array =>
  encode(Body.AckSchema, { message: fromHex(of.id) as Uint8Array, refusal });

function runTo(delivery: Delivery, ms: number): void {
  for (let next = delivery.nextDeadline(); next !== undefined && next <= ms; next = delivery.nextDeadline())
    delivery.tick(at(next));
}

test('a message is tried at once, then after about one, two, four, eight and eight seconds, and expires', (t) => {
  const { context, delivery, attempts } = setup();
  t.true(delivery.send(message(), at(0)));
  runTo(delivery, 60_000);
  t.deepEqual(
    attempts.map((each) => each.attempt),
    [1, 2, 3, 4, 5, 6],
  );
  const gaps = attempts.slice(1).map((each, i) => each.at - (attempts[i]?.at as number));
  for (const [i, expected] of [1_000, 2_000, 4_000, 8_000, 8_000].entries())
    t.true(Math.abs((gaps[i] as number) - expected) <= expected * 0.11, `${gaps[i]} ms`);
  t.deepEqual(context.effects, [{ kind: 'outcome', id: message().id, outcome: 'expired' }]);
  t.is(delivery.pending, 0);
  t.is(delivery.nextDeadline(), undefined);
});

test('every attempt names the first', (t) => {
  const { delivery, attempts } = setup();
  delivery.send(message(), at(0));
  runTo(delivery, 5_000);
  for (const { payload } of attempts) t.deepEqual(payload, Uint8Array.of(1, 2, 3, 4, 9, 9));
});

test('an acknowledgement ends it: delivered, once', (t) => {
  const { context, delivery } = setup();
  delivery.send(message(), at(0));
  delivery.acknowledged(PEER, ack(message()), at(40));
  delivery.acknowledged(PEER, ack(message()), at(50));
  t.deepEqual(context.effects, [{ kind: 'outcome', id: message().id, outcome: 'delivered' }]);
  t.like(context.counters.delivery, { delivered: 1, latencySumMs: 40 });
  t.is(delivery.nextDeadline(), undefined);
});

test('a refusal ends it too, and says why', (t) => {
  const { context, delivery } = setup();
  delivery.send(message(), at(0));
  delivery.acknowledged(PEER, ack(message(), 'message.unknown'), at(40));
  t.deepEqual(context.effects, [{ kind: 'outcome', id: message().id, outcome: 'refused', code: 'message.unknown' }]);
});

test('only the destination can acknowledge, and only what is under way', (t) => {
  const { context, delivery } = setup();
  delivery.send(message(), at(0));
  delivery.acknowledged(nodeNamed(8), ack(message()), at(1));
  delivery.acknowledged(PEER, ack(message(5)), at(1));
  delivery.acknowledged(PEER, Uint8Array.of(1, 2, 3), at(1));
  delivery.acknowledged(PEER, encode(Body.AckSchema, { message: new Uint8Array(3) }), at(1));
  t.deepEqual(context.effects, []);
  t.is(delivery.pending, 1);
});

test('whichever attempts arrive, the content is handed over once and every attempt is acknowledged', (t) => {
  const { delivery, acks } = setup();
  const payload = concat(Uint8Array.of(0, 0, 0, 9), Uint8Array.of(5, 6));
  const first = delivery.received(headerWith({ sequence: 40 }), payload, at(0));
  t.deepEqual(first, { id: messageIdFor(nodeNamed(0xa1), 0xabcd, 9), body: Uint8Array.of(5, 6) });
  t.is(delivery.received(headerWith({ sequence: 41 }), payload, at(1)), undefined);
  t.is(acks.length, 2);
  for (const body of acks) t.deepEqual(decode(Body.AckSchema, body)?.message, fromHex(first?.id as string));
});

test('a payload without the first attempt’s number is malformed, counted, and not acknowledged', (t) => {
  const { context, delivery, acks } = setup();
  t.is(delivery.received(headerWith(), Uint8Array.of(1, 2, 3), at(0)), undefined);
  t.is(context.refused('message.malformed'), 1);
  t.deepEqual(acks, []);
});

test('too many under way are refused to the sender, and a place that is free again is given', (t) => {
  const { delivery } = setup();
  for (let i = 0; i < Limit.PendingMessages; i++) t.true(delivery.send(message(i), at(0)));
  t.false(delivery.send(message(99_999), at(0)));
  delivery.acknowledged(PEER, ack(message(3)), at(1));
  t.true(delivery.send(message(99_999), at(1)));
});

test('ids of delivered messages are remembered so long and no longer', (t) => {
  const { delivery } = setup();
  const payload = (n: number): Uint8Array => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
  for (let i = 0; i <= Limit.DeliveredIds; i++) t.truthy(delivery.received(headerWith(), payload(i), at(0)));
  t.is(delivery.received(headerWith(), payload(1), at(0)), undefined);
  t.truthy(delivery.received(headerWith(), payload(0), at(0)), 'the oldest was forgotten');
});

test('over a slow path a retry waits until the answer can be here', (t) => {
  const { delivery, attempts } = setup(1_500);
  delivery.send(message(), at(0));
  for (let now = 0; now < 20_000; now += 50) delivery.tick(at(now));
  const times = attempts.map((each) => each.at);
  t.true((times[1] as number) >= 4_000 && (times[1] as number) <= 5_050, `${times}`);
  t.true(times.length <= 5);
});

test('a message that is kept goes into custody after one try where no path leads, and after half a minute where one does', (t) => {
  const { delivery, attempts, parked, reach, context } = setup();
  reach.open = false;
  delivery.send(message(1, { keep: true, timeoutMs: 86_400_000 }), at(0));
  delivery.send(message(2, { timeoutMs: 30_000 }), at(0));
  runTo(delivery, 5_000);
  t.deepEqual(
    parked.map(({ id }) => id),
    [message(1).id],
  );
  t.true((parked[0]?.at ?? 0) < 1_200);
  reach.open = true;
  delivery.send(message(3, { keep: true, timeoutMs: 86_400_000 }), at(5_000));
  runTo(delivery, 60_000);
  t.is(parked[1]?.id, message(3).id);
  t.true((parked[1]?.at ?? 0) >= 35_000);
  t.is(delivery.pending, 0);
  t.is(context.effects.length, 1, 'the one that is not kept expired');
  t.true(attempts.length > 6);
});

test('an acknowledgement of what is not tried any more is told, a refusal is not', (t) => {
  const { delivery, late } = setup();
  delivery.acknowledged(PEER, ack(message(), 'no'), at(0));
  delivery.acknowledged(PEER, ack(message()), at(0));
  t.deepEqual(late, [message().id]);
});

const LONG = { body: new Uint8Array(5_000) };
const TOTAL = 5_004;
const missing = (attempt: number, ...bounds: readonly number[]): Uint8Array =>
  encode(Body.PartsMissingSchema, { attempt, total: TOTAL, bounds: [...bounds] });

test('of a long message what is missing is asked for and sent, and it is not sent whole again', (t) => {
  const { context, delivery, attempts, asks, parts } = setup();
  delivery.send(message(100, LONG), at(0));
  runTo(delivery, 1_200);
  t.is(attempts.length, 1);
  t.is(asks.length, 1);
  t.like(decode(Body.PartsAskSchema, asks[0]?.body as Uint8Array), { attempt: 100, message: 100, total: TOTAL });
  delivery.missing(PEER, missing(100, 40, 50, 4_000, TOTAL), at(1_250));
  t.deepEqual(parts, [{ attempt: 100, bounds: [40, 50, 4_000, TOTAL] }]);
  runTo(delivery, 2_400);
  t.is(asks.length, 2, 'after a second: what came shows that the way works');
  delivery.missing(PEER, missing(100, 40, 50), at(2_450));
  delivery.acknowledged(PEER, ack(message(100)), at(2_500));
  t.deepEqual(context.effects, [{ kind: 'outcome', id: message(100).id, outcome: 'delivered' }]);
  t.is(attempts.length, 1);
  t.is(context.counters.delivery.repairs, 2);
  t.is(delivery.nextDeadline(), undefined);
});

test('where nothing came it is sent whole again, and where nobody answers now and then', (t) => {
  const { delivery, attempts, asks } = setup();
  delivery.send(message(100, { ...LONG, timeoutMs: 60_000 }), at(0));
  runTo(delivery, 1_200);
  delivery.missing(PEER, missing(100, 0, TOTAL), at(1_250));
  t.is(attempts.length, 2);
  runTo(delivery, 40_000);
  t.is(attempts.length, 3);
  t.true(asks.length >= 5);
  t.deepEqual(
    asks.map(({ attempt }) => attempt),
    [2, 3, 4, 6, 7, 8].slice(0, asks.length),
  );
});

test('only the destination is believed about what is missing, once for each question', (t) => {
  const { context, delivery, parts } = setup();
  delivery.send(message(100, LONG), at(0));
  delivery.missing(PEER, missing(100, 0, 10), at(10));
  runTo(delivery, 1_200);
  delivery.missing(nodeNamed(8), missing(100, 0, 10), at(1_210));
  delivery.missing(PEER, encode(Body.PartsMissingSchema, { attempt: 100, total: 9, bounds: [0, 9] }), at(1_210));
  delivery.missing(PEER, Uint8Array.of(255), at(1_210));
  t.deepEqual(parts, []);
  t.is(context.refused('part.unasked'), 2);
  t.is(context.refused('part.malformed'), 2);
  delivery.missing(PEER, missing(100, 0, 10), at(1_220));
  delivery.missing(PEER, missing(100, 0, 10), at(1_230));
  t.is(parts.length, 1);
  t.is(context.refused('part.unasked'), 3);
});

test('a long message that may be there in part waits a while for its way to come back before it goes into custody', (t) => {
  const { delivery, asks, parked, reach } = setup();
  const keep = { ...LONG, keep: true, timeoutMs: 86_400_000 };
  delivery.send(message(100, keep), at(0));
  reach.open = false;
  runTo(delivery, 15_000);
  t.deepEqual(parked, []);
  t.deepEqual(asks, []);
  reach.open = true;
  runTo(delivery, 17_500);
  t.is(asks.length, 1);
  delivery.missing(PEER, missing(100, 40, 50), at(17_600));
  reach.open = false;
  runTo(delivery, 60_000);
  t.is(parked.length, 1);
  t.true((parked[0]?.at ?? 0) >= 37_000 && (parked[0]?.at ?? 0) < 40_000, `${parked[0]?.at}`);
});

test('who asks is told what is missing, or again what was answered', (t) => {
  const { context, delivery, acks, reports } = setup();
  const ask = (attempt: number, of: number): Uint8Array =>
    encode(Body.PartsAskSchema, { attempt, message: of, total: 100 });
  const header = headerWith({ destination: nodeNamed(1) });
  delivery.asked(header, ask(0x50, 9), at(0));
  t.like(decode(Body.PartsMissingSchema, reports[0] as Uint8Array), { attempt: 0x50, total: 100, bounds: [10, 20] });
  delivery.asked(header, ask(0x51, 9), at(0));
  t.deepEqual(decode(Body.PartsMissingSchema, reports[1] as Uint8Array)?.bounds, [0, 100]);
  delivery.received(headerWith({ sequence: 0x50 }), Uint8Array.of(0, 0, 0, 9, 1), at(0));
  delivery.asked(header, ask(0x50, 9), at(1));
  t.is(acks.length, 2);
  t.deepEqual(acks[0], acks[1]);
  delivery.answer(header, messageIdFor(nodeNamed(0xa1), 0xabcd, 12), 'no', at(2));
  delivery.asked(header, ask(0x60, 12), at(3));
  t.deepEqual(acks[2], acks[3]);
  delivery.asked(headerWith(), ask(0x50, 9), at(4));
  delivery.asked(header, Uint8Array.of(255), at(4));
  t.is(context.refused('part.malformed'), 2);
  t.is(reports.length, 2);
});
