import test from 'ava';
import { SteppedClock } from '../testing/stepped-clock.js';
import { MemoryKeeper } from './memory-keeper.js';

const MIB = 1 << 20;

function keeper() {
  const clock = new SteppedClock();
  const state = { steps: 0, resident: 60 * MIB, collections: 0, trims: 0 };
  const memory = new MemoryKeeper({
    clock,
    steps: () => state.steps,
    residentBytes: () => state.resident,
    collect: () => void state.collections++,
    trim: () => void state.trims++,
  });
  memory.start();
  return { clock, state, memory };
}

test('what a burst left behind is given back once the agent is quiet, in a few passes, and then left alone', (t) => {
  const { clock, state } = keeper();
  clock.advance(60_000);
  const first = state.collections;
  t.true(first >= 2 && first <= 4);
  t.is(state.trims, first);
  clock.advance(60_000);
  t.is(state.collections, first, 'nothing grew');
  state.resident = 100 * MIB;
  clock.advance(60_000);
  t.is(state.collections, 2 * first);
});

test('an agent at work is left alone', (t) => {
  const { clock, state } = keeper();
  for (let i = 0; i < 10; i++) {
    state.steps += 10_000;
    clock.advance(5_000);
  }
  t.is(state.collections, 0);
});

test('a stopped keeper does nothing', (t) => {
  const { clock, state, memory } = keeper();
  memory.stop();
  clock.advance(60_000);
  t.is(state.collections, 0);
});
