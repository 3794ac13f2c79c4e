import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import { anyNodeId } from '../testing/arbitraries.js';
import { LISTED_MAX, readAliased, readIds, readWhole, writeHeard, writeIds } from './air-lists.js';

const anyHeard = fc.uniqueArray(fc.record({ node: anyNodeId, level: fc.nat(255), whole: fc.boolean() }), {
  selector: ({ node }) => node,
  maxLength: 40,
});

test('what is heard reads back as it was written, by alias or by whole id', (t) => {
  fc.assert(
    fc.property(anyHeard, (heard) => {
      const nodes = heard.map(({ node, level, whole }) => ({ node, chance: level / 255, whole }));
      const written = writeHeard(nodes, 1_000);
      const aliased = nodes.filter(({ whole }) => !whole);
      const expected = aliased.map(({ node, chance }) => ({ alias: Number.parseInt(node.slice(0, 4), 16), chance }));
      t.deepEqual(readAliased(written.heard), expected);
      const ids = nodes.filter(({ whole }) => whole).map(({ node, chance }) => [node, chance] as const);
      t.deepEqual([...(readWhole(written.heardIds) as Map<NodeId, number>)], ids);
    }),
  );
});

test('a list keeps to its bytes, and the first ones are in it', (t) => {
  fc.assert(
    fc.property(anyHeard, fc.nat(200), (heard, most) => {
      const nodes = heard.map(({ node, whole }) => ({ node, chance: 1, whole }));
      const written = writeHeard(nodes, most);
      const count = written.heard.length / 3 + written.heardIds.length / 9;
      t.true(written.heard.length + written.heardIds.length <= most);
      const next = nodes[count];
      if (next) t.true(written.heard.length + written.heardIds.length + (next.whole ? 9 : 3) > most);
      const aliases = readAliased(written.heard)?.length;
      t.is(aliases, nodes.slice(0, count).filter(({ whole }) => !whole).length);
    }),
  );
});

test('ids read back, and lists that are cut or too long are refused', (t) => {
  fc.assert(fc.property(fc.array(anyNodeId, { maxLength: 9 }), (ids) => void t.deepEqual(readIds(writeIds(ids)), ids)));
  t.is(readAliased(new Uint8Array(4)), undefined);
  t.is(readWhole(new Uint8Array(8)), undefined);
  t.is(readIds(new Uint8Array(9)), undefined);
  t.is(readAliased(new Uint8Array(3 * (LISTED_MAX + 1))), undefined);
  t.is(readAliased(new Uint8Array(3 * LISTED_MAX))?.length, LISTED_MAX);
});
