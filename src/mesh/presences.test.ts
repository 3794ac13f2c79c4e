import test from 'ava';
import { at, carrierWith, testRandom } from '../testing/builders.js';
import { Presences } from './presences.js';

const INTERVAL_MS = 1_000;
const timing = { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 1e9 };

/** Nodes in earshot of each other, each begun at a time of its own; `lost` says which word does not reach whom. */
function crowd(size: number, lost: (from: number, to: number) => boolean = () => false) {
  const random = testRandom('crowd');
  const carrier = carrierWith();
  carrier.linksUp = size - 1;
  const nodes = Array.from({ length: size }, (_, i) => {
    const presences = new Presences({ random: testRandom(i), timing });
    presences.open(carrier, random.below(INTERVAL_MS));
    return presences;
  });
  const spoken: { readonly node: number; readonly at: number }[] = [];
  const speak = (node: number, now: number): void => {
    const mine = nodes[node] as Presences;
    if (mine.due(at(now)).length === 0) return;
    spoken.push({ node, at: now });
    for (const [other, presences] of nodes.entries())
      if (other !== node && !lost(node, other) && presences.heard(carrier, at(now))) speak(other, now);
  };
  let now = 0;
  const run = (ms: number): void => {
    for (const end = now + ms; ; ) {
      const times = nodes.map((presences) => presences.nextDeadline() as number);
      now = Math.min(...times);
      if (now > end) return;
      speak(times.indexOf(now), now);
    }
  };
  return { spoken, run };
}

const momentsIn = (spoken: readonly { readonly at: number }[]): number => new Set(spoken.map((word) => word.at)).size;

test('neighbours fall into step, and each still speaks about once an interval', (t) => {
  const { spoken, run } = crowd(10);
  run(60_000);
  spoken.length = 0;
  run(60_000);
  t.true(momentsIn(spoken) <= 60, `${momentsIn(spoken)} moments in 60 intervals`);
  for (let node = 0; node < 10; node++) {
    const mine = spoken.filter((word) => word.node === node).length;
    t.true(mine >= 52 && mine <= 61, `${mine}`);
  }
});

test('they fall into step although a fifth of all words is lost', (t) => {
  const random = testRandom('loss');
  const { spoken, run } = crowd(10, () => random.chance(0.2));
  run(60_000);
  spoken.length = 0;
  run(60_000);
  t.true(momentsIn(spoken) <= 250, `${momentsIn(spoken)} moments, of some 560 words`);
});

test('of a large crowd only a part speaks together, so that no burst takes the air for long', (t) => {
  const { spoken, run } = crowd(60);
  run(60_000);
  spoken.length = 0;
  run(20_000);
  const most = Math.max(...spoken.map((word) => spoken.filter((other) => Math.abs(other.at - word.at) < 50).length));
  t.true(most <= 45, `${most} at once`);
});

test('who says all the time that it is there makes nobody talk much faster', (t) => {
  const presences = new Presences({ random: testRandom(1), timing });
  const carrier = carrierWith();
  presences.open(carrier, 0);
  let sent = 0;
  for (let now = 0; now < 60_000; now += 10) {
    presences.heard(carrier, at(now));
    sent += presences.due(at(now)).length;
  }
  t.true(sent >= 55 && sent <= 60 / 0.54, `${sent} in a minute`);
});

test('where nobody is watched nothing is said', (t) => {
  const presences = new Presences({ random: testRandom(1), timing });
  const carrier = carrierWith();
  t.is(presences.nextDeadline(), undefined);
  t.false(presences.heard(carrier, at(0)));
  presences.open(carrier, 5);
  t.is(presences.nextDeadline(), 5);
  presences.close(carrier);
  t.deepEqual(presences.due(at(10)), []);
});
