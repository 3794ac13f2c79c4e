import test from 'ava';
import { parseScenario } from '../scenario-file.js';
import { faultMarks } from './fault-marks.js';

const scenario = (more: string) =>
  parseScenario(
    `duration = "10m"
[nodes]
count = 9
[[radios]]
kind = "udp"
shape = "line"
[[faults]]
do = "heal"
at = "90s"
[[faults]]
do = "partition"
at = "60s"
groups = [["0-6"], [7, 8]]
[[faults]]
do = "stall"
at = "90s"
nodes = [3]
for = "2s"
${more}`,
    'marks.toml',
  );

test('faults are marks in order, those of one moment are one', (t) => {
  t.deepEqual(faultMarks(scenario(''), 1), [
    { at: 60, word: 'partition', title: '1 min: partition 7 nodes | 7, 8' },
    { at: 90, word: 'heal, stall', title: '1.5 min: heal; stall 3 for 2 s' },
  ]);
});

test('crashes of churn are marked while they are few', (t) => {
  const churn = (up: string) => scenario(`[churn]\nmean_up = "${up}"\nmean_down = "10s"\nnodes = [2]`);
  const few = faultMarks(churn('2m'), 1);
  t.true(few.some(({ title }) => title.endsWith('crash 2')) && few.every(({ at }) => at < 600));
  t.is(faultMarks(churn('5s'), 1).length, 2);
});
