import test from 'ava';
import { Opcode } from '../dist/radios/ble/hci-codes.js';
import { BleField, type FieldOptions } from './ble-field.js';
import { ONE_ROLE_STATES } from './emulation/controller-quirks.js';

/** Patience of the tests: everything that waits waits for less. */
const HASTY = { silentScanMs: 400, retryMs: 50, commandTimeoutMs: 300 };
const LIMIT_MS = 15_000;

async function withField(options: FieldOptions, body: (field: BleField) => Promise<void>): Promise<void> {
  const field = new BleField({ ...options, settings: { ...HASTY, ...options.settings } });
  try {
    await field.open();
    await body(field);
  } finally {
    await field.close();
  }
}

const whole = (field: BleField): Promise<number> => field.until('every link', () => field.isWhole(), LIMIT_MS);

test.serial('a scan that goes silent is restarted, and the links stay', (t) =>
  withField({ size: 2 }, async (field) => {
    await whole(field);
    const node = field.node(0);
    node.controller.quirks.scanIsStuck = true;
    await field.until('scan restarted', () => !node.controller.quirks.scanIsStuck, LIMIT_MS);
    t.true(node.remarks.some((text) => text.includes('scan went silent')));
    t.deepEqual(node.conditions, ['up']);
    t.true(field.isWhole());
  }),
);

test.serial('a scan that stays silent has the controller reset, and that is said', (t) =>
  withField({ size: 2 }, async (field) => {
    await whole(field);
    const node = field.node(0);
    node.controller.quirks.scanIsDead = true;
    await field.until('a reset', () => node.conditions.length >= 3, LIMIT_MS);
    t.deepEqual(node.conditions, ['up', 'retrying: the scan stays silent: the controller is reset', 'up']);
    await whole(field);
  }),
);

test.serial('a hardware error resets the controller and the links come back', (t) =>
  withField({ size: 3, shape: 'line' }, async (field) => {
    await whole(field);
    const node = field.node(1);
    node.controller.failHardware();
    await field.until('up again', () => node.conditions.length >= 3, LIMIT_MS);
    t.regex(node.conditions[1] ?? '', /hardware error \(0x3\)/);
    t.is(node.conditions[2], 'up');
    t.log(`whole again after ${Math.round(await whole(field))} ms`);
  }),
);

test.serial('a controller that reset itself without a word is found out', (t) =>
  withField({ size: 2 }, async (field) => {
    await whole(field);
    const node = field.node(1);
    node.controller.reset();
    await field.until('found out', () => node.conditions.length >= 3, LIMIT_MS);
    t.is(node.conditions[2], 'up');
    await whole(field);
  }),
);

test.serial('a controller that is unplugged and plugged in again comes back', (t) =>
  withField({ size: 2 }, async (field) => {
    await whole(field);
    const node = field.node(1);
    node.port?.unplug();
    await field.until('up again', () => node.conditions.length >= 3, LIMIT_MS);
    t.deepEqual(node.conditions, ['up', 'retrying: unplugged: the controller is reset', 'up']);
    await whole(field);
  }),
);

for (const [name, opcode] of [
  ['Reset', Opcode.Reset],
  ['LE Set Scan Enable', Opcode.LeSetScanEnable],
  ['LE Set Advertising Enable', Opcode.LeSetAdvertisingEnable],
  ['LE Create Connection', Opcode.LeCreateConnection],
  ['LE Set Data Length', Opcode.LeSetDataLength],
] as const) {
  test.serial(`a dropped command is survived: ${name}`, (t) =>
    withField({ size: 2, quirks: () => ({ dropped: new Map([[opcode, 1]]) }) }, async (field) => {
      t.log(`every link after ${Math.round(await whole(field))} ms`);
      t.pass();
    }),
  );
}

test.serial('a controller that answers nothing any more is reset again and again, and is believed when it does', (t) =>
  withField({ size: 2, quirks: (i) => (i === 0 ? { dropped: new Map([[Opcode.Reset, 6]]) } : {}) }, async (field) => {
    const node = field.node(0);
    t.regex(node.conditions[0] ?? '', /^retrying: the controller does not answer command 0xc03/);
    await whole(field);
    t.is(node.conditions.at(-1), 'up');
  }),
);

test.serial('controllers that take one role at a time still meet, because the roles take turns', async (t) => {
  t.timeout(200_000);
  await withField({ size: 2, quirks: () => ({ oneRoleAtATime: true, states: ONE_ROLE_STATES }) }, async (field) => {
    await field.until('the link', () => field.isWhole(), 60_000);
    t.is((await field.node(0).radio.probe()).mode, 'time-sliced roles');
  });
});

test.serial('a controller that claims both roles but refuses one is found out', async (t) => {
  t.timeout(200_000);
  await withField({ size: 2, quirks: () => ({ oneRoleAtATime: true }) }, async (field) => {
    await field.until('the link', () => field.isWhole(), 60_000);
    t.true(field.nodes.some(({ remarks }) => remarks.some((text) => text.includes('the roles take turns'))));
  });
});

test.serial('claims of no buffers, of far too many and of tiny ones are survived', async (t) => {
  for (const claimedBuffers of [
    { bytes: 0, count: 0 },
    { bytes: 27, count: 1 },
    { bytes: 251, count: 255 },
  ]) {
    await withField({ size: 2, quirks: () => ({ claimedBuffers }) }, async (field) => {
      await whole(field);
      await field.until('acquainted', () => field.isAcquainted(), 60_000);
      const id = field.node(0).send(field.node(1), 600);
      await field.until('delivered', () => field.node(0).outcomes.get(id) === 'delivered', LIMIT_MS);
    });
  }
  t.pass();
});

test.serial('a controller that takes few links is not asked for more, and its neighbours find other ways', (t) =>
  withField({ size: 4, maxLinks: 2 }, async (field) => {
    const connected = (): boolean => field.nodes.every(({ mesh }) => mesh.routing.reachable().size === 3);
    await field.until('all reach all', connected, LIMIT_MS);
    t.true(field.nodes.every(({ controller }) => controller.linkCount <= 2));
    t.deepEqual(field.violations(), []);
  }),
);

test.serial('a neighbour that is gone when it is dialled does not block the others', (t) =>
  withField({ size: 3, quirks: () => ({ hidesAddressOfFailures: true }) }, async (field) => {
    await whole(field);
    field.kill(2);
    await field.until('the links gone', () => field.isWhole(), LIMIT_MS);
    field.cut(0, 1);
    await field.until('that, too', () => field.isWhole(), LIMIT_MS);
    field.mend();
    t.log(`healed after ${Math.round(await whole(field))} ms`);
    t.deepEqual(field.violations(), []);
  }),
);
