import type { Command } from 'commander';
import type { NodeState, Status } from '../../agent/contract.js';
import type { ApiClient } from '../client.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { inline, percent, relative } from '../format.js';
import { type NodeLabel, type NodeOptions, nodeLabels, showsNodes } from '../nodes.js';
import { say, sayJson, table } from '../output.js';
import { jsonOrText, keyValue } from '../parse.js';
import { fieldsOf } from '../views.js';

interface StateAnswer {
  readonly nodes: { readonly [nodeId: string]: NodeState };
}

const NUMBERS = ['fps', 'battery', 'cpu', 'memory', 'temperature', 'disk'];
const OWN_FIELDS = new Set(['condition', 'charging', ...NUMBERS]);

const stateTable = (nodes: StateAnswer['nodes'], label: NodeLabel): string =>
  table(
    [
      { title: 'NODE', value: ([id]) => label(id) },
      { title: 'CONDITION', value: ([, { condition }]) => condition },
      { title: 'FPS', value: ([, { fps }]) => fps, right: true },
      {
        title: 'BATTERY',
        value: ([, { battery, charging }]) => (charging ? `${percent(battery)} +` : percent(battery)),
        right: true,
      },
      { title: 'CPU', value: ([, { cpu }]) => percent(cpu), right: true },
      { title: 'MEMORY', value: ([, { memory }]) => percent(memory), right: true },
      { title: 'DISK', value: ([, { disk }]) => percent(disk), right: true },
      {
        title: 'TEMP',
        value: ([, { temperature }]) => (temperature === undefined ? undefined : `${Math.round(temperature)} °C`),
        right: true,
      },
      { title: 'CHANGED', value: ([, { updatedAt }]) => relative(updatedAt), right: true },
      { title: 'CUSTOM', value: ([, { custom }]) => (custom === undefined ? '' : inline(custom)), cut: true },
    ],
    Object.entries(nodes),
  );

type Custom = Record<string, unknown>;

/** What this node's own fields hold now, because a patch replaces all of them. */
async function currentCustom(client: ApiClient): Promise<Custom> {
  const { nodeId } = await client.get<Status>('status');
  const { nodes } = await client.all<StateAnswer>('state', 'nodes');
  return { ...nodes[nodeId]?.custom };
}

async function patchOf(client: ApiClient, pairs: readonly string[]): Promise<Record<string, unknown>> {
  const patch: Record<string, unknown> = {};
  let custom: Custom | undefined;
  for (const [key, text] of pairs.map(keyValue)) {
    const value = text === '' ? null : jsonOrText(text);
    if (OWN_FIELDS.has(key)) {
      patch[key] = value;
      continue;
    }
    custom ??= await currentCustom(client);
    const name = key.replace(/^custom\./, '');
    if (value === null) delete custom[name];
    else custom[name] = value;
  }
  if (custom !== undefined) patch['custom'] = Object.keys(custom).length === 0 ? null : custom;
  return patch;
}

function defineSet(command: Command): void {
  talksToAgent(command)
    .description(
      'set fields of this node: fps, battery, charging, cpu, memory, temperature, disk, condition, or your own',
    )
    .argument('<key=value...>', 'an empty value removes the field')
    .action(async (pairs: readonly string[]) => {
      const options = optionsOf(command);
      const client = connect(options);
      const state = await client.send<NodeState>('PATCH', 'state', await patchOf(client, pairs));
      if (options.json) sayJson(state);
      else say(fieldsOf(state));
    });
}

export function define(command: Command): void {
  showsNodes(talksToAgent(command)).action(async () => {
    const options = optionsOf<NodeOptions>(command);
    const client = connect(options);
    const answer = await client.all<StateAnswer>('state', 'nodes');
    if (options.json) sayJson(answer);
    else say(stateTable(answer.nodes, await nodeLabels(client, options)));
  });
  defineSet(command.command('set'));
}
