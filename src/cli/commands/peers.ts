import type { Command } from 'commander';
import type { Peer, PeerLink, WaitingAddress } from '../../agent/contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { forPeople, percent, relative } from '../format.js';
import { resolveNode } from '../nodes.js';
import { say, sayJson, table } from '../output.js';
import { type Address, addressArgument } from '../parse.js';
import { sayOutcome } from '../views.js';

interface PeerPage {
  readonly peers: readonly Peer[];
  readonly addresses?: readonly WaitingAddress[];
}

const linkText = ({ radio, rttMs, quality, flapping }: PeerLink): string =>
  `${radio}${rttMs === undefined ? '' : ` ${forPeople(rttMs)}`} ${Math.round(quality * 100)}%${flapping ? ' flapping' : ''}`;

const peerTable = (peers: readonly Peer[]): string =>
  table(
    [
      { title: 'NAME', value: ({ name }) => name, cut: true },
      { title: 'NODE', value: ({ nodeId }) => nodeId },
      {
        title: 'CONDITION',
        value: ({ alive, suspect, state }) =>
          alive ? (suspect ? 'not answering' : (state?.condition ?? 'alive')) : 'offline',
        style: ({ alive, suspect }) => (alive ? (suspect ? 'yellow' : 'green') : 'red'),
      },
      { title: 'HOPS', value: ({ hops }) => (hops === 0 ? undefined : hops), right: true },
      { title: 'HEARD', value: ({ lastSeenAt }) => relative(lastSeenAt), right: true },
      { title: 'FPS', value: ({ state }) => state?.fps, right: true },
      { title: 'BATTERY', value: ({ state }) => percent(state?.battery), right: true },
      { title: 'CPU', value: ({ state }) => percent(state?.cpu), right: true },
      { title: 'LINKS', value: ({ links }) => links.map(linkText).join(', '), cut: true },
    ],
    peers,
  );

const addressTable = (addresses: readonly WaitingAddress[]): string =>
  table(
    [
      { title: 'NOT ANSWERING YET', value: ({ address }) => address },
      { title: 'RADIO', value: ({ radio }) => radio },
      { title: 'NODE', value: ({ nodeId }) => nodeId },
      { title: 'TRIES', value: ({ tries }) => tries, right: true },
      { title: 'NEXT', value: ({ nextTryAt }) => relative(nextTryAt), right: true },
    ],
    addresses,
  );

function defineAdd(command: Command): void {
  talksToAgent(command)
    .description('try an address until an agent answers there')
    .argument('<host:port>', 'its UDP address', addressArgument)
    .option('--node <id>', 'refuse any other node that answers there')
    .action(async (address: Address) => {
      const options = optionsOf<{ json?: boolean; node?: string }>(command);
      const body = { ...address, ...(options.node === undefined ? {} : { nodeId: options.node }) };
      const answer = await connect(options).send('POST', 'peers', body);
      sayOutcome(options.json, answer, `Trying ${address.host} port ${address.port}; see edge-agent peers.`);
    });
}

function defineRemove(command: Command): void {
  talksToAgent(command)
    .description('forget a peer and its address, which may be discovered again; or an address nobody answers at')
    .argument('<node>', 'its id, its name, or an address as `peers` lists it')
    .action(async (node: string) => {
      const options = optionsOf(command);
      const client = connect(options);
      const id = node.includes(':') ? node : await resolveNode(client, node);
      sayOutcome(options.json, await client.send('DELETE', `peers/${encodeURIComponent(id)}`), `Forgot ${id}.`);
    });
}

export function define(command: Command): void {
  talksToAgent(command).action(async () => {
    const options = optionsOf(command);
    const answer = await connect(options).all<PeerPage>('peers', 'peers');
    if (options.json) {
      sayJson(answer);
      return;
    }
    say(answer.peers.length === 0 ? 'No other node is known yet.' : peerTable(answer.peers));
    if (answer.addresses) say(`\n${addressTable(answer.addresses)}`);
  });
  defineAdd(command.command('add'));
  defineRemove(command.command('remove'));
}
