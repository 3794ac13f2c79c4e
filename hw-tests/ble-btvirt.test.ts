import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { LinkAddress, Radio } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { systemClock } from '../dist/system/system-clock.js';
import { silentLog } from '../dist/testing/radio-world.js';

/** BlueZ's own emulator, as somebody who does not share our mistakes. Its sockets have fixed names. */
const BTVIRT = process.env['BTVIRT'] ?? 'btvirt';
const SOCKET = '/tmp/bt-server-le';
const SHIM = fileURLToPath(new URL('../hw-tests/btvirt/afalg-shim.c', import.meta.url));
const FRAMES = 20;

const isThere = spawnSync(BTVIRT, ['--version']).status === 0;
const check = (title: string, run: (t: ExecutionContext) => Promise<void>): void => {
  if (isThere) test(title, run);
  else test.skip(`${title} (skipped: needs bluez-test-tools)`, () => {});
};

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};

function start(directory: string): () => void {
  const shim = join(directory, 'shim.so');
  // Without a compiler it works as well where the kernel has AF_ALG.
  const isBuilt = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', shim, SHIM, '-ldl']).status === 0;
  const env = { ...process.env, ...(isBuilt && { LD_PRELOAD: shim }) };
  const child = spawn(BTVIRT, ['-s'], { env, stdio: 'ignore' });
  return () => void child.kill('SIGTERM');
}

interface End {
  readonly radio: Radio;
  readonly links: Set<LinkAddress>;
  readonly heard: Uint8Array[];
}

function makeEnd(id: string): End {
  const identity = { key: new Uint8Array(16), id };
  const radio = createBleRadio({ adapter: `unix:${SOCKET}`, identity, log: silentLog(), clock: systemClock });
  return { radio, links: new Set(), heard: [] };
}

check('a link between two nodes works on BlueZ btvirt, too', async (t) => {
  t.timeout(40_000);
  const directory = mkdtempSync(join(tmpdir(), 'btvirt-'));
  rmSync(SOCKET, { force: true });
  const stop = start(directory);
  const ends = [makeEnd('a'), makeEnd('b')] as const;
  try {
    await until(() => existsSync(SOCKET));
    for (const { radio, links, heard } of ends) {
      await radio.open({
        heard: (frames) => heard.push(...frames.map(({ bytes }) => bytes)),
        linkUp: (address) => links.add(address),
        linkDown: (address) => links.delete(address),
        condition: () => {},
      });
    }
    await until(() => ends.every(({ links }) => links.size === 1));
    for (const { radio, links } of ends) {
      for (let i = 0; i < FRAMES; i++) {
        radio.send(new Uint8Array(600).fill(i), [...links][0]);
        // Its server has one buffer for all and drops what does not fit at once.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await until(() => ends.every(({ heard }) => heard.length === FRAMES));
    for (const { heard } of ends)
      t.deepEqual(
        heard,
        Array.from({ length: FRAMES }, (_, i) => new Uint8Array(600).fill(i)),
      );
  } finally {
    await Promise.all(ends.map(({ radio }) => radio.close()));
    stop();
    rmSync(directory, { recursive: true });
  }
});
