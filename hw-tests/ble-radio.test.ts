import test from 'ava';
import type { LinkAddress, Radio, RadioEvents } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { systemClock } from '../dist/system/system-clock.js';
import { radioContract } from '../dist/testing/contracts/radio.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';

/** A radio that remembers how it calls its neighbour. */
function remembering(radio: Radio, links: Map<Radio, LinkAddress>): Radio {
  const watched: Radio = Object.create(radio, {
    open: {
      value: (events: RadioEvents) =>
        radio.open({
          ...{ heard: (frames) => events.heard(frames), linkDown: (address, why) => events.linkDown(address, why) },
          condition: (condition, reason) => events.condition(condition, reason),
          linkUp: (address, mtuBytes) => {
            links.set(watched, address);
            events.linkUp(address, mtuBytes);
          },
        }),
    },
  });
  for (const method of ['probe', 'send', 'drop', 'localAddresses', 'counters', 'close'] as const)
    Object.defineProperty(watched, method, { value: (radio[method] as (...args: never[]) => unknown).bind(radio) });
  return watched;
}

radioContract(test, 'BLE on emulated controllers', async () => {
  const air = new Air();
  const links = new Map<Radio, LinkAddress>();
  const make = (id: string): Radio => {
    const controller = new EmulatedController(air);
    const identity = { key: new Uint8Array(16), id };
    const port = (): EmulatedPort => new EmulatedPort(controller);
    return remembering(createBleRadio({ identity, log: silentLog(), clock: systemClock, port }), links);
  };
  const a = make('a');
  const b = make('b');
  return { a, b, addressOf: (radio) => links.get(radio === a ? b : a) as LinkAddress };
});
