import test from 'ava';
import { handClock } from '../../testing/radio-world.js';
import { OPEN_LIMIT_MS } from './limits.js';
import { type DriverPort, openDriver } from './port.js';

type Opened = (error: Error | null) => void;

/** A driver's port whose opening ends when the test says so. */
function slowDriver(path: string) {
  const calls: Opened[] = [];
  let closed = 0;
  const driver = {
    path,
    isOpen: false,
    on: () => driver,
    open: (done: Opened) => void calls.push(done),
    close: () => void closed++,
  };
  return { driver: driver as unknown as DriverPort, calls, closed: () => closed };
}

test('a port whose opening hangs is not opened again before that try has come to its end', async (t) => {
  const clock = handClock();
  const hanging = new Set<string>();
  const { driver, calls, closed } = slowDriver('/dev/ttyHUNG');
  const first = openDriver(driver, clock, hanging);
  clock.advance(OPEN_LIMIT_MS);
  await t.throwsAsync(first, { message: /timed out/ });
  for (let i = 0; i < 10; i++) await t.throwsAsync(openDriver(driver, clock, hanging), { message: /timed out/ });
  t.is(calls.length, 1);
  const other = slowDriver('/dev/ttyOTHER');
  void openDriver(other.driver, clock, hanging);
  t.is(other.calls.length, 1, 'another port is none of its business');
  calls[0]?.(null);
  t.is(closed(), 1, 'what opens late is closed');
  const again = openDriver(driver, clock, hanging);
  t.is(calls.length, 2);
  calls[1]?.(null);
  await t.notThrowsAsync(again);
  other.calls[0]?.(null);
  t.is(clock.pending, 0);
});
