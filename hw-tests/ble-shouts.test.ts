import test from 'ava';
import type { MessageId } from '../dist/core/ids.js';
import { SHOUT_BYTES } from '../dist/radios/ble/shout.js';
import { FrameType, Priority } from '../dist/wire/frame-types.js';
import { BleField, type FieldNode, type FieldOptions } from './ble-field.js';
import { advertReport, EmulatedController } from './emulation/controller.js';

const LIMIT_MS = 45_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withField(options: FieldOptions, body: (field: BleField) => Promise<void>): Promise<void> {
  const field = new BleField(options);
  try {
    await field.open();
    await body(field);
  } finally {
    await field.close();
  }
}

const MANUFACTURER = 0xff;
const isSaying = ({ radio }: FieldNode): boolean => radio.counters().shouts?.said === 0;

/** Urgent, and small enough or not. */
function alert(node: FieldNode, bytes: number): MessageId {
  const { id, sequence } = node.runner.reserve();
  const body = new Uint8Array(bytes).fill(7);
  node.runner.submit({ kind: 'flood', sequence, type: FrameType.Message, body, priority: Priority.High });
  return id;
}

/** Two with a link, all acquainted, and then the third has no links any more: it is out of places, but not of earshot. */
async function withOneLeftOut(options: Partial<FieldOptions>, body: (field: BleField) => Promise<void>): Promise<void> {
  await withField({ size: 3, ...options }, async (field) => {
    await field.until('every link', () => field.isWhole(), LIMIT_MS);
    await field.until('all acquainted', () => field.isAcquainted(), LIMIT_MS);
    const [a, b, c] = field.nodes.map(({ controller }) => controller) as [
      EmulatedController,
      EmulatedController,
      EmulatedController,
    ];
    // No controller takes one more link; the links of the third end.
    a.maxLinks = 1;
    b.maxLinks = 1;
    c.maxLinks = 0;
    for (const link of [...field.air.links])
      if (link.central.controller === c || link.peripheral.controller === c) link.drop(0x13, 0x13);
    await field.until('one is left out', () => field.node(2).neighbours.length === 0, LIMIT_MS);
    // Heard again since: one that was lost says nothing of where it is.
    await wait(1_000);
    await body(field);
  });
}

test('a neighbour without a link hears an alert in adverts, once, and the ordinary adverts go on', async (t) => {
  t.timeout(4 * LIMIT_MS);
  await withOneLeftOut({}, async (field) => {
    const [a, b, c] = field.nodes as [FieldNode, FieldNode, FieldNode];
    const kinds = { shouts: 0, ordinary: 0 };
    const hear = c.controller.hearAdvert.bind(c.controller);
    c.controller.hearAdvert = (from, report) => {
      const isShout = from.advertData[1] === MANUFACTURER;
      if (from === a.controller && isSaying(a)) kinds[isShout ? 'shouts' : 'ordinary']++;
      hear(from, report);
    };
    const id = alert(a, 80);
    t.log(`heard after ${Math.round(await field.until('heard', () => c.delivered.has(id), LIMIT_MS))} ms`);
    await field.until('heard by the other, too', () => b.delivered.has(id), LIMIT_MS);
    await field.until('said to the end', () => (a.radio.counters().shouts?.said ?? 0) >= 1, LIMIT_MS);
    t.log(`${kinds.ordinary} ordinary adverts while ${kinds.shouts} others were said`);
    t.true(kinds.ordinary >= 8 && kinds.shouts >= 8 * 5);
    await wait(500);
    t.is(c.delivered.get(id), 1);
    t.is(b.delivered.get(id), 1);
    t.true(c.mesh.counters.flood.overheard === 1 && (c.radio.counters().shouts?.heard ?? 0) >= 1);
    // Too long for adverts, or not urgent: neither is said.
    const said = a.radio.counters().shouts?.said;
    const [long, calm] = [alert(a, SHOUT_BYTES), a.flood(20)];
    await field.until('over links', () => b.delivered.has(long) && b.delivered.has(calm), LIMIT_MS);
    await wait(500);
    t.is(a.radio.counters().shouts?.said, said);
    t.false(c.delivered.has(long) || c.delivered.has(calm));
    // The one left out says it, too: it has nobody else to tell.
    const back = alert(c, 40);
    await field.until('heard', () => a.delivered.has(back) && b.delivered.has(back), LIMIT_MS);
    t.deepEqual(field.violations(), []);
  });
});

test('alerts come through where two of three adverts are lost', async (t) => {
  t.timeout(4 * LIMIT_MS);
  await withOneLeftOut({}, async (field) => {
    const [a, , c] = field.nodes as [FieldNode, FieldNode, FieldNode];
    const { controller } = c;
    const hear = controller.hearAdvert.bind(controller);
    let count = 0;
    let lost = 0;
    controller.hearAdvert = (from, report) => {
      // A row of its own, so that neither every round nor every advert shares a fate.
      count = (Math.imul(count, 1_103_515_245) + 12_345) & 0x7fffffff;
      if (count % 97 < 65) lost++;
      else hear(from, report);
    };
    const ids: MessageId[] = [];
    for (let i = 0; i < 6; i++) {
      ids.push(alert(a, 40));
      await field.until('said', () => (a.radio.counters().shouts?.said ?? 0) >= i + 1, LIMIT_MS);
    }
    const heard = ids.filter((id) => c.delivered.has(id)).length;
    t.log(`${heard} of ${ids.length} alerts heard, ${lost} adverts lost`);
    t.true(heard >= 4);
  });
});

test('garbage, forgeries and replays in adverts reach nobody, are counted, and keep no alert from being heard', async (t) => {
  t.timeout(4 * LIMIT_MS);
  await withOneLeftOut({}, async (field) => {
    const [a, , c] = field.nodes as [FieldNode, FieldNode, FieldNode];
    const attacker = new EmulatedController(field.air, { name: 'attacker' });
    // Only the one left out hears the attacker, and nobody else changes.
    field.air.setReach((x, y) => (x === attacker ? y === c.controller : y !== attacker));
    const recorded: Uint8Array[] = [];
    const send = (data: Uint8Array): void => {
      c.controller.hearAdvert(attacker, advertReport(3, 0, attacker.publicAddress, data));
    };
    const hear = c.controller.hearAdvert.bind(c.controller);
    c.controller.hearAdvert = (from, report) => {
      if (from === a.controller && a.controller.advertData[1] === MANUFACTURER)
        recorded.push(a.controller.advertData.slice());
      hear(from, report);
    };
    const id = alert(a, 60);
    await field.until('heard', () => c.delivered.has(id), LIMIT_MS);
    await field.until('said to the end', () => (a.radio.counters().shouts?.said ?? 0) >= 1, LIMIT_MS);
    const refusedBefore = c.mesh.counters.refused.get('frame.tag') ?? 0;
    for (let i = 0; i < 3_000; i++) {
      const genuine = recorded[i % recorded.length] as Uint8Array;
      const kind = i % 4;
      // Replayed as it was, with another number, changed, and made up.
      const data = genuine.slice();
      if (kind === 1) data[5] = i & 0xff;
      if (kind === 2) data[10 + (i % 20)] = i & 0xff;
      if (kind === 3) crypto.getRandomValues(data.subarray(5));
      send(data);
      if (i % 50 === 0) await wait(5);
    }
    await wait(300);
    t.is(c.delivered.get(id), 1, 'once');
    t.is(c.delivered.size, 1);
    const { shouts } = c.radio.counters();
    t.log(`${shouts?.heard} frames put together, ${shouts?.dropped} not given on`);
    t.true(
      (c.mesh.counters.refused.get('frame.tag') ?? 0) + (c.mesh.counters.refused.get('frame.replayed') ?? 0) >
        refusedBefore,
    );
    const after = alert(a, 60);
    await field.until('heard through it', () => c.delivered.has(after), LIMIT_MS);
    t.deepEqual(c.conditions, ['up']);
  });
});

test('where all in earshot have links nothing is said in adverts', async (t) => {
  t.timeout(4 * LIMIT_MS);
  await withField({ size: 2 }, async (field) => {
    const [a, b] = field.nodes as [FieldNode, FieldNode];
    await field.until('the link', () => field.isWhole(), LIMIT_MS);
    await field.until('acquainted', () => field.isAcquainted(), LIMIT_MS);
    const id = alert(a, 40);
    await field.until('over the link', () => b.delivered.has(id), LIMIT_MS);
    await wait(500);
    t.deepEqual(a.radio.counters().shouts, { said: 0, heard: 0, dropped: 0 });
    t.is(b.delivered.get(id), 1);
  });
});

test('with the setting off nothing is said in adverts and nothing heard in them is taken', async (t) => {
  t.timeout(4 * LIMIT_MS);
  await withOneLeftOut({ settings: { shouts: false } }, async (field) => {
    const [a, b, c] = field.nodes as [FieldNode, FieldNode, FieldNode];
    t.is(a.radio.traits.shoutBytes, undefined);
    const id = alert(a, 40);
    await field.until('over the link', () => b.delivered.has(id), LIMIT_MS);
    await wait(1_000);
    t.false(c.delivered.has(id));
    t.is(a.radio.counters().shouts, undefined);
    t.is(a.mesh.counters.flood.shouted, 0);
  });
});
