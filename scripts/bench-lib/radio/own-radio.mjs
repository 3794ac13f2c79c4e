// One end of a link made by a radio of this project, without the mesh above it.
import { createBleRadio } from '../../../dist/radios/ble/ble-radio.js';
import { createSerialRadio } from '../../../dist/radios/serial/serial-radio.js';
import { createUdpRadio } from '../../../dist/radios/udp/udp-radio.js';
import { systemClock } from '../../../dist/system/system-clock.js';
import { systemRandom } from '../../../dist/system/system-random.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const KEY = new Uint8Array(32).fill(7);

const RADIOS = {
  ble: ({ role, place }) =>
    createBleRadio({ adapter: `unix:${place}`, identity: { key: KEY, id: role }, log: quiet, clock: systemClock }),
  serial: ({ place, baud }) =>
    createSerialRadio({ path: place, baud, log: quiet, clock: systemClock, random: systemRandom() }),
  udp: ({ place }) => createUdpRadio({ port: place, interfaces: ['lo'], dnsSd: false, log: quiet, clock: systemClock }),
};

/** @type {import('./end.mjs').OpenEnd} */
export async function openOwnRadio(setup, heard) {
  const radio = RADIOS[setup.kind](setup);
  let [to, frameBytes] = [undefined, radio.traits.mtuBytes];
  let linked;
  const isLinked = new Promise((resolve) => {
    linked = resolve;
  });
  await radio.open({
    heard(frames) {
      for (const { from, bytes } of frames) {
        if (!radio.traits.connected) to ??= from;
        heard(bytes);
      }
    },
    linkUp(address, bytes) {
      [to, frameBytes] = [address, Math.min(frameBytes, bytes)];
      linked();
    },
    linkDown() {},
    condition() {},
  });
  return {
    address: radio.localAddresses()[0],
    async linked(peer) {
      if (radio.traits.connected) await isLinked;
      else to = peer;
      return frameBytes;
    },
    send: (bytes) => to !== undefined && radio.send(bytes, to) === 'queued',
    close: () => radio.close(),
  };
}
