// The rigs' tests: `npx tsc -p hw-tests`, then `npx ava --config ava.hw.config.js`.
// biome-ignore lint/style/noDefaultExport: AVA asks for one
export default {
  files: ['hw-tests/**/*.test.ts'],
  typescript: { rewritePaths: { 'hw-tests/': 'dist-hw/' }, compile: false },
  timeout: '5m',
  concurrency: 2,
  workerThreads: false,
  nodeArguments: ['--enable-source-maps'],
};
