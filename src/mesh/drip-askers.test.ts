import test from 'ava';
import { at, nodeNamed } from '../testing/builders.js';
import { type DripMember, dripItem, dripLine } from '../testing/drip-net.js';
import { DripAskers } from './drip-askers.js';
import { DripKind } from './drip-items.js';

const X = nodeNamed(50);

test('the beat of a new boot comes all the way at once to who asks for it, past nodes that hold an older one or none', (t) => {
  const net = dripLine(6);
  // Nothing trickles: as of a node of another segment.
  net.spareAt = net.now + 600_000;
  const beat = (n: number) => dripItem(X, n, DripKind.Beat);
  net.members.forEach(({ drip }, i) => {
    if (i !== 3) drip.put(beat(i === 0 ? 2 : 1), undefined, at(net.now));
  });
  // A frame of the new boot passes: each asks whom it came from.
  for (let i = 1; i < 6; i++) {
    const [before, member] = [net.members[i - 1], net.members[i]] as [DripMember, DripMember];
    member.drip.request(before.id, DripKind.Beat, X, at(net.now));
    net.run(1);
  }
  net.run(100);
  for (const { drip } of net.members) t.is(drip.rankOf(DripKind.Beat, X), 2n);
});

test('who asked is told once, or as long as this node asks itself; few are remembered', (t) => {
  const askers = new DripAskers();
  const [a, b] = [nodeNamed(1), nodeNamed(2)];
  askers.add('one', a);
  askers.add('one', b);
  askers.gone(b);
  t.deepEqual([...askers.of('one', at(0))], [a]);
  t.deepEqual([...askers.of('one', at(0))], []);
  askers.asks('one', at(1_000));
  askers.add('one', a);
  t.deepEqual([...askers.of('one', at(2_000))], [a]);
  t.deepEqual([...askers.of('one', at(11_000))], [a], 'what came first was not what was wanted');
  t.deepEqual([...askers.of('one', at(11_000))], []);
  askers.add('one', a);
  for (let i = 0; i < 200; i++) askers.add(`${i}`, a);
  t.deepEqual([...askers.of('one', at(0))], []);
});
