import test from 'ava';
import { ScanWatchdog } from './scan-watchdog.js';

test('silence restarts the scan twice, then resets the controller, then waits twice as long', (t) => {
  const watchdog = new ScanWatchdog(1_000, 0);
  watchdog.heard(0);
  const verdicts: string[] = [];
  for (let now = 100; now <= 9_500; now += 100) {
    const verdict = watchdog.check(now);
    if (verdict !== 'fine') verdicts.push(`${now} ${verdict}`);
  }
  t.deepEqual(verdicts, [
    '1100 restart-scan',
    '2200 restart-scan',
    '3300 reset',
    '5400 restart-scan',
    '7500 restart-scan',
  ]);
});

test('an advert makes it patient and prompt again', (t) => {
  const watchdog = new ScanWatchdog(1_000, 0);
  watchdog.heard(0);
  for (const now of [1_100, 2_200, 3_300]) watchdog.check(now);
  watchdog.heard(4_000);
  t.is(watchdog.check(4_900), 'fine');
  t.is(watchdog.check(5_100), 'restart-scan');
});

test('in a field where nobody was ever heard it is slow to blame the controller', (t) => {
  const watchdog = new ScanWatchdog(1_000, 0);
  t.is(watchdog.check(5_900), 'fine');
  t.is(watchdog.check(6_100), 'restart-scan');
});

test('time in which nothing could be heard does not count', (t) => {
  const watchdog = new ScanWatchdog(1_000, 0);
  watchdog.heard(0);
  watchdog.excuse(5_000);
  t.is(watchdog.check(5_900), 'fine');
});
