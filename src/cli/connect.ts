import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { EdgeError, messageOf } from '../core/errors.js';
import { defaultDataDir } from '../storage/data-dir.js';
import { type RuntimeInfo, readRuntime } from '../storage/runtime-file.js';
import { ApiClient, type ClientOptions } from './client.js';
import { usage } from './report.js';

const DEFAULT_URL = 'http://127.0.0.1:7070';

/** What every command that talks to an agent takes. */
export interface ConnectOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

/** Adds the options of `ConnectOptions`. */
export const talksToAgent = (command: Command): Command =>
  command
    .option('--json', 'print the bodies of the HTTP interface')
    .option('--url <url>', 'the agent to talk to (EDGE_AGENT_URL; default: the one running on this device)')
    .option('--token <token>', 'its bearer token (EDGE_AGENT_TOKEN, EDGE_AGENT_TOKEN_FILE)')
    .option('--data <dir>', 'find the running agent by its data directory (EDGE_AGENT_DATA)');

/** The options of a command and of the commands above it. */
export const optionsOf = <Options extends ConnectOptions>(command: Command): Options =>
  command.optsWithGlobals<Options>();

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Commands only read: who may not is told of the ways that need no files. */
function readable(dir: string): RuntimeInfo | undefined {
  try {
    return readRuntime(dir);
  } catch (error) {
    if (!(error instanceof EdgeError) || error.code !== 'data.permission') throw error;
    throw new EdgeError('cli.data', `You may not read ${dir}, where the agent left its address.`, {
      status: 403,
      fix: `Name the agent by its address: --url ${DEFAULT_URL}   Or ask as its user: sudo edge-agent …`,
      cause: error,
    });
  }
}

function target(options: ConnectOptions): ClientOptions {
  const url = options.url ?? process.env['EDGE_AGENT_URL'];
  if (url) return { url };
  const named = options.data ?? process.env['EDGE_AGENT_DATA'];
  const dir = named || defaultDataDir(process.env);
  const runtime = readable(dir);
  if (runtime === undefined) {
    if (!named) return { url: DEFAULT_URL };
    // Another agent may well serve at the default address: not the one that was meant.
    throw new EdgeError('cli.no-agent', `No agent has left its address in ${dir}.`, {
      status: 503,
      fix: `Start one with: edge-agent run --data ${dir}   Or name a running one with --url.`,
    });
  }
  const hint = isAlive(runtime.pid) ? `process ${runtime.pid} wrote this address` : `process ${runtime.pid} has ended`;
  return { url: runtime.url, hint: `${hint}, by ${dir}/runtime.json` };
}

function tokenOf(options: ConnectOptions): string | undefined {
  const direct = options.token ?? process.env['EDGE_AGENT_TOKEN'];
  if (direct) return direct;
  const file = process.env['EDGE_AGENT_TOKEN_FILE'];
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw usage(`EDGE_AGENT_TOKEN_FILE cannot be read: ${messageOf(error)}`, 'Name a readable file, or use --token.');
  }
}

/** A client for the agent the options name: `--url`, else the runtime file in the data directory, else the default address. */
export function connect(options: ConnectOptions): ApiClient {
  const token = tokenOf(options);
  return new ApiClient({ ...target(options), ...(token === undefined ? {} : { token }) });
}
