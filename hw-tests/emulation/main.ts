import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { parseReach, serveControllers } from './serve.js';

// node dist-hw/emulation/main.js [--real-time] [--reach a-b,b-c] a.sock b.sock c.sock
// A line on standard input changes the reach while it runs: `a-b,b-c`, or `all`.
const { values, positionals } = parseArgs({
  options: { 'real-time': { type: 'boolean', default: false }, reach: { type: 'string' } },
  allowPositionals: true,
});
if (positionals.length === 0) {
  process.stderr.write('usage: main.js [--real-time] [--reach a-b,b-c] SOCKET…\n');
  process.exit(2);
}
const server = await serveControllers(positionals, { timeScale: values['real-time'] ? 1 : 0 });
if (values.reach !== undefined) server.setReach(parseReach(values.reach));
process.stdout.write(`listening on ${positionals.join(' ')}\n`);
createInterface({ input: process.stdin }).on('line', (line) => {
  try {
    server.setReach(line.trim() === 'all' ? undefined : parseReach(line.trim()));
    process.stdout.write(`reach ${line.trim()}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
  }
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void server.close().then(() => process.exit(0)));
