import test from 'ava';
import { concat, writeU32 } from '../core/bytes.js';
import { messageIdBytes, type NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { createHotPath } from '../native/hot-path.js';
import { createMemoryStore } from '../storage/memory.js';
import {
  at,
  carrierWith,
  headerWith,
  nodeNamed,
  selfNamed,
  testContext,
  testCrypto,
  upLink,
} from '../testing/builders.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag } from '../wire/header.js';
import { Custody } from './custody.js';
import { Delivery, messageIdFor } from './delivery.js';
import { Links } from './links.js';
import { encodeCore, readCore, signCore } from './parcels.js';
import { AHEAD_MS } from './pulse.js';
import { Said } from './receipts.js';
import { Routing } from './routing.js';
import { CUSTODY_SPACE } from './shelf.js';

const ORIGIN = selfNamed(3);
const GIVER = nodeNamed(0xb);
const FAR = nodeNamed(0xf);

/** A node with one neighbour, from which parcels come; what it answers, by the code of the refusal. */
function keeper() {
  const context = testContext();
  const store = createMemoryStore();
  const links = new Links();
  const link = upLink(links, GIVER, carrierWith());
  const routing = new Routing(
    context.self.id,
    links,
    createHotPath({ kind: 'js' }).routes({ capacity: 16, ttlMs: 60_000 }),
  );
  const answers: string[] = [];
  const delivery: Delivery = new Delivery(context, {
    attempt: ({ sequence }) => sequence,
    ask: () => {},
    sendParts: () => {},
    sendMissing: () => {},
    missing: (_id, total) => [0, total],
    sendAck: (_to, body) => void answers.push(decode(Body.AckSchema, body)?.refusal ?? '?'),
    roundTripMs: () => 0,
    isReachable: () => false,
    parked: ({ id }, now) => custody.park(id, now),
    late: (id, from, now) => custody.late(id, from, now),
    settled: (message, outcome, code, now) => void custody.settled(message, outcome, code, now),
  });
  let sequence = 0x5000;
  const reserve = () => ({ id: messageIdFor(context.self.id, 1, ++sequence), sequence });
  const custody = new Custody({ context, store, links, routing, delivery, reserve, direct: () => {} });
  let attempts = 0;
  const parcel = (body: Uint8Array, mono = 0, flags: number = Flag.AckWanted): string | undefined => {
    const prefix = new Uint8Array(4);
    writeU32(prefix, 0, ++attempts);
    const header = headerWith({ source: GIVER, destination: context.self.id, flags, type: FrameType.Parcel });
    custody.parcel(link, header, concat(prefix, body), at(mono));
    return answers.pop();
  };
  /** Does what the runner would, and tells it. */
  const write = async (mono = 0, code?: string): Promise<string | undefined> => {
    for (const effect of context.effects.splice(0)) {
      if (effect.kind !== 'keep') continue;
      const { ticket } = effect;
      if (code === undefined) await store.batch(effect.ops);
      custody.step(code === undefined ? { kind: 'kept', ticket } : { kind: 'keep-failed', ticket, code }, at(mono));
    }
    return answers.pop();
  };
  return { context, store, custody, delivery, parcel, write, link };
}

interface Given {
  readonly sequence: number;
  readonly to: NodeId;
  readonly lifeMs: number;
  readonly ageMs: number;
  readonly madeAtMs: number;
  readonly bytes: number;
  readonly priority: Priority;
}

/** A message of the origin's, as a giver hands it over. */
function parcelOf(
  given: Partial<Given> = {},
  change: (parcel: { core: Uint8Array; signature: Uint8Array }) => unknown = () => {},
): Uint8Array {
  const { sequence = 1, to = FAR, lifeMs = 60_000, ageMs = 0, bytes = 10, priority = Priority.Medium } = given;
  const { madeAtMs = 0 } = given;
  const id = messageIdFor(ORIGIN.id, 7, sequence);
  const core = encodeCore({ id, to, type: FrameType.Message, priority, lifeMs, body: new Uint8Array(bytes), madeAtMs });
  const signature = signCore(testCrypto, ORIGIN.keys, core);
  const parcel = { core, signature, publicKey: ORIGIN.keys.publicKey, ageMs };
  change(parcel);
  return encode(Body.ParcelSchema, parcel);
}

test('a parcel is answered once it is on disk, and a second copy at once', async (t) => {
  const { custody, parcel, write, store } = keeper();
  t.is(parcel(parcelOf()), undefined);
  t.is(parcel(parcelOf()), undefined, 'it is being written');
  t.is(await write(), '');
  t.is(parcel(parcelOf()), '');
  t.like(custody.sizes(), { kept: 1, own: 0 });
  t.is(store.count(CUSTODY_SPACE), 1);
});

test('a disk that takes nothing keeps nothing, and says so', async (t) => {
  const { custody, parcel, write } = keeper();
  parcel(parcelOf());
  t.is(await write(0, 'store.full'), 'custody.store');
  t.like(custody.sizes(), { kept: 0 });
});

test('what its origin did not sign, or not so, is refused; so are the old, the malformed and what wants no answer', (t) => {
  const { custody, parcel, context } = keeper();
  t.is(parcel(parcelOf({}, (it) => it.signature.fill(0, 9, 12))), 'custody.signature');
  t.is(parcel(parcelOf({}, (it) => it.core.fill(1, it.core.length - 1))), 'custody.signature');
  const stranger = selfNamed(4).keys;
  t.is(parcel(parcelOf({}, (it) => Object.assign(it, { publicKey: stranger.publicKey, signature: signCore(testCrypto, stranger, it.core) }))), 'custody.signature'); // biome-ignore format: a line
  t.is(parcel(parcelOf({ to: context.self.id }, (it) => it.signature.fill(0, 0, 3))), 'custody.signature');
  t.is(parcel(parcelOf({ lifeMs: 1_000, ageMs: 1_000 })), 'custody.expired');
  t.is(parcel(parcelOf({ lifeMs: 8 * 86_400_000 })), 'custody.malformed');
  t.is(parcel(Uint8Array.of(0xff, 1)), 'custody.malformed');
  t.is(parcel(parcelOf(), 0, 0), undefined);
  t.is(context.refused('parcel.malformed'), 1);
  t.like(custody.sizes(), { own: 0, kept: 0, receipts: 0 });
  t.deepEqual(context.effects, []);
});

test('a parcel for this node is delivered once with its age, also over a restart, and its origin is to hear of it', async (t) => {
  const { context, parcel, custody, write, store } = keeper();
  const body = parcelOf({ to: context.self.id, ageMs: 5_000 });
  t.is(parcel(body), '');
  const [effect] = context.effects;
  t.like(effect?.kind === 'deliver' ? effect.message : {}, {
    source: ORIGIN.id,
    ageMs: 5_000,
    type: FrameType.Message,
  });
  t.is(parcel(body), '');
  t.is(context.effects.filter(({ kind }) => kind === 'deliver').length, 1);
  t.is(custody.sizes().receipts, 1);
  custody.tick(at(0));
  custody.tick(at(500));
  await write(500);
  const again = keeper();
  for (const space of ['delivered', CUSTODY_SPACE])
    await again.store.batch(store.range(space).map(({ key, value }) => ({ op: 'put', space, key, value }) as const));
  again.custody.step({ kind: 'restore' }, at(1_000));
  t.is(again.custody.sizes().receipts, 1);
  t.is(again.parcel(body, 1_000), '');
  t.is(again.context.effects.filter(({ kind }) => kind === 'deliver').length, 0);
});

test('a link brings so many parcels and no more, until time has passed', (t) => {
  const { parcel } = keeper();
  const answers = Array.from({ length: Limit.ParcelBurst + 5 }, () => parcel(Uint8Array.of(0xff)));
  t.deepEqual(new Set(answers.slice(0, Limit.ParcelBurst)), new Set(['custody.malformed']));
  t.deepEqual(new Set(answers.slice(Limit.ParcelBurst)), new Set(['custody.rate']));
  t.is(parcel(Uint8Array.of(0xff), 1_000), 'custody.malformed');
});

test('beyond a quota the origin’s least urgent, oldest goes; nothing more urgent than what comes', async (t) => {
  const { parcel, write, custody } = keeper();
  const bytes = 60_000;
  const fits = Math.floor(Limit.KeptBytesPerOrigin / (bytes + 256));
  for (let i = 0; i < fits; i++) {
    parcel(parcelOf({ sequence: i, bytes, priority: i === 0 ? Priority.Low : Priority.High }), i * 1_000);
    t.is(await write(), '');
  }
  t.is(parcel(parcelOf({ sequence: 900, bytes, priority: Priority.Medium }), 99_000), undefined);
  t.is(await write(), '', 'the low one went');
  t.is(parcel(parcelOf({ sequence: 901, bytes, priority: Priority.Low }), 99_100), 'custody.full');
  t.is(custody.sizes().kept, fits);
  const gone = custody.ofOthers.parted(messageIdFor(ORIGIN.id, 7, 0));
  t.like(gone, { origin: ORIGIN.id, to: FAR, what: Said.GivenUp, code: 'custody.full', partedAt: 99_000 });
});

test('only the origin calls its message back', async (t) => {
  const { parcel, write, custody } = keeper();
  parcel(parcelOf());
  await write();
  const receipt = (what: number) =>
    encode(Body.ReceiptSchema, {
      message: Uint8Array.from(Buffer.from(messageIdFor(ORIGIN.id, 7, 1), 'hex')),
      what,
      node: new Uint8Array(8),
    });
  custody.receipt(GIVER, receipt(Said.CalledBack), at(0));
  custody.receipt(ORIGIN.id, receipt(Said.Delivered), at(0));
  custody.receipt(ORIGIN.id, Uint8Array.of(0xff), at(0));
  t.is(custody.sizes().kept, 1);
  custody.receipt(ORIGIN.id, receipt(Said.CalledBack), at(0));
  t.is(custody.sizes().kept, 0);
  t.is(custody.ofOthers.parted(messageIdFor(ORIGIN.id, 7, 1))?.what, Said.CalledBack);
});

test('what a disk has spoilt is thrown away at the start, and the rest goes on', async (t) => {
  const { parcel, write, custody, store } = keeper();
  parcel(parcelOf());
  await write();
  const again = keeper();
  const [entry] = store.range(CUSTODY_SPACE);
  const put = (key: string, value: Uint8Array) => ({ op: 'put', space: CUSTODY_SPACE, key, value }) as const;
  await again.store.batch([
    put(entry?.key ?? '', entry?.value ?? new Uint8Array(0)),
    put('p/00', entry?.value ?? new Uint8Array(0)),
    put('p/01', Uint8Array.of(0xff)),
    put('r/x', Uint8Array.of(0xff)),
  ]);
  again.custody.step({ kind: 'restore' }, at(0));
  t.deepEqual(again.custody.sizes(), custody.sizes());
  again.custody.tick(at(0));
  again.custody.tick(at(1_000));
  await again.write(1_000);
  t.is(again.store.count(CUSTODY_SPACE), 1);
});

test('only its destination, and who was handed a copy, say what became of a message; also after a restart', async (t) => {
  const { custody, context, write, store } = keeper();
  const id = messageIdFor(context.self.id, 1, 9);
  const message = {
    id,
    sequence: 9,
    to: FAR,
    type: FrameType.Message,
    body: new Uint8Array(20),
    priority: Priority.Low,
  };
  custody.accept({ ...message, timeoutMs: 60_000, keep: true }, at(0));
  await write();
  const receipt = (what: number) =>
    encode(Body.ReceiptSchema, { message: messageIdBytes(id), what, node: new Uint8Array(8) });
  const stranger = nodeNamed(0xe);
  for (const what of Object.values(Said)) custody.receipt(stranger, receipt(what), at(0));
  t.is(custody.sizes().own, 1);
  t.deepEqual([...(custody.standing(id)?.keepers ?? [])], []);
  t.is(context.refused('receipt.stranger'), Object.values(Said).length);
  custody.park(id, at(0));
  custody.tick(at(0));
  t.deepEqual([...(custody.standing(id)?.keepers ?? [])], [GIVER]);
  custody.tick(at(500));
  await write(500);
  const again = keeper();
  for (const { key, value } of store.range(CUSTODY_SPACE))
    await again.store.batch([{ op: 'put', space: CUSTODY_SPACE, key, value }]);
  again.custody.step({ kind: 'restore' }, at(1_000));
  again.custody.receipt(stranger, receipt(Said.Delivered), at(1_000));
  t.is(again.custody.sizes().own, 1);
  again.custody.receipt(GIVER, receipt(Said.Delivered), at(1_000));
  t.is(again.custody.sizes().own, 0);
  again.custody.tick(at(2_000));
  await again.write(2_000);
  t.is(again.store.count(CUSTODY_SPACE), 0);
});

test('what was kept before the clock was set is as young as it was', async (t) => {
  const { custody, parcel, write, store } = keeper();
  parcel(parcelOf({ lifeMs: 60_000 }));
  await write();
  const [entry] = store.range(CUSTODY_SPACE);
  const kept = decode(Body.KeptParcelSchema, entry?.value ?? new Uint8Array(0));
  const value = encode(Body.KeptParcelSchema, { ...(kept as Body.KeptParcel), keptAtMs: 9_000n });
  const again = keeper();
  await again.store.batch([{ op: 'put', space: CUSTODY_SPACE, key: entry?.key ?? '', value }]);
  again.custody.step({ kind: 'restore' }, at(0));
  again.custody.tick(at(1_000));
  t.is(again.custody.sizes().kept, 1);
  t.is(custody.sizes().kept, 1);
});

test('a relay that says a message is young makes it no younger than its origin signed', async (t) => {
  const { context, custody, parcel, write } = keeper();
  const madeAtMs = at(0).wall;
  const young = { lifeMs: 150_000, ageMs: 0, madeAtMs };
  parcel(parcelOf({ ...young, sequence: 9 }), 150_000);
  t.is(await write(), '', 'who knows no time takes the word');
  context.pulse.at(at(151_000 + AHEAD_MS));
  custody.tick(at(151_000 + AHEAD_MS));
  t.is(custody.sizes().kept, 0, 'until the time is known');
});

test('a keeper that knows the time counts from when a message was made', async (t) => {
  const { context, custody, parcel, write, store } = keeper();
  context.pulse.at(at(0));
  const young = { lifeMs: 60_000, ageMs: 0, madeAtMs: at(0).wall };
  t.is(parcel(parcelOf({ ...young, sequence: 2 }), 50_000 + AHEAD_MS), undefined);
  t.is(await write(), '');
  const key = `p/${messageIdFor(ORIGIN.id, 7, 2)}`;
  const kept = decode(Body.KeptParcelSchema, store.get(CUSTODY_SPACE, key) ?? new Uint8Array(0));
  t.is(kept?.ageMs, 50_000, 'and says so further on');
  custody.tick(at(59_000 + AHEAD_MS));
  t.is(custody.sizes().kept, 1);
  custody.tick(at(60_000 + AHEAD_MS));
  t.is(custody.sizes().kept, 0);
  t.is(parcel(parcelOf({ ...young, sequence: 1 }), 60_000 + AHEAD_MS), 'custody.expired');
  parcel(parcelOf({ ...young, sequence: 3, madeAtMs: young.madeAtMs + 1e9 }), 70_000 + AHEAD_MS);
  t.is(await write(), '', 'a clock ahead makes nothing old');
});

test('a message is signed with the time at which it was made, where that is known', async (t) => {
  for (const isKnown of [true, false]) {
    const { custody, context, write, store } = keeper();
    if (isKnown) context.pulse.at(at(5_000));
    const id = messageIdFor(context.self.id, 1, 9);
    const message = { id, sequence: 9, to: FAR, type: FrameType.Message, body: new Uint8Array(20) };
    custody.accept({ ...message, priority: Priority.Low, timeoutMs: 60_000, keep: true }, at(5_000));
    await write();
    const kept = decode(Body.KeptParcelSchema, store.get(CUSTODY_SPACE, `p/${id}`) ?? new Uint8Array(0));
    t.is(readCore(kept?.core ?? new Uint8Array(0))?.madeAtMs, isKnown ? at(5_000).wall : 0);
  }
});

test('who handed a message over is on disk with it: its share is known after a restart too', async (t) => {
  const { parcel, write, store } = keeper();
  parcel(parcelOf());
  await write();
  const again = keeper();
  const [entry] = store.range(CUSTODY_SPACE);
  await again.store.batch([{ op: 'put', space: CUSTODY_SPACE, ...(entry as { key: string; value: Uint8Array }) }]);
  again.custody.step({ kind: 'restore' }, at(0));
  t.is(again.custody.standing(messageIdFor(ORIGIN.id, 7, 1))?.giver, GIVER);
});
