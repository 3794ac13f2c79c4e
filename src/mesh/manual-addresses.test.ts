import test from 'ava';
import { nodeNamed } from '../testing/builders.js';
import { MANUAL_ADDRESSES_MAX, ManualAddresses } from './manual-addresses.js';

const nobody = (): boolean => false;

/** When the addresses given are greeted, deadline by deadline. */
function greetings(manual: ManualAddresses, until: number, isLinked = nobody): number[] {
  const times: number[] = [];
  for (;;) {
    const at = manual.nextDeadline(() => true);
    if (at === undefined || at > until) return times;
    for (const _ of manual.due(at, isLinked)) times.push(at);
  }
}

test('an address that never answers is tried at once, then ever more rarely, at least once a minute', (t) => {
  const manual = new ManualAddresses();
  manual.add(0, 'a', undefined, 0);
  const times = greetings(manual, 400_000);
  t.deepEqual(times.slice(0, 7), [0, 2_000, 6_000, 14_000, 30_000, 62_000, 122_000]);
  const gaps = times.slice(1).map((at, i) => at - (times[i] as number));
  t.is(Math.max(...gaps), 60_000);
});

test('once linked it is left alone, and tried soon after the link is gone', (t) => {
  const manual = new ManualAddresses();
  manual.add(0, 'a', undefined, 0);
  greetings(manual, 300_000);
  t.deepEqual(
    greetings(manual, 400_000, () => true),
    [],
  );
  const [first = 0, second = 0] = greetings(manual, 410_000);
  t.true(first <= 402_000);
  t.is(second - first, 2_000);
});

test('a radio that comes back tries its own addresses at once', (t) => {
  const manual = new ManualAddresses();
  manual.add(0, 'a', undefined, 0);
  manual.add(1, 'b', undefined, 0);
  greetings(manual, 300_000);
  manual.carrierUp(1, 300_001);
  t.deepEqual(manual.due(300_001, nobody).map(({ address }) => address), ['b']); // biome-ignore format: a line
});

test('addresses of a radio that is not there are not waited for', (t) => {
  const manual = new ManualAddresses();
  manual.add(0, 'a', undefined, 5);
  t.is(manual.nextDeadline((carrier) => carrier === 1), undefined); // biome-ignore format: a line
});

test('beyond the bound a further address is refused, and one that is there already may be given again', (t) => {
  const manual = new ManualAddresses();
  for (let i = 0; i < MANUAL_ADDRESSES_MAX; i++) t.true(manual.add(0, `a${i}`, undefined, 0));
  t.false(manual.hasRoom(0, 'one more'));
  t.false(manual.add(0, 'one more', undefined, 0));
  t.true(manual.add(0, 'a7', nodeNamed(3), 0));
  t.is(manual.find(0, 'a7')?.expected, nodeNamed(3));
  t.is(manual.remove(({ address }) => address === 'a7'), 1); // biome-ignore format: a line
  t.true(manual.add(0, 'one more', undefined, 0));
  t.is([...manual.all()].length, MANUAL_ADDRESSES_MAX);
});
