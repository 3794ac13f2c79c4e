import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { createPort } from '../dist/radios/ble/ports.js';
import { systemClock } from '../dist/system/system-clock.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { serveControllers } from './emulation/serve.js';
import { lend } from './lend.js';
import { until } from './wait.js';

const LIMIT_MS = 30_000;

test('a controller is lent to one at a time, and to the next when the first gave it back', async (t) => {
  t.timeout(2 * LIMIT_MS);
  const folder = mkdtempSync(join(tmpdir(), 'lend-'));
  const [own, lent] = [join(folder, 'own.sock'), join(folder, 'lent.sock')];
  const server = await serveControllers([own]);
  const lender = await lend(lent, () => createPort({ kind: 'unix', path: own }), t.log);
  const borrow = async (id: string): Promise<{ conditions: string[]; close: () => Promise<void> }> => {
    const conditions: string[] = [];
    const radio = createBleRadio({
      adapter: `unix:${lent}`,
      identity: { key: new Uint8Array(16), id },
      settings: { retryMs: 20, retryMaxMs: 100 },
      ...{ log: silentLog(), clock: systemClock },
    });
    const nothing = (): void => {};
    await radio.open({
      ...{ heard: nothing, linkUp: nothing, linkDown: nothing },
      condition: (condition) => conditions.push(condition),
    });
    return { conditions, close: () => radio.close() };
  };
  const first = await borrow('a');
  t.deepEqual(first.conditions, ['up']);
  const second = await borrow('b');
  t.deepEqual(second.conditions, ['retrying']);
  await first.close();
  await until('the next has it', () => second.conditions.at(-1) === 'up', LIMIT_MS);
  await second.close();
  await lender.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

test('a borrower whose lender has no controller is told, and so is the lender', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lend-'));
  const reasons: string[] = [];
  const port = createPort({ kind: 'unix', path: join(folder, 'nobody.sock') });
  const lender = await lend(
    join(folder, 'lent.sock'),
    () => port,
    (error) => reasons.push((error as Error).message),
  );
  const radio = createBleRadio({
    adapter: `unix:${join(folder, 'lent.sock')}`,
    identity: { key: new Uint8Array(16), id: 'a' },
    ...{ log: silentLog(), clock: systemClock },
  });
  const { ok, detail } = await radio.probe();
  t.false(ok);
  t.regex(detail, /closed the connection/);
  t.regex(reasons[0] ?? '', /nothing answers at unix:.*nobody/);
  await radio.close();
  await lender.close();
  rmSync(folder, { recursive: true });
});
