import type { Command } from 'commander';
import type { Alert, AlertPage } from '../../agent/contract.js';
import { type ConnectOptions, connect, optionsOf, talksToAgent } from '../connect.js';
import { inline, relative } from '../format.js';
import { type NodeLabel, type NodeOptions, nodeLabels, showsNodes } from '../nodes.js';
import { note, paint, say, sayJson, table } from '../output.js';
import { jsonOrText, momentOption, wholeNumber } from '../parse.js';
import { withPriority } from '../payload.js';
import { clean, safeJson } from '../report.js';
import { watch } from '../watch.js';

const STYLE = { critical: 'red', high: 'yellow', medium: 'cyan', low: 'dim' } as const;

interface ListOptions extends NodeOptions {
  readonly since?: number;
  readonly limit?: number;
  readonly cursor?: string;
}

const alertTable = (alerts: readonly Alert[], label: NodeLabel): string =>
  table(
    [
      { title: 'RAISED', value: ({ raisedAt }) => relative(raisedAt), right: true },
      { title: 'PRIORITY', value: ({ priority }) => priority, style: ({ priority }) => STYLE[priority] },
      { title: 'TYPE', value: ({ type }) => type, cut: true },
      { title: 'NODE', value: ({ node }) => label(node) },
      { title: 'PAYLOAD', value: ({ payload }) => inline(payload), cut: true },
    ],
    alerts,
  );

const withListOptions = (command: Command): Command =>
  showsNodes(talksToAgent(command))
    .option('--since <when>', 'raised since: 2h (ago), a date, or Unix milliseconds', momentOption('--since'))
    .option('--limit <count>', 'how many on a page (default: 100)', wholeNumber('--limit', 1, 1_000))
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async () => {
      const options = optionsOf<ListOptions>(command);
      const query = { sinceAt: options.since, limit: options.limit, cursor: options.cursor };
      const client = connect(options);
      const page = await client.get<AlertPage>('alerts', query);
      if (options.json) sayJson(page);
      else say(page.alerts.length === 0 ? 'No alert.' : alertTable(page.alerts, await nodeLabels(client, options)));
      if (page.nextCursor !== undefined && !options.json) note(`There are more: --cursor ${clean(page.nextCursor)}`);
    });

function showAlert(data: string, json: boolean | undefined): void {
  const alert = JSON.parse(data) as Alert;
  if (json) {
    say(safeJson(alert));
    return;
  }
  const { raisedAt, priority, type, node, payload } = alert;
  const line = `${clean(priority).padEnd(8)}  ${clean(type)}  ${clean(inline(payload))}  from ${clean(node)}`;
  say(`${new Date(raisedAt).toISOString()}  ${paint(STYLE[priority] ?? 'bold', line)}`);
}

export function define(command: Command): void {
  withListOptions(command);
  withListOptions(command.command('list').description('list them, newest first (the default)'));
  const sending = command.command('send').description('alert every node');
  withPriority(talksToAgent(sending))
    .argument('<type>', 'what it is about, such as intruder')
    .argument('[payload]', 'JSON, or a text')
    .action(async (type: string, payload: string | undefined) => {
      const options = optionsOf<ConnectOptions & { priority?: string }>(sending);
      const body = {
        priority: options.priority ?? 'medium',
        type,
        ...(payload === undefined ? {} : { payload: jsonOrText(payload) }),
      };
      const alert = await connect(options).send<Alert>('POST', 'alerts', body);
      if (options.json) sayJson(alert);
      else say(alert.alertId);
    });
  const watching = command.command('watch').description('show alerts as they come');
  talksToAgent(watching)
    .option('--count <count>', 'end after so many', wholeNumber('--count', 1, 1_000_000_000))
    .action(() => {
      const options = optionsOf<ConnectOptions & { count?: number }>(watching);
      return watch(connect(options), {
        types: 'alert',
        ...(options.count === undefined ? {} : { count: options.count }),
        onEvent: ({ event, data }) => {
          if (event === 'alert') showAlert(data, options.json);
        },
      });
    });
}
