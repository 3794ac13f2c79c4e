import type { Command } from 'commander';
import type { TraceHop, TracePath, TraceResult } from '../../agent/routes-contract.js';
import { TRACE_TIMEOUT_MS } from '../../http/limits.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { forPeople, plural, relative } from '../format.js';
import { type NodeLabel, type NodeOptions, nodeLabels, resolveNode, showsNodes } from '../nodes.js';
import { paint, say, sayJson, table } from '../output.js';
import { durationOption } from '../parse.js';
import { clean, Exit } from '../report.js';

interface TraceOptions extends NodeOptions {
  readonly timeout?: number;
  readonly all?: boolean;
}

const DEFAULT_TIMEOUT_MS = 5_000;
/** For the answer of the agent, which ends a trace by itself. */
const ANSWER_MS = 5_000;

const hopTable = (hops: readonly TraceHop[], label: NodeLabel): string =>
  table(
    [
      { title: 'HOP', value: ({ hop }) => hop, right: true },
      { title: 'NODE', value: ({ nodeId }) => label(nodeId) },
      { title: 'RADIO', value: ({ radio }) => (radio === '' ? undefined : radio), cut: true },
      { title: 'LINK', value: ({ rttMs }) => (rttMs === undefined ? undefined : forPeople(rttMs)), right: true },
      { title: 'ETX', value: ({ etx }) => etx, right: true },
      { title: 'COST', value: ({ cost }) => cost, right: true },
      {
        title: 'FROM HERE',
        value: ({ tookMs, answered }) =>
          tookMs !== undefined ? forPeople(tookMs) : answered ? undefined : 'no answer',
        right: true,
        style: ({ answered }) => (answered ? undefined : 'yellow'),
      },
    ],
    hops,
  );

/** Where and why it ends: what is known, and what to try. */
function stopText({ stop, to, reached }: TracePath, label: NodeLabel): readonly string[] {
  if (!stop) return reached ? [] : ['No answer.'];
  const seen = [
    ...(stop.next?.lastSeenAt === undefined || stop.next.nodeId === to
      ? []
      : [`${label(stop.next.nodeId)} was last heard of ${relative(stop.next.lastSeenAt)}`]),
    ...(stop.lastSeenAt === undefined ? [] : [`${label(to)} was last heard of ${relative(stop.lastSeenAt)}`]),
  ];
  return [
    paint('red', `It ends at ${clean(label(stop.nodeId))}: ${clean(stop.detail)}.`),
    ...(seen.length > 0 ? [`${clean(seen.join('; '))}.`] : []),
    `Try: ${clean(stop.fix.replace(/^try: /, ''))}`,
  ];
}

function pathText(path: TracePath, label: NodeLabel): string {
  const { hops, reached, tookMs, cost, back, probes } = path;
  const lines = hops.length > 0 ? [hopTable(hops, label), ''] : [];
  if (reached) {
    const tries = probes > 1 ? `, at the ${probes === 2 ? '2nd' : '3rd'} probe` : '';
    lines.push(`Reached over ${plural(hops.length, 'hop')}, cost ${cost}, in ${forPeople(tookMs)}${tries}.`);
  }
  lines.push(...stopText(path, label));
  if (back) {
    const whole = back.length > 0 ? hopTable(back, label) : 'It is not known where they go.';
    lines.push('', 'Answers come back another way:', whole);
  }
  return lines.join('\n');
}

function human(result: TraceResult, label: NodeLabel): string {
  const parts = [pathText(result, label)];
  for (const path of result.alternatives ?? []) {
    const [first] = path.hops;
    parts.push(
      '',
      paint('bold', `By way of ${first ? clean(label(first.nodeId)) : 'another neighbour'}`),
      pathText(path, label),
    );
  }
  if (result.alternatives?.length === 0) parts.push('No other neighbour is nearer to it than this node.');
  return parts.join('\n');
}

async function trace(command: Command, node: string): Promise<void> {
  const options = optionsOf<TraceOptions>(command);
  const client = connect(options);
  const to = await resolveNode(client, node);
  const timeoutMs = options.timeout ?? DEFAULT_TIMEOUT_MS;
  const body = { to, timeoutMs, ...(options.all && { all: true }) };
  const result = await client.send<TraceResult>('POST', 'trace', body, timeoutMs + ANSWER_MS);
  if (options.json) sayJson(result);
  else say(human(result, await nodeLabels(client, options)));
  if (!result.reached) process.exitCode = Exit.Failed;
}

export function define(command: Command): void {
  showsNodes(talksToAgent(command))
    .argument('<node>', 'id or name')
    .option('--all', 'also over the other neighbours that may be the first hop')
    .option('--timeout <duration>', 'how long to wait', durationOption('--timeout', 1, TRACE_TIMEOUT_MS))
    .action((node: string) => trace(command, node));
}
