import test from 'ava';
import { BleField, type Shape } from './ble-field.js';

const FORMED_MS = 2_000;
const ACQUAINTED_MS = 45_000;

for (const shape of ['line', 'ring', 'full'] as const satisfies readonly Shape[]) {
  test.serial(`six nodes in reach as a ${shape} form every link within two seconds and flood 200 of 200`, async (t) => {
    const field = new BleField({ size: 6, shape });
    try {
      await field.open();
      const formed = await field.until('every link', () => field.isWhole(), 15_000);
      t.log(`links after ${Math.round(formed)} ms`);
      t.true(formed < FORMED_MS, `took ${formed} ms`);
      await field.until('all acquainted', () => field.isAcquainted(), ACQUAINTED_MS);
      t.is(await field.floods(200, 200), 200);
      t.deepEqual(field.violations(), []);
    } finally {
      await field.close();
    }
  });
}
