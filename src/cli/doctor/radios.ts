import type { Config } from '../../agent/config.js';
import type { RadioStatus } from '../../agent/contract.js';
import { createRadio } from '../../agent/radios.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { Log } from '../../ports/log.js';
import { formatRadioSpec, parseRadioSpec, sharesDevice } from '../../radios/radio-spec.js';
import { systemClock } from '../../system/system-clock.js';
import { plural } from '../format.js';
import { type Check, fail, failed, ok, warn } from './check.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

/** What is known of the agent that runs. */
export interface Running {
  /** As its status tells them; absent when it does not answer. */
  readonly radios?: readonly RadioStatus[];
  /** Who holds the data directory. */
  readonly pid?: number;
}

/** Asks the radio the agent would use. It is never opened, so nothing that says who we are is sent and no id is needed. */
async function checkRadio(text: string, config: Config, running: Running): Promise<Check> {
  const id = `radio.${text}`;
  const other = running.radios === undefined ? '' : '; not what the running agent uses';
  try {
    const radio = await createRadio(text, { config, nodeId: '', log: SILENT, clock: systemClock });
    const probe = await radio.probe();
    await radio.close();
    const detail = `${probe.mode === undefined ? probe.detail : `${probe.detail} (${probe.mode})`}${other}`;
    if (!probe.ok && running.pid !== undefined && probe.detail.includes(`process ${running.pid} `))
      return ok(id, 'in use by the running agent, as it should be');
    if (!probe.ok) return fail(id, detail, probe.fix);
    return probe.fix === undefined ? ok(id, detail) : warn(id, detail, probe.fix);
  } catch (error) {
    return error instanceof EdgeError ? failed(id, error) : fail(id, messageOf(error));
  }
}

/** A radio in use is not probed, which could disturb it: the agent knows. */
function checkLive({ name, condition, links, reason, detail, fix }: RadioStatus): Check {
  const why = reason ?? detail;
  const told = `in use by the running agent: ${condition}, ${plural(links, 'link')}${why === undefined ? '' : `; ${why}`}`;
  if (condition !== 'up') return fail(`radio.${name}`, told, fix ?? 'edge-agent radios shows how it goes on');
  return fix === undefined ? ok(`radio.${name}`, told) : warn(`radio.${name}`, told, fix);
}

function isSame(wanted: string, { name }: RadioStatus): boolean {
  try {
    const [a, b] = [parseRadioSpec(wanted), parseRadioSpec(name)];
    return formatRadioSpec(a) === formatRadioSpec(b) || sharesDevice(a, b);
  } catch {
    return wanted === name;
  }
}

/** What the running agent uses, as it is; of what was asked for beside it, whether it could be used. */
export async function checkRadios(config: Config, asked: boolean, running: Running): Promise<Check[]> {
  const live = running.radios ?? [];
  const others = config.radios.filter((radio) => !live.some((each) => isSame(radio, each)));
  const probed = asked || running.radios === undefined ? others : [];
  return [...live.map(checkLive), ...(await Promise.all(probed.map((radio) => checkRadio(radio, config, running))))];
}
