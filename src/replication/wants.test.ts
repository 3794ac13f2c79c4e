import test from 'ava';
import { nodeNamed } from '../testing/builders.js';
import type { RecordKey } from './keys.js';
import { MAX_WINDOW, START_WINDOW } from './limits.js';
import { Wants } from './wants.js';

const PEER = nodeNamed(2);
const key = (n: number): RecordKey => BigInt(n * 2) as RecordKey;

function wanting(bytesPerSecond: number, records = 500): Wants {
  const wants = new Wants();
  wants.peerUp(PEER, bytesPerSecond);
  for (let n = 1; n <= records; n++) wants.offer(key(n), PEER);
  return wants;
}

const asked = (wants: Wants, now: number): number => wants.dispatch(now).get(PEER)?.length ?? 0;

test('as many records are asked for as the way carries in seconds', (t) => {
  t.is(asked(wanting(120), 0), 4);
  t.is(asked(wanting(960), 0), 7);
  t.is(asked(wanting(12_500_000), 0), START_WINDOW);
});

test('what arrives opens the window of a fast way, and leaves that of a slow one', (t) => {
  for (const [bytesPerSecond, most] of [
    [960, 7],
    [12_500_000, MAX_WINDOW],
  ] as const) {
    const wants = wanting(bytesPerSecond);
    let next = 0;
    for (let round = 0; round < 6; round++) {
      const count = asked(wants, round);
      for (let i = 0; i < count; i++) wants.settle(key(++next));
      wants.arrived(PEER, count, round);
    }
    t.true(asked(wants, 10) <= most);
    if (bytesPerSecond === 960) t.is(wants.size, 500 - 6 * 7);
  }
});

test('what a slow way cannot have brought yet is not asked for again', (t) => {
  const wants = wanting(960);
  asked(wants, 0);
  // Seven records take 7.5 s, and others may be on their way too.
  t.is(wants.expire(15_000), 0);
  t.is(asked(wants, 15_000), 0);
  t.true((wants.nextDeadline() as number) > 20_000);
  wants.expire(30_000);
  t.true(asked(wants, 30_000) > 0);
});

test('a neighbour that is reached over a slower way is asked for less from then on', (t) => {
  const wants = wanting(12_500_000);
  t.is(asked(wants, 0), START_WINDOW);
  wants.peerUp(PEER, 960);
  for (let n = 1; n <= START_WINDOW; n++) wants.settle(key(n));
  t.is(asked(wants, 1), 7);
  wants.peerUp(PEER, 12_500_000);
  wants.arrived(PEER, 20, 2);
  t.is(asked(wants, 2), 20);
});
