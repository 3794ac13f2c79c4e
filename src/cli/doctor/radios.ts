import type { Config } from '../../agent/config.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { Log } from '../../ports/log.js';
import type { Radio } from '../../ports/radio.js';
import { parseRadioSpec, type RadioSpec } from '../../radios/radio-spec.js';
import { type Check, fail, failed, ok } from './check.js';

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

/** The radio itself, so that doctor asks what the agent would ask; `undefined` for a kind this version cannot drive. */
async function radioOf(spec: RadioSpec, config: Config): Promise<Radio | undefined> {
  if (spec.kind !== 'udp') return undefined;
  const { createUdpRadio } = await import('../../radios/udp/udp-radio.js');
  const { systemClock } = await import('../../system/system-clock.js');
  const { dataPort } = config.udp;
  return createUdpRadio({
    port: spec.port,
    ...(spec.interfaces === undefined ? {} : { interfaces: spec.interfaces }),
    ...(dataPort === 0 ? {} : { dataPort }),
    dnsSd: false,
    log: SILENT,
    clock: systemClock,
  });
}

async function checkRadio(text: string, config: Config): Promise<Check> {
  const id = `radio.${text}`;
  try {
    const radio = await radioOf(parseRadioSpec(text), config);
    if (radio === undefined) return fail(id, 'this version cannot drive it', 'Use --radio udp.');
    const probe = await radio.probe();
    await radio.close();
    const detail = probe.mode === undefined ? probe.detail : `${probe.detail} (${probe.mode})`;
    return probe.ok ? ok(id, detail) : fail(id, detail, probe.fix);
  } catch (error) {
    return error instanceof EdgeError ? failed(id, error) : fail(id, messageOf(error));
  }
}

export const checkRadios = (config: Config): Promise<Check[]> =>
  Promise.all(config.radios.map((radio) => checkRadio(radio, config)));
