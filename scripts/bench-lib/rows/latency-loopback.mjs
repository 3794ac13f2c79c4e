import { measureLoopbackPair } from '../loopback-pair.mjs';
import { percentile, rounded } from '../statistics.mjs';

export const bench = {
  id: 'latency-loopback',
  what: 'a directed message over udp@lo, sent to acknowledged; its 99th percentile has to meet the target',
  unit: 'ms',
  target: { most: 10 },

  async measure(context) {
    const { questions, messages } = await context.shared('loopback-pair', () => measureLoopbackPair(context));
    const p99 = percentile(messages, 0.99);
    const ping = `half a ping: median ${rounded(percentile(questions, 0.5) / 2)}, p99 ${rounded(percentile(questions, 0.99) / 2)}`;
    return { samples: messages, judged: p99, note: `p99 ${rounded(p99)}; ${ping}` };
  },
};
