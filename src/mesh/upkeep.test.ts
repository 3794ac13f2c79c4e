import test from 'ava';
import { Upkeep } from './upkeep.js';

const at = (mono: number) => ({ mono, wall: mono });

function upkeep(nodes: number) {
  const done: string[] = [];
  const machine = new Upkeep({
    nodes: () => nodes,
    due: ({ mono }) => void done.push(`due ${mono}`),
    refresh: ({ mono }) => void done.push(`refresh ${mono}`),
  });
  return { machine, done };
}

test('once a second, with what else wakes the engine; by itself it wakes it only after two', (t) => {
  const { machine, done } = upkeep(2);
  machine.tick(at(0));
  t.is(machine.nextDeadline(), 2_000);
  machine.tick(at(999));
  machine.tick(at(1_001));
  t.deepEqual(done, ['due 0', 'refresh 0', 'due 1001', 'refresh 1001']);
});

test('who can be reached is found out at once in a small mesh, and after a pause in a large one', (t) => {
  const small = upkeep(2);
  small.machine.tick(at(0));
  small.machine.changed();
  t.is(small.machine.nextDeadline(), 0);
  small.machine.tick(at(1));
  t.is(small.done.at(-1), 'refresh 1');

  const large = upkeep(220);
  large.machine.tick(at(0));
  large.machine.changed();
  t.is(large.machine.nextDeadline(), 400);
  large.machine.tick(at(399));
  t.is(large.done.length, 2);
  large.machine.tick(at(400));
  t.is(large.done.at(-1), 'refresh 400');
});
