import type { Command } from 'commander';
import type { Status } from '../../agent/contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { say, sayJson } from '../output.js';
import { radioTable } from '../views.js';

export function define(command: Command): void {
  talksToAgent(command).action(async () => {
    const options = optionsOf(command);
    const { radios } = await connect(options).get<Status>('status');
    if (options.json) sayJson({ radios });
    else say(radios.length === 0 ? 'The agent has no radio.' : radioTable(radios));
  });
}
