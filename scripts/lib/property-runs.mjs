// Loaded before every test file: FC_NUM_RUNS and FC_SEED reach every property test that does not name its own numbers.
const runs = Number(process.env.FC_NUM_RUNS ?? 0);
const seed = process.env.FC_SEED;

if (runs > 0 || seed !== undefined) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...(runs > 0 ? { numRuns: runs } : {}), ...(seed === undefined ? {} : { seed: Number(seed) }) });
}
