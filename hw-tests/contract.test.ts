import test, { type TestFn } from 'ava';
import type { LinkAddress, Radio, RadioEvents } from '../dist/ports/radio.js';
import { radioContract } from '../dist/testing/contracts/radio.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { type Attached, attach, chosenRig } from './rig.js';

/** A radio that remembers how it calls its neighbour. */
function remembering(radio: Radio, links: Map<Radio, LinkAddress>): Radio {
  const watched: Radio = {
    kind: radio.kind,
    name: radio.name,
    get traits() {
      return radio.traits;
    },
    probe: () => radio.probe(),
    open: (events: RadioEvents) =>
      radio.open({
        heard: (frames) => events.heard(frames),
        linkDown: (address, reason) => events.linkDown(address, reason),
        condition: (condition, reason) => events.condition(condition, reason),
        linkUp: (address, mtuBytes) => {
          links.set(watched, address);
          events.linkUp(address, mtuBytes);
        },
      }),
    send: (frame, to) => radio.send(frame, to),
    drop: (address) => radio.drop(address),
    localAddresses: () => radio.localAddresses(),
    counters: () => radio.counters(),
    close: () => radio.close(),
  };
  return watched;
}

const rig = chosenRig();
let attached: Attached | undefined;

test.afterEach.always(() => attached?.detach());

// One after the other: real radios are there once.
radioContract(test.serial as TestFn, `${rig.kind} on ${rig.about}`, async () => {
  attached = await attach(rig);
  const links = new Map<Radio, LinkAddress>();
  const [a, b] = [attached.a.make('a', silentLog()), attached.b.make('b', silentLog())].map((radio) =>
    remembering(radio, links),
  ) as [Radio, Radio];
  const addressOf = (radio: Radio): LinkAddress =>
    radio.traits.connected ? (links.get(radio === a ? b : a) as LinkAddress) : (radio.localAddresses()[0] as string);
  return { a, b, addressOf };
});
