import test from 'ava';
import { fieldDay } from './scenarios.js';
import { assertNothingFound, seeds } from './seeds.js';

for (const seed of seeds()) {
  test.serial(
    `twenty nodes through loss, a partition, a crash and lost edges keep every promise (seed ${seed})`,
    async (t) => {
      t.timeout(120_000);
      const { watched } = await fieldDay(seed);
      t.true(watched.deliveries.deliveries > 1_000, 'the scenario had traffic');
      assertNothingFound(t, seed, watched.findings);
    },
  );
}
