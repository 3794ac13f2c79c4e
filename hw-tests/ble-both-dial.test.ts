import test from 'ava';
import type { Clock } from '../dist/ports/clock.js';
import type { LinkAddress } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { PATIENCE_MS } from '../dist/radios/ble/neighbours.js';
import { SLOT_MS, Tokens } from '../dist/radios/ble/tokens.js';
import { systemClock } from '../dist/system/system-clock.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';

const LIMIT_MS = 40_000;
/** Neither end, nor the wish for a second link, needs longer to show. */
const WATCHED_MS = 12_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const KEY = new Uint8Array(16);
/** A hint has six bits: strangers share one by chance, and which do so follows from the slots, so the slots are fixed and looked up. */
function clocksApart(count: number): number[] {
  const found: number[] = [];
  const tokens = new Tokens({ key: KEY, id: '' });
  const areStrangers = (a: number, b: number): boolean => !tokens.mayBeOurs(tokens.hint(a), b);
  for (let slot = 2_000_000; found.length < count; slot += 10) {
    const wall = slot * SLOT_MS;
    if (found.every((other) => areStrangers(wall, other) && areStrangers(other, wall))) found.push(wall);
  }
  return found;
}

/** Nodes whose clocks are so far apart that none knows the others' adverts: all have patience first, and then all dial. */
for (const size of [2, 3]) {
  test(`${size} nodes that dial each other at the same moment, at real intervals, end with one link each`, async (t) => {
    t.timeout(3 * LIMIT_MS);
    const air = new Air({ timeScale: 1 });
    const startedAt = systemClock.now();
    let firstLinkAt: number | undefined;
    let ends = 0;
    const nodes = clocksApart(size).map((wallAtStart, i) => {
      const clock: Clock = {
        now: () => systemClock.now(),
        wall: () => wallAtStart + systemClock.now() - startedAt,
        timer: (name, delayMs, fn) => systemClock.timer(name, delayMs, fn),
      };
      const controller = new EmulatedController(air, { name: `n${i}` });
      const identity = { key: KEY, id: `n${i}` };
      const port = (): EmulatedPort => new EmulatedPort(controller);
      const radio = createBleRadio({ identity, log: silentLog(), clock, port });
      return { controller, radio, links: new Set<LinkAddress>(), heard: [] as string[] };
    });
    try {
      for (const { radio, links, heard } of nodes) {
        await radio.open({
          heard: (frames) => heard.push(...frames.map(({ bytes }) => new TextDecoder().decode(bytes))),
          linkUp: (address) => {
            firstLinkAt ??= systemClock.now() - startedAt;
            links.add(address);
          },
          linkDown: (address) => {
            ends++;
            links.delete(address);
          },
          condition: () => {},
        });
      }
      const whole = (): boolean =>
        air.links.size === (size * (size - 1)) / 2 && nodes.every(({ links }) => links.size === size - 1);
      while (!whole() && systemClock.now() - startedAt < LIMIT_MS) await wait(20);
      t.true(whole(), `${air.links.size} links, ${nodes.map(({ links }) => links.size)} seen`);
      t.true((firstLinkAt ?? 0) >= PATIENCE_MS - 500, 'nobody knew whose turn it was');
      t.log(`whole after ${Math.round(systemClock.now() - startedAt)} ms; ${ends} ends of surplus links`);
      const [links, before] = [[...air.links], ends];
      await wait(WATCHED_MS);
      t.deepEqual([...air.links], links, 'the same links, and no others');
      t.is(ends, before);
      for (const [i, { radio, links: own }] of nodes.entries())
        for (const address of own) t.is(radio.send(new TextEncoder().encode(`from ${i}`), address), 'queued');
      while (nodes.some(({ heard }) => heard.length < size - 1)) await wait(20);
      t.deepEqual(
        nodes.flatMap(({ controller }) => controller.violations),
        [],
      );
    } finally {
      await Promise.all(nodes.map(({ radio }) => radio.close()));
      air.close();
    }
  });
}
