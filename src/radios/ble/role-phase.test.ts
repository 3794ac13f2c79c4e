import test from 'ava';
import { type Abilities, ALL_ABILITIES, modeOf, RadioMode, statedAbilities } from './abilities.js';
import { type LinksNow, RolePhase } from './role-phase.js';

const SLICED: Abilities = {
  ...ALL_ABILITIES,
  atOnce: false,
  advertisesBesideCentral: false,
  dialsBesidePeripheral: false,
};
const ALONE = { central: 0, peripheral: 0, isBusy: false, isCutOff: false };

/** Bytes that look random and are the same in each run. */
function drawFrom(seed: number): (count: number) => Uint8Array {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
}

function sliced(seed: number, abilities: Abilities = SLICED): RolePhase {
  const phase = new RolePhase(0, drawFrom(seed));
  phase.learn(abilities);
  return phase;
}

/** What it did, tick by tick. */
function run(phase: RolePhase, fromMs: number, forMs: number, links: Partial<LinksNow> = {}): string[] {
  const turns: string[] = [];
  for (let now = fromMs; now < fromMs + forMs; now += 250) turns.push(phase.tick({ ...ALONE, ...links, now }));
  return turns;
}

const states = (...bits: number[]) => {
  const results = new Uint8Array(8);
  for (const bit of bits) results[bit >> 3] = (results[bit >> 3] as number) | (1 << (bit & 7));
  return { status: 0, results };
};

test('what a controller states is read as the mode it allows', (t) => {
  const all = Array.from({ length: 42 }, (_, bit) => bit);
  const first = (count: number) => states(...all.slice(0, count));
  t.is(modeOf(statedAbilities(first(42))), RadioMode.BothRoles);
  t.is(modeOf(statedAbilities(first(29))), RadioMode.TimeSliced);
  t.is(modeOf(statedAbilities(states(...all.filter((bit) => bit !== 10)))), RadioMode.TimeSliced);
  t.is(modeOf(statedAbilities(states(0, 2, 7))), RadioMode.PeripheralOnly);
  t.is(modeOf(statedAbilities(states(4, 6))), RadioMode.CentralOnly);
  t.is(modeOf(statedAbilities(states())), RadioMode.None);
  t.is(modeOf(statedAbilities({ status: 1, results: new Uint8Array(0) })), RadioMode.BothRoles);
});

test('two nodes that take turns from the same moment on are in different roles before long, whatever they drew', (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    const [a, b] = [sliced(seed), sliced(seed * 7_919)];
    let meetsAfter: number | undefined;
    for (let now = 0; now < 60_000 && meetsAfter === undefined; now += 250) {
      a.tick({ ...ALONE, now });
      b.tick({ ...ALONE, now });
      if (a.current !== b.current) meetsAfter = now;
    }
    t.true(meetsAfter !== undefined && meetsAfter < 30_000, `seed ${seed}`);
  }
});

test('turns are neither short nor long, and a call under way is not cut off', (t) => {
  const phase = sliced(3);
  const changes = run(phase, 0, 120_000).flatMap((turn, i) => (turn === 'changed' ? [i * 250] : []));
  t.true(changes.length > 15);
  for (const [i, at] of changes.entries()) {
    if (i === 0) continue;
    const length = at - (changes[i - 1] as number);
    t.true(length >= 2_000 && length <= 6_250, `${length} ms`);
  }
  t.true(run(phase, 200_000, 20_000, { isBusy: true }).every((turn) => turn === 'stays'));
});

test('links that both roles can hold outlast a change of role; others keep the role', (t) => {
  const able = sliced(5, { ...SLICED, advertisesBesideCentral: true, dialsBesidePeripheral: true });
  t.true(run(able, 0, 20_000, { central: 1, peripheral: 1 }).includes('changed'));
  const unable = sliced(5);
  const held = unable.current === 'central' ? { central: 1 } : { peripheral: 1 };
  t.true(run(unable, 0, 60_000, held).every((turn) => turn === 'stays'));
});

test('links are let go only for a part of the mesh that stays cut off, and then the role changes at once', (t) => {
  const phase = sliced(5);
  const before = phase.current;
  const held = before === 'central' ? { central: 1 } : { peripheral: 1 };
  t.false(run(phase, 0, 4_000, { ...held, isCutOff: true }).includes('let-go'));
  t.false(run(phase, 4_000, 250, held).includes('let-go'));
  let now = 4_250;
  while (phase.tick({ ...ALONE, ...held, isCutOff: true, now }) !== 'let-go') now += 250;
  t.true(now - 4_250 >= 5_000 && now - 4_250 <= 20_250, `its patience began anew, and ended after ${now - 4_250} ms`);
  t.true(phase.isBetween({ ...ALONE, ...held }));
  t.false(phase.isBetween(ALONE));
  t.not(phase.current, before);
});

test('what a controller refuses time and again it is not asked for at the same time any more', (t) => {
  const phase = new RolePhase(0, drawFrom(1));
  const none = { central: 0, peripheral: 0 };
  t.is(phase.current, 'both');
  t.deepEqual(
    [1, 2, 3].map(() => phase.refused('connecting', none)),
    [false, false, true],
  );
  t.true(phase.isSliced);
  t.is(phase.mode, RadioMode.TimeSliced);
  phase.refused('connecting', none);
  t.false(phase.abilities.showsAsCentral, 'the adverts that only show it may be what is in the way');
  // Adverts refused beside links of its own making, and calls beside links that others made.
  while (phase.current !== 'peripheral') phase.tick({ ...ALONE, now: Number.MAX_SAFE_INTEGER });
  phase.refused('adverts', { central: 1, peripheral: 0 });
  t.true(phase.dials);
  t.false(phase.abilities.advertisesBesideCentral);
  phase.refused('connecting', { central: 0, peripheral: 1 });
  t.false(phase.dials);
  t.false(phase.abilities.dialsBesidePeripheral);
});

test('with half of the work a controller has one role and takes no turns', (t) => {
  const phase = sliced(9);
  phase.assign('central');
  t.is(phase.current, 'central');
  t.true(run(phase, 0, 30_000).every((turn) => turn === 'stays'));
  phase.assign('peripheral');
  t.is(phase.current, 'peripheral');
  phase.learn({ ...SLICED, peripheral: false });
  t.is(phase.current, 'none');
  phase.assign('both');
  t.is(phase.current, 'central');
});
