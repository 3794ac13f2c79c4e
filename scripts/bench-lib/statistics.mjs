// Figures of a series of samples: the same that `edge-agent simulate` uses.
export { median, percentile, rounded, spreadOf } from '../../dist/sim/suite/statistics.js';
