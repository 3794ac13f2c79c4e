import test from 'ava';
import { HybridClock } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { at, carrierWith, nodeNamed, selfNamed, upLink } from '../testing/builders.js';
import { type Link, Links } from './links.js';
import { OwnState, WITHHELD_MAX_MS } from './own-state.js';

function setup(counter = 1) {
  const links = new Links();
  const self = selfNamed(1, { counter });
  const own = new OwnState({ self }, links, { clock: new HybridClock(), name: 'cam', version: '1.2.3' });
  return { links, own, self };
}

test('the first snapshot is due at once and says who this is', (t) => {
  const { own, self } = setup();
  t.like(own.tick(at(0)), { author: self.id, name: 'cam', version: '1.2.3', condition: 'active', neighbours: [] });
  t.is(own.tick(at(1)), undefined);
  t.is(own.nextDeadline(), undefined);
});

test('every snapshot has a newer stamp and a higher counter, over restarts too', (t) => {
  const { own } = setup(1);
  const first = own.tick(at(0));
  own.patch({ fields: { fps: 1 } }, at(1));
  const second = own.tick(at(1));
  const reborn = setup(2).own.tick(at(0));
  if (!first || !second || !reborn) return t.fail();
  t.true(second.hlc > first.hlc);
  t.is(second.counter, first.counter + 1);
  t.true(reborn.counter > second.counter);
});

test('a patch is out at once; null takes a field away, what is not named stays', (t) => {
  const { own } = setup();
  own.tick(at(0));
  own.patch({ fields: { fps: 10, battery: 80 }, custom: { lens: 'wide' } }, at(5));
  t.is(own.nextDeadline(), 5);
  t.like(own.tick(at(5)), { fields: { fps: 10, battery: 80 }, custom: { lens: 'wide' } });
  own.patch({ fields: { fps: null, cpu: 3 }, condition: 'processing' }, at(6));
  t.deepEqual(own.tick(at(6))?.fields, { battery: 80, cpu: 3 });
  own.patch({ custom: null }, at(7));
  t.like(own.tick(at(7)), { custom: {}, condition: 'processing' });
});

test('links that come and go are gathered into one snapshot', (t) => {
  const { links, own } = setup();
  own.tick(at(0));
  const link = upLink(links, nodeNamed(5));
  own.linksChanged(at(100));
  upLink(links, nodeNamed(6));
  own.linksChanged(at(110));
  t.is(own.tick(at(150)), undefined);
  t.deepEqual(
    own.tick(at(own.nextDeadline() as number))?.neighbours.map((edge) => edge.node),
    [nodeNamed(5), nodeNamed(6)],
  );
  own.linksChanged(at(200));
  t.is(own.nextDeadline(), undefined, 'nothing has changed');
  links.remove(link);
  own.linksChanged(at(300));
  t.is(own.tick(at(400))?.neighbours.length, 1);
});

test('a cost is news when it has doubled, not before', (t) => {
  const { links, own } = setup();
  const link = upLink(links, nodeNamed(5));
  own.tick(at(0));
  link.quality = 0.75;
  own.linksChanged(at(100));
  t.is(own.nextDeadline(), undefined);
  link.quality = 0.2;
  own.linksChanged(at(200));
  t.is(own.nextDeadline(), 260);
});

test('who leaves names no neighbours', (t) => {
  const { links, own } = setup();
  upLink(links, nodeNamed(5));
  own.patch({ condition: 'offline' }, at(0));
  t.like(own.tick(at(0)), { condition: 'offline', neighbours: [] });
});

test('of too many neighbours the costliest are left out', (t) => {
  const { links, own } = setup();
  for (let i = 0; i < Limit.NeighboursPerState + 5; i++) upLink(links, nodeNamed(100 + i)).quality = i < 5 ? 0.1 : 1;
  const named = own.tick(at(0))?.neighbours.map((edge) => edge.node) ?? [];
  t.is(named.length, Limit.NeighboursPerState);
  t.false(named.includes(nodeNamed(100)));
});

test('what is about to be replaced is withheld, but not for ever where one change follows the other', (t) => {
  const { own } = setup();
  own.tick(at(0));
  own.inSegment(nodeNamed(2), [], at(1_000));
  t.true(own.isAboutToChange(at(1_100)));
  t.truthy(own.tick(at(1_250)));
  t.false(own.isAboutToChange(at(1_260)));
  // A neighbour says so often that it is in another segment that there is always a change to come.
  let now = 1_260;
  for (; now < 1_000 + WITHHELD_MAX_MS; now += 10) {
    own.tick(at(now));
    own.inSegment(nodeNamed(2), [nodeNamed(3 + (now % 20))], at(now));
    t.true(own.isAboutToChange(at(now)));
  }
  own.inSegment(nodeNamed(2), [nodeNamed(9)], at(now));
  t.false(own.isAboutToChange(at(now)), 'what was said last is told after all');
  own.tick(at(now + 250));
  own.inSegment(nodeNamed(2), [nodeNamed(10)], at(now + 1_000));
  t.true(own.isAboutToChange(at(now + 1_000)), 'after some quiet it is worth waiting again');
});

const SLOW_AIR = { bitsPerSecond: 1_000, broadcast: true, mtuBytes: 255 };
const QUARTER_MS = 900_000;

/** A node of slow air that has said whom it hears. */
function onAir(neighbours: number) {
  const { links, own } = setup();
  const carrier = carrierWith(SLOW_AIR);
  const ups = Array.from({ length: neighbours }, (_, i) => upLink(links, nodeNamed(100 + i), carrier));
  const said = own.tick(at(0))?.neighbours.map(({ node }) => node) ?? [];
  return { links, own, carrier, ups, said };
}

test('over slow air a few of many neighbours are named, and that the others are not is no news', (t) => {
  const { links, own, ups, carrier, said } = onAir(49);
  t.is(said.length, 12);
  for (let i = 0; i < 5; i++) upLink(links, nodeNamed(200 + i), carrier);
  links.remove(ups.find(({ peer }) => !said.includes(peer as NodeId)) as Link);
  own.linksChanged(at(1_000));
  t.is(own.nextDeadline(), undefined);
  t.is(own.tick(at(10 * QUARTER_MS)), undefined);
});

test('over slow air those that were named stay named when one of them goes', (t) => {
  const { links, own, ups, said } = onAir(49);
  links.remove(ups.find(({ peer }) => peer === said[5]) as Link);
  own.linksChanged(at(1_000));
  t.is(own.nextDeadline(), 11_000);
  const after = own.tick(at(11_000))?.neighbours.map(({ node }) => node) ?? [];
  t.is(after.length, 12);
  t.is(said.filter((node) => after.includes(node)).length, 11);
});

test('over slow air a much longer link is named in the place of another: the mesh may hang together by it', (t) => {
  const { links, own, carrier } = onAir(20);
  upLink(links, nodeNamed(5), carrier).quality = 0.5;
  own.linksChanged(at(1_000));
  const named = own.tick(at(1_000 + QUARTER_MS))?.neighbours ?? [];
  t.is(named.length, 12);
  t.is(named.at(-1)?.node, nodeNamed(5));
});

test('over slow air a neighbour that no longer hears us and soon does again is no news', (t) => {
  const { links, own, ups } = onAir(3);
  const link = ups[0] as Link;
  for (let hour = 0; hour < 10; hour++) {
    links.markGreeting(link);
    own.linksChanged(at(hour * 3_600_000 + 1_000));
    t.is(own.tick(at(hour * 3_600_000 + 400_000)), undefined);
    links.markUp(link);
    own.linksChanged(at(hour * 3_600_000 + 400_000));
    t.is(own.nextDeadline(), undefined);
  }
});

test('over slow air a neighbour that does not hear us for long is news', (t) => {
  const { links, own, ups } = onAir(3);
  links.markGreeting(ups[0] as Link);
  own.linksChanged(at(1_000));
  own.linksChanged(at(500_000));
  t.is(own.nextDeadline(), 1_000 + QUARTER_MS);
  t.is(own.tick(at(1_000 + QUARTER_MS))?.neighbours.length, 2);
});

test('over slow air who was said to be gone and is not is told of as soon', (t) => {
  const { links, own, ups, carrier } = onAir(3);
  const link = ups[0] as Link;
  links.remove(link);
  own.linksChanged(at(1_000));
  t.is(own.tick(at(11_000))?.neighbours.length, 2);
  upLink(links, link.peer as NodeId, carrier);
  own.linksChanged(at(20_000));
  t.is(own.nextDeadline(), 30_000);
  t.is(own.tick(at(30_000))?.neighbours.length, 3);
});
