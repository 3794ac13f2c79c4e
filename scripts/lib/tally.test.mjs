import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addTally, countsOf, emptyTally, tallyOf } from './tally.mjs';

const TAP = `TAP version 13
ok 1 - core › bytes › hex goes there and back
not ok 2 - wire › frame › a frame is read
#   a word logged
  ---
    message: 'no'
  ...
ok 3 - radios › a veth pair joins them (skipped: needs root) # SKIP
    not ok 1 - inner
not ok 4 - later # ${'TO'}DO

1..4
# tests 3
`;

test('TAP gives its passes, failures with their detail, and skips', () => {
  const tally = tallyOf('tap', TAP, 1);
  assert.equal(countsOf(tally), '1 passed, 1 failed, 2 skipped');
  assert.match(tally.failures[0], /a frame is read\n.*---\n.*message: 'no'/s);
  assert.deepEqual(tally.skips, ['radios › a veth pair joins them (skipped: needs root)', 'later']);
});

test('a runner that ends early has failed, even with exit code 0', () => {
  assert.equal(countsOf(tallyOf('tap', TAP.replace('1..4\n', ''), 0)), '1 passed, 2 failed, 2 skipped');
  assert.equal(countsOf(tallyOf('tap', TAP.replace('1..4', '1..9'), 0)), '1 passed, 2 failed, 2 skipped');
});

test('a runner that fails without naming a test, or that ran none, has failed', () => {
  assert.equal(countsOf(tallyOf('tap', 'ok 1 - a\n1..1\n', 1)), '1 passed, 1 failed, 0 skipped');
  assert.equal(countsOf(tallyOf('tap', '1..0\n', 0)), '0 passed, 1 failed, 0 skipped');
  assert.equal(countsOf(tallyOf('ctest', 'No tests were found!!!\n', 0)), '0 passed, 1 failed, 0 skipped');
});

test('a skip with a reason of node:test keeps it', () => {
  assert.deepEqual(tallyOf('tap', 'ok 1 - a # SKIP no protoc\n1..1\n', 0).skips, ['a (no protoc)']);
});

test('the list of CTest is read', () => {
  const text = `Test project
    Start 1: siphash
1/5 Test #1: siphash ..........................   Passed    0.00 sec
2/5 Test #2: dedup ............................***Failed    0.01 sec
3/5 Test #3: neon .............................***Skipped   0.00 sec
4/5 Test  #4: slow ............................***Timeout   1.00 sec
5/5 Test #5: crash ............................***Exception: SegFault  0.10 sec

60% tests passed, 3 tests failed out of 5
`;
  const tally = tallyOf('ctest', text, 8);
  assert.equal(countsOf(tally), '1 passed, 3 failed, 1 skipped');
  assert.deepEqual(tally.failures, ['dedup: Failed', 'slow: Timeout', 'crash: Exception: SegFault']);
});

test('the report of unittest is read', () => {
  const text = `test_a (test_push.Push.test_a) ... ok
test_b (test_push.Push.test_b) ... FAIL
test_c (test_push.Push.test_c) ... skipped 'no numpy'

======================================================================
FAIL: test_b (test_push.Push.test_b)
----------------------------------------------------------------------
Ran 3 tests in 0.001s

FAILED (failures=1, skipped=1)
`;
  const tally = tallyOf('unittest', text, 1);
  assert.equal(countsOf(tally), '1 passed, 1 failed, 1 skipped');
  assert.deepEqual(tally.skips, ['test_c (no numpy)']);
});

test('a check counts as one, and tallies add up', () => {
  const sum = addTally(addTally(emptyTally(), tallyOf('check', '', 0)), tallyOf('check', '', 2));
  assert.equal(countsOf(sum), '1 passed, 1 failed, 0 skipped');
  assert.deepEqual(sum.failures, ['exit code 2']);
});
