import type { Command } from 'commander';
import type { Agent } from '../../index.js';
import { banner } from '../banner.js';
import { type ConfigCommandOptions, loadFor, readsConfig } from '../config-options.js';
import { note } from '../output.js';
import { clean, Exit, exitCodeOf, reportError } from '../report.js';

/** A stop that takes longer is cut: a supervisor would do the same. */
const STOP_TIMEOUT_MS = 30_000;

/** Stops the agent on the first signal; the second does not wait. */
function stopOnSignals(agent: Agent): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      note(`${signal} again: ending at once`);
      process.exit(Exit.Failed);
    }
    stopping = true;
    const late = setTimeout(() => {
      note(`The agent did not stop within ${STOP_TIMEOUT_MS} ms: ending at once`);
      process.exit(Exit.Failed);
    }, STOP_TIMEOUT_MS);
    late.unref();
    void stop(agent);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

async function stop(agent: Agent): Promise<void> {
  try {
    await agent.stop();
    process.exit(Exit.Done);
  } catch (error) {
    reportError(error, false);
    process.exit(Exit.Failed);
  }
}

/** A fault nobody expected: its trace, and an end that a supervisor sees. */
function endOnUncaught(): void {
  const end = (error: unknown): void => {
    note(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(Exit.Failed);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

async function run(options: ConfigCommandOptions): Promise<void> {
  const { config, warnings } = await loadFor(options);
  for (const warning of warnings) note(`warning: ${clean(warning)}`);
  endOnUncaught();
  try {
    const { createAgent } = await import('../../index.js');
    const agent = await createAgent({ config });
    stopOnSignals(agent);
    await agent.start();
    if (process.stderr.isTTY) process.stderr.write(banner(agent.status()));
  } catch (error) {
    // What a failed start left open must not keep the process.
    reportError(error, false);
    process.exit(exitCodeOf(error));
  }
}

export function define(command: Command): void {
  readsConfig(command).action(() => run(command.opts<ConfigCommandOptions>()));
}
