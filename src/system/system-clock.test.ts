import { execFileSync } from 'node:child_process';
import test from 'ava';
import { clockContract } from '../testing/contracts/clock.js';
import { systemClock } from './system-clock.js';

clockContract('system clock', () => ({
  clock: systemClock,
  advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}));

test('a timer does not keep the process alive', (t) => {
  const module = new URL('./system-clock.js', import.meta.url).href;
  const script = `import { systemClock } from '${module}'; systemClock.timer('t', 60_000, () => {}); console.log('set');`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
  t.is(output.toString(), 'set\n');
});
