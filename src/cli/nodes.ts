import type { Command } from 'commander';
import type { Peer, Status } from '../agent/contract.js';
import { parseNodeId } from '../core/ids.js';
import type { ApiClient } from './client.js';
import type { ConnectOptions } from './connect.js';
import { usage } from './report.js';

/** The other node a person means by its id, the beginning of it (4 digits at least), or its name. Throws `cli.usage`. */
export async function resolveNode(client: ApiClient, text: string): Promise<string> {
  if (parseNodeId(text) !== undefined) return text;
  const { peers } = await client.all<{ peers: readonly Peer[] }>('peers', 'peers');
  const found = meant(peers, text);
  if (found.length === 1) return (found[0] as Peer).nodeId;
  if (found.length === 0) {
    const isSelf = meant([await client.get<Status>('status')], text).length > 0;
    throw isSelf
      ? usage(`${JSON.stringify(text)} is this node itself.`, 'Name another one; see edge-agent peers.')
      : usage(`No known node is called ${JSON.stringify(text)}.`, 'See edge-agent peers for names and ids.');
  }
  throw usage(
    `${JSON.stringify(text)} is ${found.length} nodes: ${found.map(({ nodeId }) => nodeId).join(', ')}.`,
    'Give the whole id.',
  );
}

/** Those of this name, or whose ids begin so. */
function meant<Node extends Pick<Peer, 'nodeId' | 'name'>>(nodes: readonly Node[], text: string): readonly Node[] {
  const named = nodes.filter(({ name }) => name === text);
  if (named.length > 0 || !/^[0-9a-f]{4,15}$/.test(text)) return named;
  return nodes.filter(({ nodeId }) => nodeId.startsWith(text));
}

export interface NodeOptions extends ConnectOptions {
  readonly ids?: boolean;
}

/** How nodes are shown to people. */
export type NodeLabel = (id: string) => string;

/** By their names where these are known and no two alike, else by their ids; with `ids` always so. */
export async function nodeLabels(client: ApiClient, { ids }: Pick<NodeOptions, 'ids'>): Promise<NodeLabel> {
  if (ids) return (id) => id;
  const [{ peers }, self] = await Promise.all([
    client.all<{ peers: readonly Peer[] }>('peers', 'peers'),
    client.get<Status>('status'),
  ]);
  const names = new Map<string, string>();
  const uses = new Map<string, number>();
  for (const { nodeId, name = '' } of [self, ...peers]) {
    names.set(nodeId, name);
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return (id) => {
    const name = names.get(id) ?? '';
    return name !== '' && uses.get(name) === 1 ? name : id;
  };
}

/** Adds the option of `nodeLabels`. */
export const showsNodes = (command: Command): Command =>
  command.option('--ids', 'show the ids of nodes instead of their names');
