import test from 'ava';
import type { Log } from '../ports/log.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import { MeasuredLog } from './measured-log.js';

test('beyond its measure lines are left out, and the next one says how many', (t) => {
  const lines: (readonly [string, object])[] = [];
  const take = (message: string, fields = {}) => lines.push([message, fields]);
  const log: Log = { debug: take, info: take, warn: take, error: take, child: () => log };
  const clock = new SteppedClock();
  const measured = new MeasuredLog(log, clock);
  for (let i = 0; i < 1_000; i++) measured.say('info', `line ${i}`);
  t.is(lines.length, 250);
  t.deepEqual(lines.at(-1), ['line 249', {}]);
  clock.advance(1_000);
  measured.say('warn', 'later', { node: 'x' });
  t.deepEqual(lines.at(-1), ['later', { node: 'x', leftOut: 750 }]);
  measured.say('info', 'too soon');
  clock.advance(1_000);
  measured.say('info', 'again');
  t.deepEqual(lines.at(-1), ['again', { leftOut: 1 }]);
});
