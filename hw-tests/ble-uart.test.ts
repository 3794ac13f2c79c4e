import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { leEvent, PacketSplitter } from '../dist/radios/ble/hci-packets.js';
import { systemClock } from '../dist/system/system-clock.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { cableTrouble, SerialCable } from '../dist/testing/serial-cable.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { until } from './wait.js';

const LIMIT_MS = 30_000;
const trouble = cableTrouble();

function scene(title: string, body: (t: ExecutionContext, cable: SerialCable) => Promise<void>): void {
  if (trouble !== undefined) return test.skip(`${title} (skipped: ${trouble})`, () => {});
  test(title, async (t) => {
    t.timeout(2 * LIMIT_MS);
    const cable = new SerialCable();
    await cable.plug();
    try {
      await body(t, cable);
    } finally {
      await cable.remove();
    }
  });
}

/** What one hears of a radio at the near end of the cable. */
async function radioAt(path: string): Promise<{ conditions: string[]; close: () => Promise<void> }> {
  const conditions: string[] = [];
  const radio = createBleRadio({
    adapter: `uart:${path}`,
    identity: { key: new Uint8Array(16), id: 'a' },
    settings: { retryMs: 20, retryMaxMs: 20, commandTimeoutMs: 500 },
    ...{ log: silentLog(), clock: systemClock },
  });
  const nothing = (): void => {};
  await radio.open({
    ...{ heard: nothing, linkUp: nothing, linkDown: nothing },
    condition: (condition, reason) => conditions.push(reason === undefined ? condition : `${condition}: ${reason}`),
  });
  return { conditions, close: () => radio.close() };
}

scene(
  'a controller that is in the middle of a packet, because it served another before, is understood',
  async (t, cable) => {
    const far = await open(cable.ends[1], 'r+');
    const out = createWriteStream('', { fd: far.fd, autoClose: false });
    const controller = new EmulatedController(new Air());
    const splitter = new PacketSplitter((packet) => controller.receive(packet), t.fail);
    const input = far.createReadStream({ autoClose: false });
    input.on('data', (chunk) => splitter.push(chunk as Buffer));
    input.on('error', () => {});
    controller.onData = (packet) => void out.write(packet);
    const advert = leEvent(2, new Uint8Array(40).fill(0x55));
    out.write(advert.subarray(20));
    out.write(advert);
    const radio = await radioAt(cable.ends[0]);
    t.deepEqual(radio.conditions, ['up']);
    await radio.close();
    input.destroy();
    controller.vanish();
    await cable.unplug();
    await far.close();
  },
);

scene('noise instead of a controller is said to be noise, and goes on being tried', async (t, cable) => {
  const far = createWriteStream(cable.ends[1], { flags: 'r+' });
  far.on('error', () => {});
  await once(far, 'open');
  const noise = setInterval(() => far.write(Buffer.alloc(2_048, 0x5a)), 5);
  const radio = await radioAt(cable.ends[0]);
  await until('it is said', () => radio.conditions.some((text) => /speed may be wrong/.test(text)), LIMIT_MS);
  clearInterval(noise);
  far.destroy();
  await radio.close();
  t.false(radio.conditions.includes('up'));
});
