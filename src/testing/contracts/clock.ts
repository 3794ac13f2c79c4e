import test from 'ava';
import type { Clock } from '../../ports/clock.js';

export interface ClockSubject {
  readonly clock: Clock;
  /** Lets at least this much time pass: really, or in a simulated world. */
  advance(ms: number): Promise<void>;
}

/** What every implementation of the `Clock` port must do. Uses delays of some 10 ms. */
export function clockContract(name: string, open: () => ClockSubject): void {
  test(`${name}: now never steps back and counts milliseconds`, async (t) => {
    const { clock, advance } = open();
    const before = clock.now();
    let last = before;
    for (let i = 0; i < 1_000; i++) {
      const now = clock.now();
      t.true(now >= last);
      last = now;
    }
    await advance(20);
    t.true(clock.now() - before >= 19, `${clock.now() - before} ms instead of 20`);
  });

  test(`${name}: wall is a Unix time in milliseconds that moves along`, async (t) => {
    const { clock, advance } = open();
    const before = clock.wall();
    t.true(before > Date.UTC(2020, 0) && before < Date.UTC(2200, 0), `${before}`);
    await advance(20);
    t.true(clock.wall() - before >= 15);
  });

  test(`${name}: a timer runs once, later, and not before its delay`, async (t) => {
    const { clock, advance } = open();
    const start = clock.now();
    const ran: number[] = [];
    clock.timer('once', 10, () => ran.push(clock.now() - start));
    t.deepEqual(ran, [], 'not at once');
    await advance(30);
    t.is(ran.length, 1);
    t.true((ran[0] as number) >= 9, `after ${ran[0]} ms`);
    await advance(20);
    t.is(ran.length, 1);
  });

  test(`${name}: timers run in the order in which they are due`, async (t) => {
    const { clock, advance } = open();
    const ran: string[] = [];
    clock.timer('late', 25, () => ran.push('late'));
    clock.timer('soon', 5, () => ran.push('soon'));
    clock.timer('middle', 15, () => ran.push('middle'));
    await advance(60);
    t.deepEqual(ran, ['soon', 'middle', 'late']);
  });

  test(`${name}: a delay of zero, less, or nonsense still runs after the caller`, async (t) => {
    const { clock, advance } = open();
    const ran: number[] = [];
    for (const delay of [0, -5, Number.NaN]) clock.timer('now', delay, () => ran.push(delay));
    t.is(ran.length, 0);
    await advance(10);
    t.is(ran.length, 3);
  });

  test(`${name}: a cancelled timer never runs, and cancelling twice or too late is harmless`, async (t) => {
    const { clock, advance } = open();
    const ran: string[] = [];
    const stopped = clock.timer('stopped', 5, () => ran.push('stopped'));
    const done = clock.timer('done', 5, () => ran.push('done'));
    stopped.cancel();
    stopped.cancel();
    await advance(20);
    done.cancel();
    t.deepEqual(ran, ['done']);
  });

  test(`${name}: a timer may start another one`, async (t) => {
    const { clock, advance } = open();
    let rounds = 0;
    const again = (): void => {
      rounds += 1;
      if (rounds < 3) clock.timer('again', 3, again);
    };
    clock.timer('again', 3, again);
    for (let i = 0; i < 50 && rounds < 3; i++) await advance(10);
    await advance(10);
    t.is(rounds, 3);
  });

  test(`${name}: a delay of a year does not run now`, async (t) => {
    const { clock, advance } = open();
    let ran = false;
    const timer = clock.timer('year', 365 * 86_400_000, () => (ran = true));
    await advance(20);
    timer.cancel();
    t.false(ran);
  });
}
