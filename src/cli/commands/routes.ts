import type { Command } from 'commander';
import type { RouteAlternative, RouteView } from '../../agent/routes-contract.js';
import { type ConnectOptions, connect, optionsOf, talksToAgent } from '../connect.js';
import { relative } from '../format.js';
import { type NodeLabel, type NodeOptions, nodeLabels, resolveNode, showsNodes } from '../nodes.js';
import { say, sayJson, table } from '../output.js';
import { wholeNumber } from '../parse.js';
import { sayOutcome } from '../views.js';

const COST_MAX = 65_535;
const ALTERNATIVES_SHOWN = 3;

const rounded = (cost: number): number => Math.round(cost * 100) / 100;

/** The best of them; those that must not be used, because frames could go in a circle, in brackets. */
function alternativesText(alternatives: readonly RouteAlternative[], destination: string, label: NodeLabel): string {
  const words = alternatives.slice(0, ALTERNATIVES_SHOWN).map(({ nextHop, radio, cost, feasible }) => {
    const text = `${nextHop === destination ? 'direct' : label(nextHop)} ${radio} ${rounded(cost)}`;
    return feasible ? text : `(${text})`;
  });
  const more = alternatives.length - words.length;
  return [...words, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function expiryText({ pinned, pin, radio, expiresAt }: RouteView): string {
  if (pinned) return 'pinned';
  if (radio === '') return 'pinned, not there';
  return `${relative(expiresAt)}${pin === undefined ? '' : ', pin waits'}`;
}

const routeTable = (routes: readonly RouteView[], label: NodeLabel): string =>
  table(
    [
      { title: 'DESTINATION', value: ({ destination }) => label(destination) },
      { title: 'NEXT HOP', value: ({ nextHop, destination }) => (nextHop === destination ? 'direct' : label(nextHop)) },
      { title: 'RADIO', value: ({ radio }) => radio, cut: true },
      { title: 'HOPS', value: ({ hops }) => (hops === 0 ? undefined : hops), right: true },
      { title: 'COST', value: ({ cost }) => rounded(cost), right: true },
      { title: 'EXPIRES', value: expiryText, right: true },
      {
        title: 'ELSE',
        value: ({ alternatives, destination }) => alternativesText(alternatives, destination, label),
        cut: true,
      },
    ],
    routes,
  );

function definePin(command: Command): void {
  talksToAgent(command)
    .description('send what is for a node by a neighbour of your choice, until unpinned, also after restarts')
    .argument('<destination>', 'id or name')
    .argument('<next-hop>', 'id or name of a neighbour')
    .option('--cost <cost>', 'only while no way is known that costs less', wholeNumber('--cost', 1, COST_MAX))
    .action(async (destination: string, nextHop: string) => {
      const options = optionsOf<ConnectOptions & { readonly cost?: number }>(command);
      const client = connect(options);
      const to = await resolveNode(client, destination);
      const by = await resolveNode(client, nextHop);
      const body = { nextHop: by, ...(options.cost !== undefined && { cost: options.cost }) };
      const label = await nodeLabels(client, {});
      const done = await client.send('PUT', `routes/${to}`, body);
      sayOutcome(options.json, done, `Pinned ${label(to)} to ${label(by)}.`);
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
      const label = await nodeLabels(client, {});
      const done = await client.send('DELETE', `routes/${to}`);
      sayOutcome(options.json, done, `Unpinned ${label(to)}.`);
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
