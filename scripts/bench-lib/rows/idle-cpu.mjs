import { sleep } from '../../demo-lib/agent-process.mjs';
import { cpuSeconds, startMesh, stopAll } from '../processes.mjs';
import { rounded } from '../statistics.mjs';

const NODES = 10;
const SETTLE_MS = { full: 30_000, quick: 15_000 };
const MEASURE_MS = { full: 60_000, quick: 20_000 };
const PER_CENT = 100;

export const bench = {
  id: 'idle-cpu',
  what: 'CPU of an idle agent in a mesh of ten, children included; the worst of the ten has to meet the target',
  unit: '% of a core',
  target: { most: 0.5 },
  peers: { "HyperMesh's promise": 0.5 },

  async measure({ quick, folder, say }) {
    const depth = quick ? 'quick' : 'full';
    const agents = await startMesh(folder, NODES);
    try {
      say(`${NODES} agents settle …`);
      await sleep(SETTLE_MS[depth]);
      const before = agents.map(({ pid }) => cpuSeconds(pid));
      const started = performance.now();
      await sleep(MEASURE_MS[depth]);
      const seconds = (performance.now() - started) / 1_000;
      const samples = agents.map(({ pid }, index) => (PER_CENT * (cpuSeconds(pid) - before[index])) / seconds);
      const worst = Math.max(...samples);
      return {
        samples,
        judged: worst,
        note: `median of ten over ${Math.round(seconds)} s; the worst ${rounded(worst)}`,
      };
    } finally {
      await stopAll(agents);
    }
  },
};
