import type { Config } from '../../agent/config.js';
import { createRadio } from '../../agent/radios.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { Log } from '../../ports/log.js';
import { systemClock } from '../../system/system-clock.js';
import { type Check, fail, failed, ok, warn } from './check.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

/** Asks the radio the agent would use. It is never opened, so nothing that says who we are is sent and no id is needed. */
async function checkRadio(text: string, config: Config): Promise<Check> {
  const id = `radio.${text}`;
  try {
    const radio = await createRadio(text, { config, nodeId: '', log: SILENT, clock: systemClock });
    const probe = await radio.probe();
    await radio.close();
    const detail = probe.mode === undefined ? probe.detail : `${probe.detail} (${probe.mode})`;
    if (!probe.ok) return fail(id, detail, probe.fix);
    return probe.fix === undefined ? ok(id, detail) : warn(id, detail, probe.fix);
  } catch (error) {
    return error instanceof EdgeError ? failed(id, error) : fail(id, messageOf(error));
  }
}

export const checkRadios = (config: Config): Promise<Check[]> =>
  Promise.all(config.radios.map((radio) => checkRadio(radio, config)));
