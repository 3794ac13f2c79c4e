import type { Command } from 'commander';
import { AGENT_EVENT_NAMES } from '../../agent/contract.js';
import { type ConnectOptions, connect, optionsOf, talksToAgent } from '../connect.js';
import { paint, say } from '../output.js';
import { wholeNumber } from '../parse.js';
import { clean, safeJson, usage } from '../report.js';
import type { ServerEvent } from '../sse.js';
import { watch } from '../watch.js';

interface EventOptions extends ConnectOptions {
  readonly types?: string;
  readonly count?: number;
}

function typesOption(text: string): string {
  const known: readonly string[] = AGENT_EVENT_NAMES;
  const wrong = text.split(',').find((name) => !known.includes(name));
  if (wrong === undefined) return text;
  throw usage(`There is no event ${JSON.stringify(wrong)}.`, `Use some of ${known.join(',')}.`);
}

const parsed = (data: string): unknown => {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
};

function show({ id, event, data }: ServerEvent, json: boolean | undefined): void {
  if (json) say(safeJson({ id, event, data: parsed(data) }));
  else say(`${paint('dim', new Date().toISOString())}  ${paint('cyan', clean(event).padEnd(9))}  ${clean(data)}`);
}

export function define(command: Command): void {
  talksToAgent(command)
    .option('--types <types>', `only these, comma-separated: ${AGENT_EVENT_NAMES.join(',')}`, typesOption)
    .option('--count <count>', 'end after so many', wholeNumber('--count', 1, 1_000_000_000))
    .action(() => {
      const options = optionsOf<EventOptions>(command);
      const { json, types, count } = options;
      return watch(connect(options), {
        ...(types === undefined ? {} : { types }),
        ...(count === undefined ? {} : { count }),
        onEvent: (event) => show(event, json),
      });
    });
}
