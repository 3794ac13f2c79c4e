import type { Command } from 'commander';
import type { RouteView } from '../../agent/contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { relative } from '../format.js';
import { type NodeLabel, type NodeOptions, nodeLabels, resolveNode, showsNodes } from '../nodes.js';
import { say, sayJson, table } from '../output.js';
import { sayOutcome } from '../views.js';

const routeTable = (routes: readonly RouteView[], label: NodeLabel): string =>
  table(
    [
      { title: 'DESTINATION', value: ({ destination }) => label(destination) },
      { title: 'NEXT HOP', value: ({ nextHop, destination }) => (nextHop === destination ? 'direct' : label(nextHop)) },
      { title: 'RADIO', value: ({ radio }) => radio, cut: true },
      { title: 'COST', value: ({ cost }) => Math.round(cost * 100) / 100, right: true },
      { title: 'EXPIRES', value: ({ pinned, expiresAt }) => (pinned ? 'pinned' : relative(expiresAt)), right: true },
    ],
    routes,
  );

function definePin(command: Command): void {
  talksToAgent(command)
    .description('send what is for a node by a neighbour of your choice, until unpinned')
    .argument('<destination>', 'id or name')
    .argument('<next-hop>', 'id or name of a neighbour')
    .action(async (destination: string, nextHop: string) => {
      const options = optionsOf(command);
      const client = connect(options);
      const to = await resolveNode(client, destination);
      const by = await resolveNode(client, nextHop);
      sayOutcome(options.json, await client.send('PUT', `routes/${to}`, { nextHop: by }), `Pinned ${to} to ${by}.`);
    });
}

function defineUnpin(command: Command): void {
  talksToAgent(command)
    .description('let the mesh choose again')
    .argument('<destination>', 'id or name')
    .action(async (destination: string) => {
      const options = optionsOf(command);
      const client = connect(options);
      const to = await resolveNode(client, destination);
      sayOutcome(options.json, await client.send('PUT', `routes/${to}`, { nextHop: null }), `Unpinned ${to}.`);
    });
}

export function define(command: Command): void {
  showsNodes(talksToAgent(command)).action(async () => {
    const options = optionsOf<NodeOptions>(command);
    const client = connect(options);
    const answer = await client.all<{ routes: readonly RouteView[] }>('routes', 'routes');
    if (options.json) sayJson(answer);
    else
      say(
        answer.routes.length === 0
          ? 'No route is known yet.'
          : routeTable(answer.routes, await nodeLabels(client, options)),
      );
  });
  definePin(command.command('pin'));
  defineUnpin(command.command('unpin'));
}
