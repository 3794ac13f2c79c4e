import { createDatagrams } from '../native/hot-path.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { Radio } from '../ports/radio.js';
import { parseRadioSpec } from '../radios/radio-spec.js';
import { nodeCrypto } from '../system/node-crypto.js';
import { systemRandom } from '../system/system-random.js';
import type { Config } from './config.js';
import { openMeshTagKey } from './mesh-key.js';

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
      const datagrams = createDatagrams();
      return createUdpRadio({
        ...(datagrams !== undefined && { datagrams }),
        ...(parsed.port !== undefined && { port: parsed.port }),
        ...(parsed.interfaces !== undefined && { interfaces: parsed.interfaces }),
        ...(config.udp.dataPort > 0 && { dataPort: config.udp.dataPort }),
        dnsSd: config.udp.dnsSd,
        identity: { name: config.name, nodeId },
        log: log.child('udp'),
        clock,
      });
    }
    case 'serial': {
      const { createSerialRadio } = await import('../radios/serial/serial-radio.js');
      return createSerialRadio({
        path: parsed.path,
        ...(parsed.baud !== undefined && { baud: parsed.baud }),
        ...(parsed.airBitsPerSecond !== undefined && { airBitsPerSecond: parsed.airBitsPerSecond }),
        ...(parsed.dutyPercent !== undefined && { dutyCycle: parsed.dutyPercent / 100 }),
        log: log.child('serial'),
        clock,
        random: systemRandom(),
      });
    }
    case 'ble': {
      const { createBleRadio } = await import('../radios/ble/ble-radio.js');
      return createBleRadio({
        ...(parsed.adapter !== undefined && { adapter: parsed.adapter }),
        // Of its own, so that what the adverts show says nothing of the key that frames are tagged with.
        identity: { key: deriveBleKey(config.mesh), id: nodeId },
        settings: { shouts: config.ble.urgentAdverts },
        log: log.child('ble'),
        clock,
      });
    }
  }
}

function deriveBleKey(mesh: string): Uint8Array {
  const crypto = nodeCrypto();
  return crypto.hkdf(openMeshTagKey(crypto, mesh), new Uint8Array(0), 'edge-agent/1/ble', 32);
}
