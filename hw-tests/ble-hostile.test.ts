import test from 'ava';
import { BleField } from './ble-field.js';
import { HostileHost } from './hostile-host.js';

/** Attribute handles of our service as the peripheral stack numbers them: value of RX, value and switch of TX. */
const RX = 0x0c;
const TX_SWITCH = 0x0f;
const WRITE_COMMAND = 0x52;
const WRITE_REQUEST = 0x12;
const LIMIT_MS = 12_000;

const write = (handle: number, ...value: number[]): Uint8Array => Uint8Array.of(WRITE_COMMAND, handle, 0, ...value);

/** Two honest nodes with a link, and one who is not. */
async function withIntruder(body: (field: BleField, intruder: HostileHost) => Promise<void>): Promise<void> {
  const field = new BleField({ size: 2 });
  const intruder = new HostileHost(field.air);
  field.air.setReach(() => true);
  try {
    await field.open();
    await field.until('the link', () => field.isWhole(), LIMIT_MS);
    await body(field, intruder);
    await field.until('the link still', () => field.isWhole(), LIMIT_MS);
  } finally {
    await field.close();
  }
}

async function endsWithin(field: BleField, over: Promise<void>): Promise<number> {
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  return field.until('the link ended', () => isOver, LIMIT_MS);
}

test.serial('a central that holds a link and says nothing is dropped', (t) =>
  withIntruder(async (field, intruder) => {
    await intruder.connect(field.node(0).controller.randomAddress);
    const took = await endsWithin(field, intruder.ended());
    t.log(`dropped after ${Math.round(took)} ms`);
    t.true(took < 7_000);
    t.deepEqual(field.node(0).conditions, ['up']);
  }),
);

test.serial('who writes before it listens, or listens and then writes garbage, is dropped at once', (t) =>
  withIntruder(async (field, intruder) => {
    const { controller, radio } = field.node(0);
    const early = await intruder.connect(controller.randomAddress);
    intruder.sendAtt(early, write(RX, 1, 2, 3));
    t.true((await endsWithin(field, intruder.ended())) < 1_000);
    const garbage = await intruder.connect(controller.randomAddress);
    intruder.sendAtt(garbage, Uint8Array.of(WRITE_REQUEST, TX_SWITCH, 0, 1, 0));
    intruder.sendAtt(garbage, write(RX, 0x99, 0x99));
    t.true((await endsWithin(field, intruder.ended())) < 1_000);
    t.true(radio.counters().errors > 0);
  }),
);

test.serial('packets cut short, at every layer, cost their sender the link and nobody else anything', (t) =>
  withIntruder(async (field, intruder) => {
    const { controller } = field.node(0);
    for (const cut of [[], [0], [0, 0, 4], [1, 0, 4, 0], [1, 0, 4, 0, WRITE_COMMAND], [200, 0, 4, 0, 1]]) {
      const handle = await intruder.connect(controller.randomAddress);
      const over = intruder.ended();
      intruder.sendRaw(handle, Uint8Array.from(cut));
      for (let opcode = 0; opcode < 256; opcode++) intruder.sendAtt(handle, Uint8Array.of(opcode));
      await endsWithin(field, over);
    }
    t.deepEqual(field.node(0).conditions, ['up']);
  }),
);

test.serial('a flood of adverts under our service with invented names neither fills nor stops the radio', (t) =>
  withIntruder(async (field, intruder) => {
    const honest = field.node(1).controller.advertData;
    for (let i = 0; i < 400; i++) {
      const fake = honest.slice();
      fake.set([0xf0, i >> 8, i & 255], 22);
      intruder.controller.advertData = fake;
      intruder.controller.advertising = { intervalMs: 20, type: 0, ownAddressType: 0 };
      intruder.controller.setAdvertising(true);
      if (i % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      else await new Promise((resolve) => setImmediate(resolve));
    }
    intruder.controller.vanish();
    t.true(field.isWhole());
    t.deepEqual(field.node(0).conditions, ['up']);
  }),
);
