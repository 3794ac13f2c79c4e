import test from 'ava';
import fc from 'fast-check';
import { held, outcomes } from '../testing/weave-looks.js';
import { draftNamed, hashNamed, type NetNode, WeaveNet } from '../testing/weave-net.js';

const NODES = 4;
const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      node: fc.nat(NODES - 1),
      name: fc.nat(9),
      type: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('erase' as const), node: fc.nat(NODES - 1), name: fc.nat(9) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('link' as const), a: fc.nat(NODES - 1), b: fc.nat(NODES - 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('unlink' as const), a: fc.nat(NODES - 1), b: fc.nat(NODES - 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), node: fc.nat(NODES - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 800 }) }) },
);

test('any history of puts, erases, partitions, crashes and loss ends in one agreed set, and the erased stays erased', async (t) => {
  t.timeout(110_000);
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), fc.nat(1_000), async (actions, seed) => {
      const net = new WeaveNet({ seed, loss: 0.25 });
      const nodes = Array.from({ length: NODES }, () => net.add());
      const at = (i: number): NetNode => nodes[i] as NetNode;
      const erases: { node: NetNode; ticket: number; name: number }[] = [];
      const puts: { node: NetNode; ticket: number; name: number }[] = [];
      for (const act of actions) {
        if (act.kind === 'put') {
          const ticket = net.put(at(act.node), [draftNamed(act.name, { type: `t${act.type}` })]);
          puts.push({ node: at(act.node), ticket, name: act.name });
        } else if (act.kind === 'erase')
          erases.push({ node: at(act.node), ticket: net.erase(at(act.node), hashNamed(act.name)), name: act.name });
        else if (act.kind === 'link') net.link(at(act.a), at(act.b));
        else if (act.kind === 'unlink') net.unlink(at(act.a), at(act.b));
        else if (act.kind === 'crash') net.crash(at(act.node));
        else await net.run(act.ms);
      }
      for (let i = 1; i < NODES; i++) net.link(at(i - 1), at(i));
      if (!(await net.converge(60_000))) throw new Error('no agreement');
      const [first, ...others] = nodes.map((node) => held(net, node).join());
      if (others.some((other) => other !== first)) throw new Error('different sets');
      const erased = new Set(erases.map(({ name }) => name));
      for (const { node, ticket, name } of puts) {
        if (erased.has(name) || outcomes(node, ticket)[0] !== 'accepted') continue;
        for (const other of nodes)
          if (!other.weave.view.find(other.weave.view.keyOf(node.id, hashNamed(name)), net.wall(other)))
            throw new Error(`${name} was settled and lost`);
      }
      for (const { node, ticket, name } of erases) {
        if (!node.settled.has(ticket)) continue;
        for (const other of nodes)
          if (other.weave.view.ofHash(hashNamed(name), net.wall(other)).length > 0)
            throw new Error(`${name} came back`);
      }
    }),
    { numRuns: 40 },
  );
  t.pass();
});
