import test from 'ava';
import { BleField, type FieldOptions, type Shape } from './ble-field.js';
import {
  OLD_DONGLE_STATES,
  ONE_KIND_STATES,
  ONE_ROLE_STATES,
  TURNS_ONLY_STATES,
} from './emulation/controller-quirks.js';

const LIMIT_MS = 60_000;

async function withField(options: FieldOptions, body: (field: BleField) => Promise<void>): Promise<void> {
  const field = new BleField(options);
  try {
    await field.open();
    await body(field);
  } finally {
    await field.close();
  }
}

const oneAtATime = () => ({ oneRoleAtATime: true, states: ONE_ROLE_STATES });

/** All reach all, over however many hops, and messages arrive both ways between the first and the last. */
async function joins(field: BleField): Promise<number> {
  const others = field.nodes.length - 1;
  const connected = (): boolean => field.nodes.every(({ mesh }) => mesh.routing.reachable().size === others);
  const took = await field.until('all reach all', connected, LIMIT_MS);
  await field.until('all acquainted', () => field.isAcquainted(), LIMIT_MS);
  const [first, last] = [field.node(0), field.node(others)];
  const ids = Array.from({ length: 20 }, () => [first.send(last, 200), last.send(first, 200)] as const);
  const arrived = (): boolean =>
    ids.every(([to, fro]) => first.outcomes.get(to) === 'delivered' && last.outcomes.get(fro) === 'delivered');
  await field.until('every message', arrived, LIMIT_MS);
  return took;
}

for (const [size, shape] of [
  [2, 'line'],
  [3, 'line'],
  [3, 'full'],
] as const satisfies readonly (readonly [number, Shape])[]) {
  test(`${size} controllers that take one role at a time, as a ${shape}, form links and deliver`, async (t) => {
    t.timeout(2 * LIMIT_MS);
    await withField({ size, shape, quirks: oneAtATime }, async (field) => {
      t.log(`joined after ${Math.round(await joins(field))} ms`);
      for (const { radio, remarks, controller } of field.nodes) {
        const { mode, detail } = await radio.probe();
        t.is(mode, 'time-sliced roles');
        t.regex(detail, /it states that it cannot dial and be dialled at the same time/);
        t.true(remarks.some((text) => text.includes('the roles take turns')));
        t.deepEqual(controller.violations, []);
      }
    });
  });
}

test('links outlast a change of role where the controller can hold both kinds', async (t) => {
  t.timeout(2 * LIMIT_MS);
  const quirks = () => ({ states: TURNS_ONLY_STATES, obeysStates: true });
  await withField({ size: 3, shape: 'line', quirks }, async (field) => {
    await field.until('every link', () => field.isWhole(), LIMIT_MS);
    const { controller, radio } = field.node(1);
    t.is((await radio.probe()).mode, 'time-sliced roles');
    const links = [...field.air.links];
    let changes = 0;
    const isOpen = (): boolean => controller.isAdvertising && controller.advertising.type === 0;
    let wasOpen = isOpen();
    await field.until(
      'six changes of role',
      () => {
        if (isOpen() !== wasOpen) changes++;
        wasOpen = isOpen();
        return changes >= 6;
      },
      LIMIT_MS,
    );
    t.deepEqual([...field.air.links], links);
    t.true(field.isWhole());
    await joins(field);
    t.deepEqual(field.violations(), []);
  });
});

for (const [what, size, states] of [
  ['of two neighbours that hold one kind of links each, one lets go for a third', 3, OLD_DONGLE_STATES],
  ['two pairs whose controllers hold links of one kind at a time find together', 4, ONE_KIND_STATES],
] as const) {
  test(what, async (t) => {
    t.timeout(2 * LIMIT_MS);
    await withField({ size, shape: 'line', quirks: () => ({ states, obeysStates: true }) }, async (field) => {
      field.cut(1, 2);
      await field.until('those in reach', () => field.isWhole(), LIMIT_MS);
      field.mend();
      t.log(`joined after ${Math.round(await joins(field))} ms`);
      t.deepEqual(field.violations(), []);
    });
  });
}

test('a controller that claims both roles is found out by looking, before anybody is there', async (t) => {
  for (const quirks of [{ oneRoleAtATime: true }, { obeysStates: true }]) {
    await withField({ size: 1, quirks: () => quirks }, async (field) => {
      const { mode, detail } = await field.node(0).radio.probe();
      t.is(mode, quirks.oneRoleAtATime ? 'time-sliced roles' : 'both roles');
      if (quirks.oneRoleAtATime)
        t.regex(detail, /it refuses connecting while it advertises: command disallowed \(0x0c\)/);
      t.deepEqual(field.violations(), []);
    });
  }
});
