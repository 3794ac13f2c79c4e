import type { Command } from 'commander';
import type { LoadedConfig } from '../../agent/config.js';
import { EdgeError } from '../../core/errors.js';
import { type ConfigCommandOptions, loadFor, readsConfig } from '../config-options.js';
import type { ConnectOptions } from '../connect.js';
import { checkAgent } from '../doctor/agent.js';
import { type Check, failed, ok, warn } from '../doctor/check.js';
import { checkData } from '../doctor/data.js';
import { checkClock, checkInterfaces, checkNode, checkUser } from '../doctor/device.js';
import { checkHotPath } from '../doctor/hot-path.js';
import { lockHolder } from '../doctor/lock-holder.js';
import { checkRadios, type Running } from '../doctor/radios.js';
import { paint, say, sayJson } from '../output.js';
import { clean, Exit } from '../report.js';

type DoctorOptions = ConfigCommandOptions & ConnectOptions;

const STYLE = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** The configuration, or what is wrong with it; then the defaults are examined instead. */
async function configuration(options: DoctorOptions): Promise<LoadedConfig & { readonly checks: readonly Check[] }> {
  try {
    const loaded = await loadFor(options);
    const odd = loaded.warnings.map((warning) => warn('config', warning));
    return { ...loaded, checks: odd.length > 0 ? odd : [ok('config', 'understood')] };
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error;
    const { loadConfig } = await import('../../agent/config.js');
    return { ...loadConfig({}), checks: [failed('config', error)] };
  }
}

/** Of the data directory; what cannot be looked at is a finding of its own. */
function holderOf(directory: string): number | undefined {
  try {
    return lockHolder(directory);
  } catch {
    return undefined;
  }
}

async function examine(options: DoctorOptions): Promise<readonly Check[]> {
  const { config, explain, checks } = await configuration(options);
  const agent = await checkAgent(config, options);
  const pid = holderOf(config.dataDir);
  const running: Running = {
    ...(agent.status !== undefined && { radios: agent.status.radios }),
    ...(pid !== undefined && { pid }),
  };
  return [
    checkNode(),
    await checkHotPath(),
    ...checks,
    ...checkData(config),
    checkClock(),
    checkUser(),
    checkInterfaces(),
    ...(await checkRadios(
      config,
      explain.some(({ key, source }) => key === 'radios' && source !== 'default'),
      running,
    )),
    ...agent.checks,
  ];
}

function human(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  return checks
    .flatMap(({ id, condition, detail, fix }) => {
      const line = `${paint(STYLE[condition], condition.padEnd(4))}  ${clean(id).padEnd(width)}  ${clean(detail)}`;
      return fix === undefined ? [line] : [line, `${' '.repeat(width + 8)}${paint('bold', clean(fix))}`];
    })
    .join('\n');
}

export function define(command: Command): void {
  readsConfig(command)
    .option('--json', 'as JSON: {ok, checks}')
    .option('--url <url>', 'the agent that should be running')
    .option('--token <token>', 'its bearer token')
    .action(async () => {
      const options = command.opts<DoctorOptions>();
      const checks = await examine(options);
      const isWell = checks.every(({ condition }) => condition !== 'fail');
      if (options.json) sayJson({ ok: isWell, checks });
      else say(human(checks));
      if (!isWell) process.exitCode = Exit.Failed;
    });
}
