import type { NetNode, WeaveNet } from './weave-net.js';

export const outcomes = (node: NetNode, ticket: number): string[] =>
  (node.settled.get(ticket)?.results ?? []).map((result) =>
    result.outcome === 'refused' ? result.code : result.outcome,
  );

export const held = (net: WeaveNet, node: NetNode): string[] =>
  node.weave.view.newest({ limit: 10_000 }, net.wall(node)).map(({ key }) => key.toString(16));

export function line(net: WeaveNet, count: number): NetNode[] {
  const nodes = Array.from({ length: count }, () => net.add());
  for (let i = 1; i < count; i++) net.link(nodes[i - 1] as NetNode, nodes[i] as NetNode);
  return nodes;
}
