import type { Command } from 'commander';
import type { QueryAnswer } from '../../agent/contract.js';
import { SEARCH_TIMEOUT_MS } from '../../http/limits.js';
import { type ConnectOptions, connect, optionsOf, talksToAgent } from '../connect.js';
import { inline } from '../format.js';
import { resolveNode } from '../nodes.js';
import { note, say, sayJson } from '../output.js';
import { durationOption } from '../parse.js';
import { type PayloadOptions, payloadOf, withPayload } from '../payload.js';
import { clean } from '../report.js';

interface QueryOptions extends ConnectOptions, PayloadOptions {
  readonly timeout: number;
}

async function query(command: Command, to: string, type: string, payload: string | undefined): Promise<void> {
  const options = optionsOf<QueryOptions>(command);
  const client = connect(options);
  const body = {
    to: await resolveNode(client, to),
    type,
    ...payloadOf(payload, options.file),
    priority: options.priority,
    timeoutMs: options.timeout,
  };
  const answer = await client.send<QueryAnswer>('POST', 'query', body, options.timeout + 5_000);
  if (options.json) {
    sayJson(answer);
    return;
  }
  say(clean(answer.payloadBase64 ?? inline(answer.payload)));
  note(`from ${answer.from} in ${answer.tookMs} ms`);
}

export function define(command: Command): void {
  withPayload(
    talksToAgent(command).argument('<to>', 'id or name of a node').argument('<type>', 'the type of the query'),
  )
    .option(
      '--timeout <duration>',
      'how long to wait for the response',
      durationOption('--timeout', 1, SEARCH_TIMEOUT_MS),
      10_000,
    )
    .action((to: string, type: string, payload: string | undefined) => query(command, to, type, payload));
}
