import test from 'ava';
import { Wake } from './wake.js';

const machine = (at?: number) => ({
  at,
  asked: 0,
  nextDeadline() {
    this.asked++;
    return this.at;
  },
});

test('the engine is woken at the earliest of all deadlines, which are asked for once', (t) => {
  const [liveness, one, none] = [machine(70), machine(50), machine()];
  const wake = new Wake(liveness, [one, none]);
  t.false(wake.nothingDue(0), 'nothing is known yet');
  t.is(wake.at(), 50);
  t.is(wake.at(), 50);
  t.is(one.asked, 1);
  t.true(wake.nothingDue(49));
  t.false(wake.nothingDue(50));
  one.at = 40;
  wake.changed();
  t.is(wake.at(), 40);
});

test('what liveness does asks nobody else, unless it changed more', (t) => {
  const [liveness, one] = [machine(10), machine(50)];
  const wake = new Wake(liveness, [one]);
  t.is(wake.at(), 10);
  t.true(wake.nothingElseDue(49));
  t.false(wake.nothingElseDue(50));
  const heard = (): void => {
    liveness.at = 20;
  };
  t.true(wake.passes(heard));
  t.is(wake.at(), 20);
  t.is(one.asked, 1);
  const gaveUp = (): void => {
    one.at = 5;
    wake.changed();
  };
  t.false(wake.passes(gaveUp));
  t.false(wake.nothingDue(0));
  t.is(wake.at(), 5);
});
