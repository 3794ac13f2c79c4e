import test from 'ava';
import type { Log } from '../dist/ports/log.js';
import type { LinkAddress, Radio } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import type { BleSettings } from '../dist/radios/ble/settings.js';
import type { Way } from '../dist/radios/ble/ways.js';
import { systemClock } from '../dist/system/system-clock.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { type ControllerQuirks, ONE_ROLE_STATES } from './emulation/controller-quirks.js';
import { EmulatedPort } from './emulation/port.js';

const LIMIT_MS = 30_000;
const ONE_ROLE = { oneRoleAtATime: true, states: ONE_ROLE_STATES };
const HASTY: Partial<BleSettings> = { retryMs: 50, commandTimeoutMs: 300 };

async function until(what: string, isSo: () => boolean): Promise<number> {
  const from = systemClock.now();
  while (!isSo()) {
    if (systemClock.now() - from > LIMIT_MS) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return systemClock.now() - from;
}

/** A device with one emulated adapter or two, and its radio. */
class Device {
  readonly controllers: EmulatedController[];
  readonly ports: (EmulatedPort | undefined)[] = [];
  readonly radio: Radio;
  readonly links = new Set<LinkAddress>();
  readonly heard: string[] = [];
  readonly conditions: string[] = [];
  readonly remarks: string[] = [];

  constructor(air: Air, id: string, adapters: readonly Partial<ControllerQuirks>[], named = true) {
    this.controllers = adapters.map((quirks, i) => new EmulatedController(air, { name: `${id}${i}`, quirks }));
    const ways = this.controllers.map(
      (controller, i): Way => ({ name: `hci${i}`, port: () => this.#port(controller, i) }),
    );
    const [first, second] = ways as [Way, Way | undefined];
    const log = this.#log();
    this.radio = createBleRadio({
      identity: { key: new Uint8Array(16), id },
      settings: HASTY,
      log,
      clock: systemClock,
      ways:
        named && second !== undefined
          ? { first, second, spares: () => [] }
          : { first, spares: () => (second === undefined ? [] : [second]) },
    });
  }

  open(): Promise<void> {
    return this.radio.open({
      heard: (frames) => this.heard.push(...frames.map(({ bytes }) => new TextDecoder().decode(bytes))),
      linkUp: (address) => this.links.add(address),
      linkDown: (address) => this.links.delete(address),
      condition: (condition, reason) =>
        this.conditions.push(reason === undefined ? condition : `${condition}: ${reason}`),
    });
  }

  /** Says something over every link. */
  say(text: string): void {
    for (const address of this.links) this.radio.send(new TextEncoder().encode(text), address);
  }

  #port(controller: EmulatedController, index: number): EmulatedPort {
    const port = new EmulatedPort(controller);
    this.ports[index] = port;
    return port;
  }

  #log(): Log {
    const note = (message: string, fields?: object) =>
      void this.remarks.push(`${message} ${JSON.stringify(fields ?? {})}`);
    const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
    return log;
  }
}

async function withDevices(
  make: (air: Air) => Device[],
  body: (devices: Device[], air: Air) => Promise<void>,
): Promise<void> {
  const air = new Air();
  const devices = make(air);
  const alive = setInterval(() => {}, 1_000);
  try {
    await Promise.all(devices.map((device) => device.open()));
    await body(devices, air);
  } finally {
    clearInterval(alive);
    await Promise.all(devices.map(({ radio }) => radio.close()));
    air.close();
  }
}

const reaches = async (from: Device, to: readonly Device[], text: string): Promise<void> => {
  from.say(text);
  await until(`${text} arrives`, () => to.every(({ heard }) => heard.includes(text)));
};

test('of two adapters one dials and the other is dialled, as one radio, and neither dials its own device', async (t) => {
  t.timeout(2 * LIMIT_MS);
  await withDevices(
    (air) => ['a', 'b', 'c'].map((id) => new Device(air, id, [ONE_ROLE, ONE_ROLE])),
    async (devices, air) => {
      await until('every link', () => devices.every(({ links }) => links.size === 2));
      for (const { radio, controllers, conditions } of devices) {
        const { ok, mode, detail } = await radio.probe();
        t.true(ok);
        t.is(mode, 'two adapters');
        t.regex(detail, /^hci0 scans and dials \(.*\), hci1 advertises and is dialled \(/);
        t.deepEqual(conditions, ['up']);
        t.is(radio.localAddresses().length, 2);
        t.true(controllers[0]?.isScanning && !controllers[0].isAdvertising);
        t.true(controllers[1]?.isAdvertising && !controllers[1].isScanning);
        t.not(controllers[0]?.randomAddress, controllers[1]?.randomAddress);
      }
      const [a, b, c] = devices as [Device, Device, Device];
      await reaches(a, [b, c], 'from a');
      await reaches(b, [a, c], 'from b');
      await reaches(c, [a, b], 'from c');
      // Longer than the patience after which anybody is dialled.
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      t.true(devices.every(({ links }) => links.size === 2));
      t.is(air.links.size, 3);
      t.deepEqual(
        devices.flatMap(({ controllers }) => controllers.flatMap(({ violations }) => violations)),
        [],
      );
    },
  );
});

for (const failing of [0, 1]) {
  test(`when adapter ${failing + 1} of two fails the other goes on, says so, and shares again when it is back`, async (t) => {
    t.timeout(3 * LIMIT_MS);
    await withDevices(
      (air) => [new Device(air, 'a', [ONE_ROLE, ONE_ROLE]), new Device(air, 'b', [{}]), new Device(air, 'c', [{}])],
      async (devices) => {
        const [a, b, c] = devices as [Device, Device, Device];
        const whole = (): boolean => devices.every(({ links }) => links.size === 2);
        await until('every link', whole);
        const lame = a.controllers[failing] as EmulatedController;
        // Its next resets are not answered.
        lame.quirks.dropped.set(0x0c03, 12);
        a.ports[failing]?.unplug();
        await until('said', () => a.remarks.some((text) => text.includes('one adapter of two fails')));
        const { ok, mode, detail } = await a.radio.probe();
        t.true(ok);
        t.is(mode, 'time-sliced roles');
        t.regex(detail, new RegExp(`hci${1 - failing} works alone, for hci${failing} fails: unplugged`));
        t.deepEqual(a.conditions, ['up'], 'the radio never was down');
        // The one left takes turns: it dials and is dialled.
        await until('a has a link', () => a.links.size > 0);
        await reaches(b, [c], 'b goes on');
        lame.quirks.dropped.clear();
        await until('both again', () => a.radio.standing?.mode === 'two adapters');
        await until('every link again', whole);
        await reaches(a, [b, c], 'a is back');
        t.deepEqual(a.conditions, ['up']);
      },
    );
  });
}

test('a second adapter is taken when nobody said which and the first cannot do both, and only then', async (t) => {
  t.timeout(2 * LIMIT_MS);
  await withDevices(
    (air) => [new Device(air, 'a', [ONE_ROLE, {}], false), new Device(air, 'b', [{}, {}], false)],
    async ([a, b]) => {
      await until('a link', () => a?.links.size === 1 && b?.links.size === 1);
      await until('two adapters', () => a?.radio.standing?.mode === 'two adapters');
      t.true(a?.remarks.some((text) => text.includes('a second adapter takes half of the work')));
      t.is((await b?.radio.probe())?.mode, 'both roles');
      t.is(b?.ports[1], undefined);
    },
  );
});

test('probing before opening tells the mode and leaves the controllers as they were', async (t) => {
  const air = new Air();
  const alive = setInterval(() => {}, 1_000);
  t.teardown(() => clearInterval(alive));
  const modes: (string | undefined)[] = [];
  for (const [adapters, named] of [
    [[{}], true],
    [[ONE_ROLE], true],
    [[{ oneRoleAtATime: true }], true],
    [[ONE_ROLE, ONE_ROLE], true],
    [[ONE_ROLE, ONE_ROLE], false],
    [[{}, {}], false],
    [[{ states: '0400000000000000' }], true],
    [[{ states: '4000000000000000' }], true],
    [[{ states: '0000000000000000' }], true],
  ] as const) {
    const device = new Device(air, 'a', adapters, named);
    modes.push((await device.radio.probe()).mode);
    for (const controller of device.controllers) {
      t.false(controller.isAdvertising || controller.isScanning);
      t.is(controller.initiating, undefined);
      t.deepEqual(controller.violations, []);
    }
  }
  t.deepEqual(modes, [
    'both roles',
    'time-sliced roles',
    'time-sliced roles',
    'two adapters',
    'two adapters',
    'both roles',
    'peripheral role only',
    'central role only',
    'none',
  ]);
  const lame = new Device(air, 'a', [{}, {}]);
  lame.controllers[1]?.quirks.dropped.set(0x0c03, 99);
  const probe = await lame.radio.probe();
  t.true(probe.ok);
  t.is(probe.mode, 'both roles');
  t.regex(probe.detail, /hci0 works alone, for hci1 fails: the controller does not answer/);
  air.close();
});
