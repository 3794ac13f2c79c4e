import test, { type ExecutionContext } from 'ava';
import { Crowd } from './ble-crowd.js';
import { describeTrial, tryCrowd } from './ble-crowd-trial.js';

/** `CROWD_SEEDS=1-100 CROWD_MINUTES=10` for long runs in virtual time. */
const [FIRST = 1, LAST = FIRST] = (process.env['CROWD_SEEDS'] ?? '1-2').split('-').map(Number);
const MINUTES = Number(process.env['CROWD_MINUTES'] ?? 6);
/** Two seconds and a half until a lost link is noticed, and then the search; mostly the half of it. */
const LONGEST_REPAIR_MS = 20_000;

const trials = async (t: ExecutionContext, timeScale: 0 | 1): Promise<void> => {
  t.timeout((LAST - FIRST + 1) * (120_000 + MINUTES * 60_000));
  for (let seed = FIRST; seed <= LAST; seed++) {
    const trial = await tryCrowd({ seed, time: 'virtual', timeScale }, MINUTES);
    t.log(`field ${seed}: ${describeTrial(trial)}`);
    t.true(trial.connectedMs < 20_000);
    t.is(trial.restless, 0, 'links go while nothing moves');
    t.true(trial.endsConnected);
    t.true(trial.repairs.length > 0, 'nothing was ever broken');
    for (const { ms, after } of trial.repairs) t.true(ms < LONGEST_REPAIR_MS, `${ms} ms after ${after}`);
    t.true(trial.share > 0.7);
    t.deepEqual(trial.violations, []);
  }
};

test.serial(
  'fifty nodes that hear 3 to 8 others, with 4 links each at most, end connected and come back after every move, restart and loss of power; names change in between',
  (t) => trials(t, 1),
);

test.serial('the same on links that carry at once, where nothing but the choice of links takes time', (t) =>
  trials(t, 0),
);

test.serial('the same by the machine’s clock, for ten changes', async (t) => {
  t.timeout(600_000);
  const crowd = new Crowd({ seed: 8, time: 'real', timeScale: 0 });
  try {
    await crowd.open();
    t.log(`connected after ${Math.round(await crowd.untilConnected(120_000))} ms`);
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      if (i % 2 === 0) crowd.move(crowd.any());
      else await crowd.restart(crowd.any());
      // Links that nobody hears any more die in the next turns.
      await crowd.pass(50);
      waits.push(await crowd.untilConnected(60_000));
    }
    t.log(`after a change: ${waits.map(Math.round).join(', ')} ms`);
    t.deepEqual(
      crowd.members.flatMap(({ controller }) => controller.violations),
      [],
    );
  } finally {
    await crowd.close();
  }
});
