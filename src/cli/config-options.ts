import type { Command } from 'commander';
import type { ConfigSources, LoadedConfig } from '../agent/config.js';
import { collect } from './parse.js';

/** What every command that reads the configuration takes. */
export interface ConfigCommandOptions {
  readonly config?: string;
  readonly radio?: readonly string[];
  readonly mesh?: string;
  readonly name?: string;
  readonly data?: string;
  readonly http?: string;
  readonly logLevel?: string;
}

export const readsConfig = (command: Command): Command =>
  command
    .option('--config <file>', 'a configuration file in TOML (EDGE_AGENT_CONFIG)')
    .option(
      '--radio <radio>',
      'udp[:PORT][@IFACE], ble[:ADAPTER] or serial:PATH[@BAUD[+air[:BITS]][+duty:PERCENT]] (repeatable; default: udp)',
      (text: string, all?: readonly string[]) => collect(text, all),
    )
    .option('--mesh <name>', 'the mesh to be in (default: edge)')
    .option('--name <name>', "the name of this node (default: the host's name)")
    .option('--data <dir>', 'the data directory')
    .option('--http <host:port>', 'where to serve HTTP, or off (default: 127.0.0.1:7070)')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)');

/** The configuration that file, environment and these options make. Loads the validator, hence not done by small commands. */
export async function loadFor(options: ConfigCommandOptions): Promise<LoadedConfig> {
  const { loadConfig } = await import('../agent/config.js');
  const { config: given, ...flags } = options;
  const file = given ?? (process.env['EDGE_AGENT_CONFIG'] || undefined);
  const sources: ConfigSources = { env: process.env, flags, ...(file === undefined ? {} : { file }) };
  return loadConfig(sources);
}
