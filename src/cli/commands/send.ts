import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { MessageStory } from '../../agent/story-contract.js';
import { EdgeError } from '../../core/errors.js';
import { MESSAGE_LIFE_MS } from '../../http/limits.js';
import type { ApiClient } from '../client.js';
import { type ConnectOptions, connect, optionsOf, talksToAgent } from '../connect.js';
import { byteCount } from '../format.js';
import { nodeLabels, resolveNode } from '../nodes.js';
import { say, sayJson } from '../output.js';
import { durationOption } from '../parse.js';
import { type PayloadOptions, payloadOf, withPayload } from '../payload.js';
import { Progress } from '../progress.js';
import { Exit, usage } from '../report.js';
import { storyText } from '../story.js';

interface SendOptions extends ConnectOptions, PayloadOptions {
  /** Commander's `--no-ack`. */
  readonly ack?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
}

const POLL_MS = 200;
const DEFAULT_WAIT_MS = 30_000;
/** A large payload has to reach the agent's disk first. */
const SEND_MS = 60_000;

/** The story once it has an end, or as it is when time runs out. */
async function awaitEnd(client: ApiClient, messageId: string, timeoutMs: number): Promise<MessageStory> {
  let until = Date.now() + timeoutMs;
  let doneBytes = 0;
  let shown: Progress | undefined;
  for (;;) {
    const story = await client.get<MessageStory>(`messages/${messageId}`);
    const { progress } = story;
    // While bytes arrive there it is worth waiting.
    if (progress && progress.doneBytes > doneBytes) {
      doneBytes = progress.doneBytes;
      until = Date.now() + timeoutMs;
      shown ??= new Progress(progress.totalBytes);
      shown.show(`${byteCount(doneBytes)} of ${byteCount(progress.totalBytes)} are there`, doneBytes);
    }
    if (story.condition !== 'sent' || Date.now() >= until) {
      shown?.end();
      return story;
    }
    await sleep(POLL_MS);
  }
}

async function send(command: Command, to: string, type: string, payload: string | undefined): Promise<void> {
  const options = optionsOf<SendOptions>(command);
  const toAll = to === '*' || to === 'all';
  if (options.wait && (toAll || options.ack === false))
    throw usage(
      `--wait waits for an acknowledgement, and ${toAll ? 'nobody acknowledges what goes to all' : '--no-ack asks for none'}.`,
      'Leave one of them away.',
    );
  const client = connect(options);
  const body = {
    to: toAll ? '*' : await resolveNode(client, to),
    type,
    ...payloadOf(payload, options.file),
    priority: options.priority,
    ack: options.ack === false ? false : undefined,
    timeoutMs: options.timeout,
  };
  const sent = await client.send<{ messageId: string }>('POST', 'messages', body, SEND_MS);
  if (!options.wait) {
    if (options.json) sayJson(sent);
    else say(sent.messageId);
    return;
  }
  const story = await awaitEnd(client, sent.messageId, options.timeout ?? DEFAULT_WAIT_MS);
  if (options.json) sayJson(story);
  else say(storyText(story, await nodeLabels(client, {})));
  if (story.condition === 'delivered') return;
  if (story.condition !== 'sent') {
    process.exitCode = Exit.Failed;
    return;
  }
  throw new EdgeError('cli.timeout', 'The message is still on its way.', {
    status: 504,
    fix: `Look again with: edge-agent message ${sent.messageId}`,
  });
}

export function define(command: Command): void {
  withPayload(
    talksToAgent(command)
      .argument('<to>', 'id or name of a node, or all')
      .argument('<type>', 'the type of the message'),
  )
    .option('--no-ack', 'do not ask for an acknowledgement')
    .option('--wait', 'wait until it is delivered, and print its story')
    .option('--timeout <duration>', 'how long it may travel', durationOption('--timeout', 1, MESSAGE_LIFE_MS))
    .action((to: string, type: string, payload: string | undefined) => send(command, to, type, payload));
}
