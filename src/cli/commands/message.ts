import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { MessageStory } from '../../agent/story-contract.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { ApiClient } from '../client.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { byteCount } from '../format.js';
import { type NodeOptions, nodeLabels, showsNodes } from '../nodes.js';
import { say, sayJson } from '../output.js';
import { usage } from '../report.js';
import { storyText } from '../story.js';

interface MessageOptions extends NodeOptions {
  readonly save?: string;
}

const SAVE_MS = 60_000;
const MESSAGE_ID = /^[0-9a-f]{28}$/i;

/** The bytes of a large message that came to this node, into a file. */
async function save(client: ApiClient, id: string, file: string, json: boolean | undefined): Promise<void> {
  const bytes = await client.bytes(`messages/${encodeURIComponent(id)}/payload`, SAVE_MS);
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    throw new EdgeError('cli.file', `${file} cannot be written: ${messageOf(error)}`, { fix: 'Name another file.' });
  }
  if (json) sayJson({ messageId: id, file, bytes: bytes.length });
  else say(`${byteCount(bytes.length)} in ${file}`);
}

export function define(command: Command): void {
  showsNodes(talksToAgent(command))
    .argument('<id>', 'the id that send printed')
    .option('--save <file>', 'write the bytes of a large message that came to this node into a file')
    .action(async (id: string) => {
      if (!MESSAGE_ID.test(id))
        throw usage(
          `${JSON.stringify(id)} is not the id of a message: 28 hex digits.`,
          'edge-agent send and edge-agent alerts send print it; it is never shortened.',
        );
      const options = optionsOf<MessageOptions>(command);
      const client = connect(options);
      if (options.save !== undefined) return save(client, id, options.save, options.json);
      const story = await client.get<MessageStory>(`messages/${encodeURIComponent(id)}`);
      if (options.json) sayJson(story);
      else say(storyText(story, await nodeLabels(client, options)));
    });
}
