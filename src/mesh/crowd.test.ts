import test from 'ava';
import { createHotPath } from '../native/hot-path.js';
import { at, carrierWith, nodeNamed, upLink } from '../testing/builders.js';
import { crowdOf } from './crowd.js';
import { Links } from './links.js';
import { Routing } from './routing.js';
import { Standby } from './standby.js';

const SELF = nodeNamed(1);
const OTHERS = 20;

function setup() {
  const links = new Links();
  const routing = new Routing(SELF, links, createHotPath({ kind: 'js' }).routes({ capacity: 64, ttlMs: 60_000 }));
  const standby = new Standby(SELF, links, routing.topology, { changed: () => {}, news: () => {} });
  let isSplit = false;
  const crowd = crowdOf(links, routing, standby, () => isSplit);
  const carrier = carrierWith();
  const all = Array.from({ length: OTHERS }, (_, i) => upLink(links, nodeNamed(i + 2), carrier));
  routing.linksChanged();
  standby.due(at(0));
  standby.tick(at(1_000));
  const split = (): void => {
    isSplit = true;
  };
  return { links, routing, standby, crowd, all, split };
}

/** A node's state: whom it names, and how many it hears. */
const state = (node: number, named: readonly number[], earshot: number) => ({
  author: nodeNamed(node),
  condition: 'active' as const,
  neighbours: named.map((other) => ({ node: nodeNamed(other), cost: 10, radio: '' })),
  earshot,
});

test('a node is in the middle of a crowd when it has a good link to all there are, and not otherwise', (t) => {
  const { crowd, all, routing } = setup();
  t.true(crowd.isAllAround());
  const [link] = all;
  if (!link) return t.fail();
  for (const trouble of ['stalled', 'suspect', 'damped'] as const) {
    link[trouble] = true;
    t.false(crowd.isAllAround(), trouble);
    link[trouble] = false;
  }
  t.true(crowd.isAllAround());
  routing.topology.set(state(2, [1, 99], 2));
  routing.topology.set(state(99, [2], 1));
  routing.linksChanged();
  t.false(crowd.isAllAround(), 'somebody is beyond');
});

test('where a mesh is one of segments, or all neighbours are passed on to, nothing goes straight to all', (t) => {
  const { crowd, split } = setup();
  split();
  t.false(crowd.isAllAround());
  const few = new Links();
  const routing = new Routing(SELF, few, createHotPath({ kind: 'js' }).routes({ capacity: 64, ttlMs: 60_000 }));
  const standby = new Standby(SELF, few, routing.topology, { changed: () => {}, news: () => {} });
  upLink(few, nodeNamed(2));
  standby.due(at(0));
  standby.tick(at(1_000));
  t.false(crowdOf(few, routing, standby, () => false).isAllAround());
});

test('an origin hears all as long as it says that it hears as many as can be reached', (t) => {
  const { crowd, routing, standby } = setup();
  routing.reachable();
  standby.noted(state(2, [1], OTHERS) as never, at(0));
  t.true(crowd.hearsAll(nodeNamed(2)));
  standby.noted(state(2, [1], OTHERS - 1) as never, at(0));
  t.false(crowd.hearsAll(nodeNamed(2)));
});
