import test from 'ava';
import { Limit } from '../core/limits.js';
import { at, carrierWith, nodeNamed, upLink } from '../testing/builders.js';
import { FRAME_BYTES_MAX, Links, linkCost } from './links.js';

const [A, B] = [nodeNamed(1), nodeNamed(2)];

test('a link is found by address and by number, by neighbour only once it is up', (t) => {
  const links = new Links();
  const link = links.add(carrierWith(), 'x', 1_000, at(0));
  if (!link) return t.fail();
  t.is(links.find(0, 'x'), link);
  t.is(links.find(1, 'x'), undefined, 'another carrier');
  t.is(links.byId(link.id), link);
  link.peer = A;
  t.deepEqual([...links.neighbours()], []);
  links.markUp(link);
  t.deepEqual([...links.neighbours()], [A]);
  links.markGreeting(link);
  t.deepEqual([...links.neighbours()], []);
  t.is(links.find(0, 'x'), link);
  links.remove(link);
  t.is(links.size, 0);
  t.is(links.byId(link.id), undefined);
});

test('two links to one neighbour count as one, and the cheaper is the best', (t) => {
  const links = new Links();
  const slow = upLink(links, A, carrierWith({ bitsPerSecond: 10_000 }, 1));
  const fast = upLink(links, A);
  upLink(links, B);
  t.is(links.neighbourCount, 2);
  t.is(links.best(A), fast);
  links.remove(fast);
  t.is(links.best(A), slow);
  t.is(links.neighbourCount, 2);
  links.remove(slow);
  t.is(links.best(A), undefined);
});

test('there are so many links and no more', (t) => {
  const links = new Links();
  for (let i = 0; i < Limit.Links; i++) t.truthy(links.add(carrierWith(), `${i}`, 1_000, at(0)));
  t.is(links.add(carrierWith(), 'one more', 1_000, at(0)), undefined);
});

test('no link is wider than the longest frame the engine takes', (t) => {
  t.is(new Links().add(carrierWith(), 'x', 65_535, at(0))?.mtuBytes, FRAME_BYTES_MAX);
});

test('cost grows with airtime, with loss in either direction and with the price of a byte, within 16 bits', (t) => {
  const links = new Links();
  const link = upLink(links, A);
  const good = linkCost(link);
  link.quality = 0.5;
  t.true(linkCost(link) > good);
  link.quality = 0.0001;
  t.true(linkCost(link) <= 0xffff);
  const lora = upLink(links, B, carrierWith({ bitsPerSecond: 300 }, 2));
  t.is(linkCost(lora), 0xffff);
  const dear = upLink(links, nodeNamed(3), carrierWith({ costPerByte: 50 }, 3));
  t.true(linkCost(dear) > good * 5);
});

test('two hops over fast carriers are cheaper than one over a slow one, and dearer than one', (t) => {
  const links = new Links();
  const fast = linkCost(upLink(links, A));
  const slow = linkCost(upLink(links, B, carrierWith({ bitsPerSecond: 100_000 }, 1)));
  t.true(2 * fast < slow);
  t.true(fast >= 10, 'each hop has its own price');
});
