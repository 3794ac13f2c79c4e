import { EdgeError } from '../core/errors.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { Radio } from '../ports/radio.js';
import { parseRadioSpec } from '../radios/radio-spec.js';
import type { Config } from './config.js';

export interface RadioContext {
  readonly config: Config;
  readonly nodeId: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** The radio a person asked for, its driver loaded only now. Throws `radio.kind` for one this release cannot drive. */
export async function createRadio(spec: string, context: RadioContext): Promise<Radio> {
  const parsed = parseRadioSpec(spec);
  const { config, log, clock, nodeId } = context;
  switch (parsed.kind) {
    case 'udp': {
      const { createUdpRadio } = await import('../radios/udp/udp-radio.js');
      return createUdpRadio({
        ...(parsed.port !== undefined && { port: parsed.port }),
        ...(parsed.interfaces !== undefined && { interfaces: parsed.interfaces }),
        ...(config.udp.dataPort > 0 && { dataPort: config.udp.dataPort }),
        dnsSd: config.udp.dnsSd,
        identity: { name: config.name, nodeId },
        log: log.child('udp'),
        clock,
      });
    }
    case 'ble':
    case 'serial':
      throw new EdgeError('radio.kind', `this release has no driver for ${parsed.kind} radios`, {
        fix: 'use --radio udp',
        status: 500,
      });
  }
}
