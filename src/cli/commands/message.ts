import type { Command } from 'commander';
import type { MessageStory } from '../../agent/contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { say, sayJson } from '../output.js';
import { storyText } from '../story.js';

export function define(command: Command): void {
  talksToAgent(command)
    .argument('<id>', 'the id that send printed')
    .action(async (id: string) => {
      const options = optionsOf(command);
      const story = await connect(options).get<MessageStory>(`messages/${encodeURIComponent(id)}`);
      if (options.json) sayJson(story);
      else say(storyText(story));
    });
}
