import test from 'ava';
import fc from 'fast-check';
import { ReplayWindow, WINDOW_BITS } from './replay-window.js';

/** The same by remembering everything. */
class NaiveWindow {
  readonly #seen = new Set<number>();
  #newest: number | undefined;

  accept(sequence: number): boolean {
    if (this.#newest !== undefined) {
      const behind = (this.#newest - sequence) | 0;
      if (behind >= WINDOW_BITS || this.#seen.has(sequence)) return false;
    }
    if (this.#newest === undefined || ((sequence - this.#newest) | 0) > 0) this.#newest = sequence;
    this.#seen.add(sequence);
    return true;
  }
}

const steps = fc.array(
  fc.oneof(
    fc.integer({ min: -30, max: 30 }),
    fc.integer({ min: -WINDOW_BITS - 5, max: -WINDOW_BITS + 5 }),
    fc.integer({ min: WINDOW_BITS - 5, max: WINDOW_BITS + 5 }),
    fc.integer({ min: -20_000, max: 40_000 }),
  ),
  { maxLength: 200 },
);

test('it tells fresh from seen as one who remembers everything, across the wrap of 32 bits too', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(0, 1_000_000, 0xffff_ffff, 0xffff_f000, 0x7fff_ffff), steps, (start, moves) => {
      const [window, naive] = [new ReplayWindow(), new NaiveWindow()];
      let sequence = start;
      for (const move of moves) {
        sequence = (sequence + move) >>> 0;
        const fresh = window.isFresh(sequence);
        t.is(window.accept(sequence), fresh);
        t.is(fresh, naive.accept(sequence), `${sequence}`);
      }
    }),
  );
});

test('a sequence is accepted once', (t) => {
  const window = new ReplayWindow();
  t.true(window.accept(10));
  t.false(window.accept(10));
  t.true(window.accept(9));
  t.false(window.isFresh(9));
});

test('looking does not accept', (t) => {
  const window = new ReplayWindow();
  t.true(window.isFresh(5));
  t.true(window.isFresh(5));
});

test('what lies at or before the floor is history, the first floor stays', (t) => {
  const window = new ReplayWindow();
  window.startAfter(100);
  window.startAfter(500);
  t.false(window.accept(100));
  t.false(window.accept(1));
  t.true(window.accept(101));
  t.true(window.accept(400));
});

test('a floor set later does not undo what was accepted, and holds for the rest', (t) => {
  const window = new ReplayWindow();
  t.true(window.accept(50));
  window.startAfter(60);
  t.false(window.accept(55));
  t.true(window.accept(61));
});
