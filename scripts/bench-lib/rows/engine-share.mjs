import { measureLoopbackPair } from '../loopback-pair.mjs';
import { rounded } from '../statistics.mjs';

export const bench = {
  id: 'engine-share',
  what: "99th percentile of an engine's step, under questions, messages, 2,000 detections and searches",
  unit: 'ms',
  target: { most: 1 },

  async measure(context) {
    const { engine } = await context.shared('loopback-pair', () => measureLoopbackPair(context));
    return { samples: [engine.p99Ms], note: `${engine.steps} steps, median ${rounded(engine.p50Ms)}` };
  },
};
