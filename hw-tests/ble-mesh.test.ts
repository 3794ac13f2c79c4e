import test from 'ava';
import type { MessageId } from '../dist/core/ids.js';
import { BleField, type FieldNode } from './ble-field.js';

const ACQUAINTED_MS = 45_000;

async function allDelivered(field: BleField, from: FieldNode, ids: readonly MessageId[]): Promise<void> {
  await field.until('every message', () => ids.every((id) => from.outcomes.get(id) === 'delivered'), 60_000);
}

test.serial('over three hops at 15 ms intervals 200 of 200 messages and one of 600 bytes arrive', async (t) => {
  t.timeout(280_000);
  const interval = { oneLinkIntervalMs: 15, someLinksMinMs: 15, someLinksMaxMs: 15 };
  const field = new BleField({ size: 4, shape: 'line', timeScale: 1, settings: interval });
  try {
    await field.open();
    t.log(`links after ${Math.round(await field.until('every link', () => field.isWhole(), 20_000))} ms`);
    const [first, last] = [field.node(0), field.node(3)];
    await field.until('all acquainted', () => field.isAcquainted(), ACQUAINTED_MS);
    const big = first.send(last, 600);
    await allDelivered(field, first, [big]);
    const ids: MessageId[] = [];
    const from = performance.now();
    for (let i = 0; i < 200; i++) {
      ids.push(first.send(last, 100));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await allDelivered(field, first, ids);
    t.log(`200 messages in ${Math.round(performance.now() - from)} ms`);
    t.true(ids.every((id) => last.delivered.get(id) === 1));
    t.is(last.delivered.get(big), 1);
    t.deepEqual(field.violations(), []);
  } finally {
    await field.close();
  }
});

test.serial('a cut is noticed, and healed within three seconds', async (t) => {
  const field = new BleField({ size: 4, shape: 'line' });
  try {
    await field.open();
    await field.until('every link', () => field.isWhole(), 15_000);
    await field.until('all acquainted', () => field.isAcquainted(), ACQUAINTED_MS);
    field.cut(1, 2);
    await field.until('the link gone', () => field.isWhole(), 10_000);
    field.mend();
    const healed = await field.until('every link again', () => field.isWhole(), 10_000);
    t.log(`healed after ${Math.round(healed)} ms`);
    t.true(healed < 3_000, `took ${healed} ms`);
    await field.until('all acquainted', () => field.isAcquainted(), ACQUAINTED_MS);
    t.is(await field.floods(20, 200), 20);
  } finally {
    await field.close();
  }
});

test.serial('a node that died is noticed within ten seconds, at real supervision timeouts', async (t) => {
  const field = new BleField({ size: 3, shape: 'line', timeScale: 1 });
  try {
    await field.open();
    await field.until('every link', () => field.isWhole(), 20_000);
    field.kill(2);
    const noticed = await field.until('the link gone', () => field.isWhole(), 15_000);
    t.log(`noticed after ${Math.round(noticed)} ms`);
    t.true(noticed < 10_000, `took ${noticed} ms`);
  } finally {
    await field.close();
  }
});
