// Figures of a series of samples: the same that `edge-agent simulate` uses.
// biome-ignore lint/performance/noBarrelFile: the door of the benches to what is built
export { median, percentile, rounded, spreadOf } from '../../dist/sim/suite/statistics.js';
