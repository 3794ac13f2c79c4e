import type { Command } from 'commander';
import type { Detection, DetectionPage } from '../../agent/contract.js';
import type { PushFormat } from '../batches.js';
import { type ConnectOptions, connect, optionsOf, talksToAgent } from '../connect.js';
import { inline, plural, relative } from '../format.js';
import { resolveNode } from '../nodes.js';
import { note, say, sayJson, table } from '../output.js';
import { momentOption, wholeNumber } from '../parse.js';
import { clean, Exit, usage } from '../report.js';

const SHOWN_REJECTIONS = 10;

interface ListOptions extends ConnectOptions {
  readonly type?: string;
  readonly node?: string;
  readonly hash?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
  readonly cursor?: string;
  readonly all?: boolean;
}

interface PushOptions extends ConnectOptions {
  readonly format?: PushFormat;
}

const detectionTable = (detections: readonly Detection[]): string =>
  table(
    [
      { title: 'HASH', value: ({ hash }) => hash },
      { title: 'TYPE', value: ({ type }) => type, cut: true },
      { title: 'NODE', value: ({ node }) => node },
      { title: 'SEEN', value: ({ observedAt }) => relative(observedAt), right: true },
      { title: 'EXPIRES', value: ({ expiresAt }) => relative(expiresAt), right: true },
      { title: 'VECTOR', value: ({ vector }) => vector },
      { title: 'METADATA', value: ({ metadata }) => inline(metadata), cut: true },
    ],
    detections,
  );

async function list(command: Command): Promise<void> {
  const options = optionsOf<ListOptions>(command);
  const client = connect(options);
  const query = {
    type: options.type,
    node: options.node === undefined ? undefined : await resolveNode(client, options.node),
    hash: options.hash,
    sinceAt: options.since,
    untilAt: options.until,
    limit: options.limit,
  };
  let cursor = options.cursor;
  do {
    const page = await client.get<DetectionPage>('detections', { ...query, cursor });
    cursor = page.nextCursor;
    if (options.json) sayJson(page);
    else say(page.detections.length === 0 ? 'No detection.' : detectionTable(page.detections));
  } while (options.all && cursor !== undefined);
  if (cursor !== undefined && !options.json) note(`There are more: --cursor ${clean(cursor)}, or --all`);
}

/** The options of a list; also those of the bare command. */
const withListOptions = (command: Command): Command =>
  talksToAgent(command)
    .option('--type <type>', 'only of this type')
    .option('--node <node>', 'only of this node (id or name)')
    .option('--hash <hash>', 'only under this hash')
    .option('--since <when>', 'seen since: 2h (ago), a date, or Unix milliseconds', momentOption('--since'))
    .option('--until <when>', 'seen until', momentOption('--until'))
    .option('--limit <count>', 'how many on a page (default: 100)', wholeNumber('--limit', 1, 1_000))
    .option('--cursor <cursor>', 'go on where a page ended')
    .option('--all', 'all pages; with --json one document a page')
    .action(() => list(command));

async function push(command: Command, file: string): Promise<void> {
  const options = optionsOf<PushOptions>(command);
  const { pushFile } = await import('../push.js');
  const { rejectedCount, ...result } = await pushFile(connect(options), file, options.format);
  if (rejectedCount > 0) process.exitCode = Exit.Failed;
  if (options.json) {
    sayJson(result);
    return;
  }
  say(`${result.accepted} accepted, ${plural(result.duplicates, 'duplicate')}, ${rejectedCount} rejected`);
  for (const { index, code, detail } of result.rejected.slice(0, SHOWN_REJECTIONS)) {
    note(clean(`item ${index + 1}: ${detail} (${code})`));
  }
  if (rejectedCount > SHOWN_REJECTIONS) note(`and ${rejectedCount - SHOWN_REJECTIONS} more; --json lists them`);
}

function formatOption(text: string): PushFormat {
  if (text === 'json' || text === 'ndjson' || text === 'cbor') return text;
  throw usage(`--format is ${JSON.stringify(text)}, expected json, ndjson or cbor.`);
}

export function define(command: Command): void {
  withListOptions(command);
  withListOptions(command.command('list').description('list them, newest first (the default)'));
  const pushing = command.command('push').description('push the detections of a file, in batches of 1,000');
  talksToAgent(pushing)
    .argument('[file]', 'JSON, NDJSON or CBOR; - or nothing is standard input', '-')
    .option('--format <format>', 'json, ndjson or cbor (default: by the name, else by the first bytes)', formatOption)
    .action((file: string) => push(pushing, file));
  const erasing = command.command('erase').description('erase a detection on every node');
  talksToAgent(erasing)
    .argument('<hash>', 'its hash')
    .action(async (hash: string) => {
      const options = optionsOf(erasing);
      const answer = await connect(options).send<{ erased: number }>(
        'DELETE',
        `detections/${encodeURIComponent(hash)}`,
      );
      if (options.json) sayJson(answer);
      else say(`${plural(answer.erased, 'detection')} erased here; other nodes follow as they hear of it.`);
    });
}
