import type { Peer } from '../agent/contract.js';
import { parseNodeId } from '../core/ids.js';
import type { ApiClient } from './client.js';
import { usage } from './report.js';

/** The node a person means by its id, the beginning of it (4 digits at least), or its name. Throws `cli.usage`. */
export async function resolveNode(client: ApiClient, text: string): Promise<string> {
  if (parseNodeId(text) !== undefined) return text;
  const { peers } = await client.all<{ peers: readonly Peer[] }>('peers', 'peers');
  const named = peers.filter(({ name }) => name === text);
  const isPrefix = /^[0-9a-f]{4,15}$/.test(text);
  const found = named.length > 0 ? named : isPrefix ? peers.filter(({ nodeId }) => nodeId.startsWith(text)) : [];
  if (found.length === 1) return (found[0] as Peer).nodeId;
  if (found.length === 0)
    throw usage(`No known node is called ${JSON.stringify(text)}.`, 'See edge-agent peers for names and ids.');
  throw usage(
    `${JSON.stringify(text)} is ${found.length} nodes: ${found.map(({ nodeId }) => nodeId).join(', ')}.`,
    'Give the whole id.',
  );
}
