import test from 'ava';
import type { Clock } from '../dist/ports/clock.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { SLOT_MS } from '../dist/radios/ble/tokens.js';
import { systemClock } from '../dist/system/system-clock.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('addresses and tokens change with the slot while the links stay, and nobody dials a neighbour twice', async (t) => {
  const air = new Air();
  let ahead = 0;
  const clock: Clock = {
    now: () => systemClock.now(),
    wall: () => systemClock.wall() + ahead,
    timer: (name, delayMs, fn) => systemClock.timer(name, delayMs, fn),
  };
  const told: string[] = [];
  const nodes = ['a', 'b', 'c'].map((id) => {
    const controller = new EmulatedController(air, { name: id });
    const identity = { key: new Uint8Array(16), id };
    const port = (): EmulatedPort => new EmulatedPort(controller);
    const links: string[] = [];
    return { controller, links, radio: createBleRadio({ identity, log: silentLog(), clock, port }) };
  });
  try {
    for (const { radio, links } of nodes) {
      await radio.open({
        heard: () => {},
        linkUp: (address) => links.push(address),
        linkDown: (address, reason) => told.push(`${address} ${reason}`),
        condition: () => {},
      });
    }
    while (nodes.some(({ links }) => links.length < 2)) await wait(10);
    for (let turn = 0; turn < 2; turn++) {
      const before = nodes.map(({ controller }) => [
        controller.randomAddress,
        Buffer.from(controller.advertData).toString('hex'),
      ]);
      ahead += SLOT_MS;
      // Longer than a neighbour counts as heard, as a slot is.
      await wait(6_000);
      nodes.forEach(({ controller }, i) => {
        t.not(controller.randomAddress, before[i]?.[0]);
        t.not(Buffer.from(controller.advertData).toString('hex'), before[i]?.[1]);
        t.true(controller.isAdvertising && controller.isScanning);
        t.is(controller.linkCount, 2);
      });
    }
    t.deepEqual(told, []);
    t.deepEqual(
      nodes.flatMap(({ controller }) => controller.violations),
      [],
    );
  } finally {
    await Promise.all(nodes.map(({ radio }) => radio.close()));
    air.close();
  }
});
