import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { SearchAnswer } from '../../agent/contract.js';
import { messageOf } from '../../core/errors.js';
import { SEARCH_TIMEOUT_MS } from '../../http/limits.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { inline, relative } from '../format.js';
import { type NodeLabel, type NodeOptions, nodeLabels, resolveNode, showsNodes } from '../nodes.js';
import { note, say, sayJson, table } from '../output.js';
import { collect, durationOption, jsonOrText, keyValue, momentOption, wholeNumber } from '../parse.js';
import { usage } from '../report.js';

interface SearchOptions extends NodeOptions {
  readonly like?: string;
  readonly embedding?: string;
  readonly space?: string;
  readonly type?: string;
  readonly node?: string;
  readonly since?: number;
  readonly until?: number;
  readonly metadata?: readonly (readonly [string, string])[];
  readonly scope?: string;
  readonly k?: number;
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 2_000;
/** Time for the answer to come back after the mesh had all of its own. */
const GRACE_MS = 10_000;

/** The vector in a file: a list of numbers, or an object with one under `embedding`; `-` is standard input. */
function readEmbedding(file: string): readonly number[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw usage(
      `The embedding in ${file} cannot be read: ${messageOf(error)}`,
      'Give a JSON file with a list of numbers.',
    );
  }
  const list = Array.isArray(value) ? value : (value as { embedding?: unknown } | null)?.embedding;
  if (Array.isArray(list) && list.every((item) => typeof item === 'number')) return list;
  throw usage(`${file} holds no list of numbers.`, 'Give a JSON file such as [0.1, 0.2, …] or {"embedding": […]}.');
}

function human(answer: SearchAnswer, label: NodeLabel): string {
  const { results, asked, answered, nodes } = answer;
  const silent = nodes.filter((node) => !node.answered).map(({ nodeId }) => label(nodeId));
  const who = `${answered} of ${asked} nodes answered in ${Math.round(answer.tookMs * 10) / 10} ms${silent.length === 0 ? '' : `; silent: ${silent.join(', ')}`}`;
  if (results.length === 0) return `Nothing found. ${who}`;
  const rows = table(
    [
      { title: 'SCORE', value: ({ score }) => score?.toFixed(4), right: true },
      { title: 'HASH', value: ({ hash }) => hash },
      { title: 'TYPE', value: ({ type }) => type, cut: true },
      { title: 'NODE', value: ({ node }) => label(node) },
      { title: 'SEEN', value: ({ observedAt }) => relative(observedAt), right: true },
      { title: 'METADATA', value: ({ metadata }) => inline(metadata), cut: true },
    ],
    results,
  );
  return `${rows}\n\n${who}`;
}

async function search(command: Command): Promise<void> {
  const options = optionsOf<SearchOptions>(command);
  if (options.like !== undefined && options.embedding !== undefined) {
    throw usage('--like and --embedding exclude each other.', 'Give one of them.');
  }
  const client = connect(options);
  const metadata = options.metadata?.map(([key, text]) => [key, jsonOrText(text)] as const);
  const timeoutMs = options.timeout ?? DEFAULT_TIMEOUT_MS;
  const request = {
    like: options.like,
    embedding: options.embedding === undefined ? undefined : readEmbedding(options.embedding),
    space: options.space,
    k: options.k,
    type: options.type,
    node: options.node === undefined ? undefined : await resolveNode(client, options.node),
    sinceAt: options.since,
    untilAt: options.until,
    metadata: metadata === undefined ? undefined : Object.fromEntries(metadata),
    scope: options.scope ?? 'mesh',
    timeoutMs,
  };
  const answer = await client.send<SearchAnswer>('POST', 'search', request, timeoutMs + GRACE_MS);
  if (options.json) sayJson(answer);
  else say(human(answer, await nodeLabels(client, options)));
  if (!options.json && answer.loaded !== undefined) {
    const share = Math.floor(answer.loaded * 100);
    note(`The agent has just started: ${share} % of its own vectors were compared. Ask again for the rest.`);
  }
  if (!options.json && answer.answered < answer.asked) note('Not every node answered: the list may be incomplete.');
}

const scopeOption = (text: string): string => {
  if (text === 'local' || text === 'mesh') return text;
  throw usage(`--scope is ${JSON.stringify(text)}, expected local or mesh.`);
};

export function define(command: Command): void {
  showsNodes(talksToAgent(command))
    .option('--like <hash>', 'by the vector of this detection')
    .option('--embedding <file>', 'by the vector in a JSON file (- is standard input)')
    .option('--space <name>', 'the embedding space')
    .option('--type <type>', 'only detections of this type')
    .option('--node <node>', 'only those of this node')
    .option('--since <when>', 'only those seen since: 2h (ago), a date, or Unix milliseconds', momentOption('--since'))
    .option('--until <when>', 'only those seen until', momentOption('--until'))
    .option(
      '--metadata <key=value>',
      'only those with this field (repeatable)',
      (text, all?: SearchOptions['metadata']) => collect(keyValue(text), all),
    )
    .option('--scope <scope>', 'local or mesh (default: mesh)', scopeOption)
    .option('--k <count>', 'most results (default: 10)', wholeNumber('--k', 1, 1_000))
    .option(
      '--timeout <duration>',
      'how long to wait for nodes (default: 2s)',
      durationOption('--timeout', 1, SEARCH_TIMEOUT_MS),
    )
    .action(() => search(command));
}
