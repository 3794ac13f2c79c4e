import test from 'ava';
import type { LinkAddress, Radio } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { systemClock } from '../dist/system/system-clock.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Longer than a stranger's patience before it dials, and its stay. */
const WATCHED_MS = 45_000;
const LIMIT_MS = 20_000;

test('nodes of another mesh get one place at most, for a while, and never the last: members always find theirs', async (t) => {
  t.timeout(WATCHED_MS + 3 * LIMIT_MS);
  const air = new Air();
  const make = (id: string, mesh: number, maxLinks: number) => {
    const controller = new EmulatedController(air, { name: id });
    const port = (): EmulatedPort => new EmulatedPort(controller);
    const identity = { key: new Uint8Array(16).fill(mesh), id };
    const settings = { maxOut: maxLinks, maxIn: maxLinks, maxLinks };
    const radio: Radio = createBleRadio({ identity, settings, log: silentLog(), clock: systemClock, port });
    const links = new Set<LinkAddress>();
    const open = (): Promise<void> =>
      radio.open({
        heard: () => {},
        linkUp: (address) => links.add(address),
        linkDown: (address) => links.delete(address),
        condition: () => {},
      });
    return { controller, radio, links, open };
  };
  const centre = make('centre', 1, 3);
  const strangers = Array.from({ length: 4 }, (_, i) => make(`stranger ${i}`, 10 + i, 4));
  const members = Array.from({ length: 2 }, (_, i) => make(`member ${i}`, 1, 2));
  const all = [centre, ...strangers, ...members];
  // Strangers hear the centre only; so do members, who come late.
  const isCentre = (station: object): boolean => station === centre.controller;
  air.setReach((a, b) => isCentre(a) || isCentre(b));
  const linksWith = (others: typeof members): number =>
    [...air.links].filter(({ central, peripheral }) =>
      others.some(({ controller }) => controller === central.controller || controller === peripheral.controller),
    ).length;
  try {
    await Promise.all([centre, ...strangers].map(({ open }) => open()));
    let [most, held] = [0, 0];
    const from = systemClock.now();
    for (; systemClock.now() - from < WATCHED_MS; await wait(50)) {
      most = Math.max(most, centre.links.size);
      if (centre.links.size > 0) held++;
    }
    t.is(most, 1, 'one at a time');
    const share = (held * 50) / WATCHED_MS;
    t.log(`a stranger was in for ${Math.round(share * 100)} % of the time`);
    t.true(share > 0.1 && share < 0.9);
    const arrival = systemClock.now();
    await Promise.all(members.map(({ open }) => open()));
    while (members.some(({ links }) => links.size === 0) && systemClock.now() - arrival < LIMIT_MS) await wait(20);
    t.log(`members were in after ${Math.round(systemClock.now() - arrival)} ms`);
    t.is(linksWith(members), 2);
    t.deepEqual(
      all.flatMap(({ controller }) => controller.violations),
      [],
    );
  } finally {
    await Promise.all(all.map(({ radio }) => radio.close()));
    air.close();
  }
});
