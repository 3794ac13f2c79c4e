import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { chmod, open, symlink } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { HeardFrame, Radio, RadioCondition } from '../../ports/radio.js';
import { radioContract } from '../../testing/contracts/radio.js';
import { realClock, seededRandom, silentLog } from '../../testing/radio-world.js';
import { cableTrouble, SerialCable } from '../../testing/serial-cable.js';
import { DriverProcess } from '../../testing/serial-driver.js';
import { createSerialRadio, type SerialRadioOptions } from './serial-radio.js';

const trouble = cableTrouble();
const driver = new DriverProcess();
test.after.always(() => driver.stop());
let seed = 1;

const radioAt = (path: string, options: Partial<SerialRadioOptions> = {}): Radio =>
  createSerialRadio({
    path,
    baud: 921_600,
    log: silentLog(),
    clock: realClock(),
    random: seededRandom(seed++),
    openPort: driver.openPort,
    ...options,
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => void realClock().timer('', ms, resolve));

async function until(fulfilled: () => boolean): Promise<void> {
  while (!fulfilled()) await new Promise<void>((resolve) => void setTimeout(resolve, 5));
}

class Ear {
  readonly texts: string[] = [];
  readonly links: string[] = [];
  readonly conditions: { condition: RadioCondition; reason: string | undefined }[] = [];
  heard(frames: readonly HeardFrame[]): void {
    this.texts.push(...frames.map(({ bytes }) => Buffer.from(bytes).toString()));
  }
  linkUp(address: string): void {
    this.links.push(`up ${address}`);
  }
  linkDown(address: string): void {
    this.links.push(`down ${address}`);
  }
  condition(condition: RadioCondition, reason?: string): void {
    this.conditions.push({ condition, reason });
  }
  get condition_(): RadioCondition | undefined {
    return this.conditions.at(-1)?.condition;
  }
  get linked(): boolean {
    return this.links.at(-1)?.startsWith('up') === true;
  }
}

type Body = (t: ExecutionContext, cable: SerialCable) => Promise<void>;

function scene(title: string, body: Body): void {
  if (trouble !== undefined) {
    test.skip(`${title} (skipped: ${trouble})`, () => {});
    return;
  }
  test(title, async (t) => {
    t.timeout(60_000);
    const cable = new SerialCable();
    await cable.plug();
    try {
      await body(t, cable);
    } finally {
      await cable.remove();
    }
  });
}

if (trouble === undefined) {
  for (const [name, options] of [
    ['serial over a cable', {}],
    ['serial over a slow cable', { baud: 115_200 }],
    ['serial over a shared air', { baud: 115_200, airBitsPerSecond: 100_000 }],
  ] as const) {
    const cables: SerialCable[] = [];
    radioContract(test, name, async () => {
      const cable = new SerialCable();
      cables.push(cable);
      await cable.plug();
      const [a, b] = cable.ends.map((path) => radioAt(path, options)) as [Radio, Radio];
      // On an air a radio is known by the address others see; on a cable there is only one other.
      return { a, b, addressOf: (radio) => (radio.traits.connected ? 'peer' : (radio.localAddresses()[0] as string)) };
    });
    test.after.always(() => Promise.all(cables.map((cable) => cable.remove())));
  }
}

scene('a cable pulled out and put back is a link again within three seconds, fifty times over', async (t, cable) => {
  const [a, b] = cable.ends.map((path) => radioAt(path)) as [Radio, Radio];
  const [earA, earB] = [new Ear(), new Ear()];
  await Promise.all([a.open(earA), b.open(earB)]);
  await until(() => earA.linked && earB.linked);
  const before = await driver.openFiles();
  let slowest = 0;
  for (let round = 0; round < 50; round++) {
    a.send(Buffer.from('cut off'.repeat(100)), 'peer');
    await cable.unplug();
    await until(() => earA.condition_ === 'retrying' && earB.condition_ === 'retrying');
    t.is(a.send(Buffer.from('x'), 'peer'), 'down');
    await cable.plug();
    const plugged = realClock().now();
    await until(() => earA.linked && earB.linked);
    slowest = Math.max(slowest, realClock().now() - plugged);
    b.send(Buffer.from(`round ${round}`), 'peer');
    await until(() => earA.texts.includes(`round ${round}`));
  }
  t.true(slowest < 3_000, `the slowest took ${slowest.toFixed(0)} ms`);
  t.log(`slowest reconnect ${slowest.toFixed(0)} ms`);
  t.is(earA.links.filter((line) => line === 'up peer').length, 51);
  t.is(earA.links.filter((line) => line === 'down peer').length, 50);
  const after = await driver.openFiles();
  t.true(after <= before + 2, `${before} file descriptors became ${after}`);
  await Promise.all([a.close(), b.close()]);
});

scene('a device that is absent at first is used once it is there', async (t, cable) => {
  await cable.unplug();
  const ear = new Ear();
  const radio = radioAt(cable.ends[0]);
  await radio.open(ear);
  t.is(ear.condition_, 'retrying');
  t.regex(ear.conditions[0]?.reason ?? '', /^no device /);
  t.like(await radio.probe(), { ok: false });
  await cable.plug();
  await until(() => ear.condition_ === 'up');
  t.is(ear.conditions.at(-1)?.reason, undefined);
  t.regex((await radio.probe()).detail, /no answer yet/);
  t.like(radio.standing, { ok: false, detail: 'no answer yet' });
  t.truthy(radio.standing?.fix);
  await radio.close();
  t.deepEqual(ear.links, []);
});

scene('a port that another program has locked is named with its holder and taken when it is free', async (t, cable) => {
  const holder = await driver.openPort(cable.ends[0], 115_200);
  const ear = new Ear();
  const radio = radioAt(cable.ends[0]);
  await radio.open(ear);
  t.is(ear.condition_, 'retrying');
  t.regex(ear.conditions[0]?.reason ?? '', new RegExp(`is in use by process ${driver.pid} `));
  const unseen = radioAt(cable.ends[0], { holderOf: async () => undefined });
  const unseenEar = new Ear();
  await unseen.open(unseenEar);
  t.regex(unseenEar.conditions[0]?.reason ?? '', /is in use by /, 'the lock itself is noticed, too');
  await unseen.close();
  await holder.close();
  await until(() => ear.condition_ === 'up');
  await radio.close();
});

scene('a port without permission is retried until it is given', async (t, cable) => {
  const { uid } = { uid: process.getuid?.() };
  if (uid === 0) {
    // Root may open everything, so the driver says it in our place.
    let denied = 3;
    const ear = new Ear();
    const radio = radioAt(cable.ends[0], {
      openPort: (path, baud) =>
        denied-- > 0
          ? Promise.reject(new Error(`Error: Permission denied, cannot open ${path}`))
          : driver.openPort(path, baud),
    });
    await radio.open(ear);
    t.regex(ear.conditions[0]?.reason ?? '', /^no permission for /);
    t.regex((await radio.probe()).fix ?? '', /dialout/);
    await until(() => ear.condition_ === 'up');
    await radio.close();
    return;
  }
  await chmod(cable.ends[0], 0);
  const ear = new Ear();
  const radio = radioAt(cable.ends[0]);
  await radio.open(ear);
  t.regex(ear.conditions[0]?.reason ?? '', /^no permission for /);
  await chmod(cable.ends[0], 0o600);
  await until(() => ear.condition_ === 'up');
  await radio.close();
});

scene('what is no serial port is said to be none', async (t, cable) => {
  const path = `${cable.ends[0]}-file`;
  writeFileSync(path, '');
  const ear = new Ear();
  const radio = radioAt(path);
  await radio.open(ear);
  t.regex(ear.conditions[0]?.reason ?? '', /is no serial port/);
  await radio.close();
});

scene('a talkative stranger makes no link, no crash and a clear word', async (t, cable) => {
  const stranger = await open(cable.ends[1], 'r+');
  const ear = new Ear();
  const radio = radioAt(cable.ends[0]);
  await radio.open(ear);
  const random = seededRandom(5);
  for (let i = 0; i < 200; i++) {
    await stranger.write('$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n');
    await stranger.write(random.bytes(random.below(300)));
  }
  await until(() => radio.counters().errors > 0);
  t.regex((await radio.probe()).detail, /another speed, another device, or a login prompt/);
  t.regex(radio.standing?.fix ?? '', /same speed/);
  t.deepEqual(ear.links, []);
  t.deepEqual(ear.texts, []);
  t.is(ear.condition_, 'up');
  await stranger.close();
  await radio.close();
});

scene('a process that dies is noticed, and its successor linked', async (t, cable) => {
  const ear = new Ear();
  const radio = radioAt(cable.ends[0]);
  await radio.open(ear);
  const module = new URL('./serial-radio.js', import.meta.url).href;
  const world = new URL('../../testing/radio-world.js', import.meta.url).href;
  const start = () =>
    spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { createSerialRadio } from ${JSON.stringify(module)};
       import { realClock, seededRandom, silentLog } from ${JSON.stringify(world)};
       const radio = createSerialRadio({ path: ${JSON.stringify(cable.ends[1])}, baud: 921600, log: silentLog(), clock: realClock(), random: seededRandom(process.pid) });
       await radio.open({ heard() {}, linkUp() {}, linkDown() {}, condition() {} });
       setInterval(() => {}, 1000);`,
    ]);
  const first = start();
  await until(() => ear.linked);
  first.kill('SIGKILL');
  const second = start();
  await until(() => ear.links.length >= 3);
  t.deepEqual(ear.links.slice(0, 3), ['up peer', 'down peer', 'up peer']);
  second.kill('SIGKILL');
  await radio.close();
});

scene('auto takes the port where an agent answers and leaves the others alone', async (t, cable) => {
  const [quiet, busy, chatty] = [new SerialCable(), new SerialCable(), new SerialCable()];
  await Promise.all([quiet.plug(), busy.plug(), chatty.plug()]);
  const devices = cable.ends[0].slice(0, cable.ends[0].lastIndexOf('/'));
  const links = [cable.ends[0], quiet.ends[0], busy.ends[0], chatty.ends[0]];
  await Promise.all(links.map((target, i) => symlink(target, `${devices}/ttyUSB${i}`)));
  const holder = await driver.openPort(busy.ends[0], 9_600);
  const stranger = await open(chatty.ends[1], 'r+');
  const written: Buffer[] = [];
  const far = await driver.openPort(busy.ends[1], 9_600);
  far.listen({ data: (chunk) => void written.push(Buffer.from(chunk)), lost: () => {} });
  let chatting = true;
  const chat = (async () => {
    while (chatting) {
      await stranger.write('boot: not an agent, only a thermometer 21.5 C\r\n');
      await pause(50);
    }
  })();
  const agentEar = new Ear();
  const ear = new Ear();
  const radio = radioAt('auto', { places: { devices, listed: async () => [] } });
  await radio.open(ear);
  t.is(ear.condition_, 'retrying');
  const reason = ear.conditions[0]?.reason ?? '';
  t.regex(
    reason,
    /ttyUSB0 \(silent\).*ttyUSB1 \(silent\).*ttyUSB2 \(in use by process \d+.*ttyUSB3 \(another device\)/,
  );
  const agent = radioAt(cable.ends[1]);
  await agent.open(agentEar);
  await until(() => ear.linked && agentEar.linked);
  t.regex(radio.localAddresses()[0] ?? '', /ttyUSB0$/);
  t.is(Buffer.concat(written).length, 0, 'nothing was written to the port of another program');
  chatting = false;
  await chat;
  await Promise.all([radio.close(), agent.close(), holder.close(), far.close(), stranger.close()]);
  await Promise.all([quiet.remove(), busy.remove(), chatty.remove()]);
});
