import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { QueryAnswer } from '../../agent/contract.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import { SEARCH_TIMEOUT_MS } from '../../http/limits.js';
import type { ApiClient } from '../client.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { forPeople, plural } from '../format.js';
import { type NodeOptions, nodeLabels, resolveNode, showsNodes } from '../nodes.js';
import { note, say, sayJson } from '../output.js';
import { durationOption, wholeNumber } from '../parse.js';
import { Exit, exitCodeOf } from '../report.js';

/** Every agent answers this query by itself. */
const PING = 'edge.ping';
/** Far below what a timer of Node holds: beyond that it would not wait at all. */
const INTERVAL_MAX_MS = 86_400_000;

interface PingOptions extends NodeOptions {
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
}

type Reply = { readonly rttMs: number } | { readonly error: string };

async function pingOnce(client: ApiClient, to: string, timeoutMs: number): Promise<Reply> {
  try {
    const answer = await client.send<QueryAnswer>('POST', 'query', { to, type: PING, timeoutMs }, timeoutMs + 5_000);
    return { rttMs: answer.tookMs };
  } catch (error) {
    // Only a missing answer is a result; no agent, no permission or wrong usage end the command.
    const isLost =
      error instanceof EdgeError &&
      (error.code === 'cli.timeout' || error.status === 504 || error.code.startsWith('message.'));
    if (!isLost || exitCodeOf(error) !== Exit.Failed) throw error;
    return { error: messageOf(error) };
  }
}

function summary(to: string, replies: readonly Reply[]) {
  const times = replies.flatMap((reply) => ('rttMs' in reply ? [reply.rttMs] : []));
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const rttMs = times.length === 0 ? null : { min: Math.min(...times), mean, max: Math.max(...times) };
  return { node: to, sent: replies.length, received: times.length, rttMs, replies };
}

async function ping(command: Command, node: string): Promise<void> {
  const options = optionsOf<PingOptions>(command);
  const client = connect(options);
  const to = await resolveNode(client, node);
  const shown = options.json ? to : (await nodeLabels(client, options))(to);
  const replies: Reply[] = [];
  for (let i = 0; i < options.count; i++) {
    if (i > 0) await sleep(options.interval);
    const reply = await pingOnce(client, to, options.timeout);
    replies.push(reply);
    if (options.json) continue;
    if ('rttMs' in reply) say(`answer from ${shown}: ${forPeople(reply.rttMs)}`);
    else note(`no answer: ${reply.error}`);
  }
  const total = summary(to, replies);
  if (options.json) sayJson(total);
  else if (total.rttMs !== null && total.sent > 1) {
    const { min, mean, max } = total.rttMs;
    say(
      `${total.received} of ${plural(total.sent, 'answer')}, rtt ${forPeople(min)} / ${forPeople(mean)} / ${forPeople(max)}`,
    );
  }
  if (total.received === 0) process.exitCode = Exit.Failed;
}

export function define(command: Command): void {
  showsNodes(talksToAgent(command))
    .argument('<node>', 'id or name')
    .option('-c, --count <count>', 'how many times', wholeNumber('--count', 1, 1_000), 1)
    .option('--interval <duration>', 'time between two', durationOption('--interval', 0, INTERVAL_MAX_MS), 1_000)
    .option(
      '--timeout <duration>',
      'how long to wait for each',
      durationOption('--timeout', 1, SEARCH_TIMEOUT_MS),
      5_000,
    )
    .action((node: string) => ping(command, node));
}
