// The tests stand beside the source and run from the build: `scripts/build`, then `npx ava src/path/to/x.test.ts`.
export default {
  files: ['src/**/*.test.ts'],
  typescript: { rewritePaths: { 'src/': 'dist/' }, compile: false },
  require: ['./scripts/lib/property-runs.mjs'],
  timeout: '2m',
  concurrency: 2,
  workerThreads: true,
  nodeArguments: ['--enable-source-maps'],
};
