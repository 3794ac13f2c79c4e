import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { serveControllers } from './emulation/serve.js';
import { until } from './wait.js';

const LIMIT_MS = 60_000;
const PACKAGES = fileURLToPath(new URL('../hw-tests/originals/node_modules/@abandonware', import.meta.url));
const NODE = fileURLToPath(new URL('original-node.js', import.meta.url));
const TITLE = 'the original @abandonware packages, too, make a link through the multiplexer';

interface Word {
  readonly event: string;
  readonly role?: number;
}

/** A node in a process of its own: the original peripheral stack exists once in each. */
function start(name: string, socket: string, ...mode: string[]): { words: Word[]; end: () => void } {
  const words: Word[] = [];
  const child = spawn(process.execPath, [NODE, name, socket, ...mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => words.push(JSON.parse(line)));
  return { words, end: () => void child.kill('SIGKILL') };
}

if (existsSync(join(PACKAGES, 'noble')) && existsSync(join(PACKAGES, 'bleno'))) {
  test(TITLE, async (t) => {
    t.timeout(2 * LIMIT_MS);
    const folder = mkdtempSync(join(tmpdir(), 'originals-'));
    const sockets = ['a', 'b'].map((name) => join(folder, `${name}.sock`)) as [string, string];
    const server = await serveControllers(sockets);
    const called = start('a', sockets[0]);
    const calling = start('b', sockets[1], 'dial');
    const says = ({ words }: { words: Word[] }, event: string): boolean => words.some((word) => word.event === event);
    try {
      await until('all messages both ways', () => says(called, 'complete') && says(calling, 'complete'), LIMIT_MS);
      t.deepEqual(
        [called, calling].map(({ words }) => words.filter(({ event }) => event === 'link').map(({ role }) => role)),
        [[1], [0]],
      );
      for (const { words } of [called, calling])
        t.deepEqual(
          words.filter(({ event }) => ['damaged', 'lost', 'fault', 'failed', 'dial failed'].includes(event)),
          [],
        );
      t.deepEqual(
        [...server.air.controllers].flatMap(({ violations }) => violations),
        [],
      );
    } catch (error) {
      t.log(called.words, calling.words);
      throw error;
    } finally {
      called.end();
      calling.end();
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
} else {
  test.skip(`${TITLE} (skipped: needs npm ci --ignore-scripts --prefix hw-tests/originals)`, () => {});
}
