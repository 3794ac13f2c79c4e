#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { nearest } from '../agent/config/nearest.js';
import { COMMANDS } from './command-table.js';
import { Exit, exitCodeOf, reportError, usage } from './report.js';

const OWN_FLAGS = ['-h', '--help', '-V', '--version'];

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Flags without a command belong to `run`; `help X` is `X --help`. */
function normalised(args: readonly string[]): readonly string[] {
  const [first, second] = args;
  if (first === 'help') return second === undefined ? ['--help'] : [...args.slice(1), '--help'];
  if (first === undefined || (first.startsWith('-') && !OWN_FLAGS.includes(first))) return ['run', ...args];
  return args;
}

function refuseUnknown(name: string): never {
  const meant = nearest(
    name,
    COMMANDS.map((entry) => entry.name),
  );
  const guess = meant === undefined ? '' : ` Did you mean ${meant}?`;
  throw usage(`There is no command ${JSON.stringify(name)}.${guess}`, 'See edge-agent help.');
}

const EPILOGUE = `
Without a command the agent runs: edge-agent --radio udp --mesh field1
Help for one command: edge-agent help COMMAND
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no agent there, 4 not allowed.`;

/** The tree of commands, of which only the one called is loaded. */
async function program(called: string): Promise<Command> {
  const root = new Command('edge-agent')
    .usage('[command] [options]')
    .description('One agent per field device: radios, cameras and no network become one searchable mesh.')
    .version(version())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .addHelpText('after', EPILOGUE);
  for (const { name, summary, load } of COMMANDS) {
    const command = root.command(name).description(summary);
    if (name === called) (await load()).define(command);
  }
  return root;
}

/** A person's mistake, in the words of the parser. */
function asUsage(error: CommanderError): Error {
  return usage(
    error.message.replace(/^error: /, '').replaceAll('\n', ' '),
    'See edge-agent help, or add --help to the command.',
  );
}

async function main(args: readonly string[]): Promise<void> {
  const line = normalised(args);
  const called = line[0] as string;
  if (!called.startsWith('-') && !COMMANDS.some(({ name }) => name === called)) refuseUnknown(called);
  const root = await program(called);
  try {
    await root.parseAsync(line, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end by an exception of their own.
    if (error.exitCode !== 0) throw asUsage(error);
  }
}

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(Exit.Done);
  throw error;
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  reportError(error, process.argv.includes('--json'));
  process.exitCode = exitCodeOf(error);
}
