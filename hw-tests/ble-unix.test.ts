import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { systemClock } from '../dist/system/system-clock.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { parseReach, serveControllers } from './emulation/serve.js';

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('radios reach emulated controllers over Unix sockets, and follow their reach while it changes', async (t) => {
  t.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'ble-'));
  const paths = ['a', 'b'].map((name) => join(directory, `${name}.sock`));
  const server = await serveControllers(paths);
  const links = [new Set<string>(), new Set<string>()];
  const radios = paths.map((path) =>
    createBleRadio({
      adapter: `unix:${path}`,
      identity: { key: new Uint8Array(16), id: path },
      log: silentLog(),
      clock: systemClock,
    }),
  );
  try {
    await Promise.all(
      radios.map((radio, i) =>
        radio.open({
          heard: () => {},
          linkUp: (address) => links[i]?.add(address),
          linkDown: (address) => links[i]?.delete(address),
          condition: () => {},
        }),
      ),
    );
    await until(() => links.every(({ size }) => size === 1));
    t.is((await radios[0]?.probe())?.mode, 'both roles');
    server.setReach(parseReach('a-c'));
    await until(() => links.every(({ size }) => size === 0));
    server.setReach(undefined);
    await until(() => links.every(({ size }) => size === 1));
  } finally {
    await Promise.all(radios.map((radio) => radio.close()));
    await server.close();
    rmSync(directory, { recursive: true });
  }
});

test('where nobody answers the radio says so with the fix, and comes up when somebody does', async (t) => {
  t.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'ble-'));
  const path = join(directory, 'a.sock');
  const conditions: string[] = [];
  const radio = createBleRadio({
    adapter: `unix:${path}`,
    identity: { key: new Uint8Array(16), id: 'a' },
    settings: { retryMs: 20 },
    log: silentLog(),
    clock: systemClock,
  });
  const events = { heard: () => {}, linkUp: () => {}, linkDown: () => {} };
  await radio.open({ ...events, condition: (condition, reason) => conditions.push(`${condition} ${reason ?? ''}`) });
  t.regex(conditions[0] ?? '', /^retrying nothing answers at unix:/);
  t.false((await radio.probe()).ok);
  const server = await serveControllers([path]);
  await until(() => conditions.at(-1) === 'up ');
  t.is(conditions.length, 2);
  await radio.close();
  await server.close();
  rmSync(directory, { recursive: true });
});
