import type { Command } from 'commander';
import { type ConfigCommandOptions, loadFor, readsConfig } from '../config-options.js';
import { inline } from '../format.js';
import { note, paint, say, sayJson, table } from '../output.js';

type ExplainOptions = ConfigCommandOptions & { readonly json?: boolean };

async function explain(command: Command): Promise<void> {
  const options = command.optsWithGlobals<ExplainOptions>();
  const { explain: keys, warnings } = await loadFor(options);
  if (options.json) {
    sayJson({ keys, warnings });
    return;
  }
  say(
    table(
      [
        { title: 'KEY', value: ({ key }) => key },
        { title: 'VALUE', value: ({ value }) => inline(value), cut: true },
        {
          title: 'FROM',
          value: ({ source }) => source,
          style: ({ source }) => (source === 'default' ? 'dim' : 'green'),
        },
        { title: 'ENVIRONMENT', value: ({ env }) => env, cut: true },
        { title: 'FLAG', value: ({ flag }) => flag },
      ],
      keys,
    ),
  );
  for (const warning of warnings) note(`${paint('yellow', 'warning', process.stderr)}: ${warning}`);
}

const explains = (command: Command): Command =>
  readsConfig(command)
    .option('--json', 'as JSON: {keys, warnings}')
    .action(() => explain(command));

export function define(command: Command): void {
  explains(command);
  explains(command.command('explain').description('every key, its value and where that came from (the default)'));
  command
    .command('schema')
    .description('the JSON schema of the configuration file')
    .option('--json', 'the same: it is always JSON')
    .action(async () => {
      const { configJsonSchema } = await import('../../agent/config/schema.js');
      say(JSON.stringify(configJsonSchema(), null, 2));
    });
}
