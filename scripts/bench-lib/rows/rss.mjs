import { sleep } from '../../demo-lib/agent-process.mjs';
import { fill, memoryMb, startMesh, stopAll } from '../processes.mjs';
import { median, rounded } from '../statistics.mjs';

const DETECTIONS = 10_000;
const SETTLE_MS = { full: 20_000, quick: 8_000 };
const SAMPLES = { full: 30, quick: 10 };
const SAMPLE_EVERY_MS = 500;

export const bench = {
  id: 'rss',
  what: 'anonymous memory of an agent with 10k detections of 512 values, half its own and half copies, HTTP on',
  unit: 'MB',
  target: { most: 90 },
  // Published by their makers, not measured here.
  peers: { 'Greengrass nucleus': 96, Netdata: 100 },

  async measure({ quick, folder, say }) {
    const depth = quick ? 'quick' : 'full';
    const agents = await startMesh(folder, 2);
    try {
      const empty = memoryMb(agents[0].pid);
      say(`${DETECTIONS} detections …`);
      await fill(agents, DETECTIONS);
      const filled = Math.max(...agents.map(({ pid }) => memoryMb(pid)));
      await sleep(SETTLE_MS[depth]);
      const samples = [];
      for (let i = 0; i < SAMPLES[depth]; i++) {
        samples.push(...agents.map(({ pid }) => memoryMb(pid)));
        await sleep(SAMPLE_EVERY_MS);
      }
      const all = median(agents.map(({ pid }) => memoryMb(pid, 'VmRSS')));
      const peak = Math.max(...agents.map(({ pid }) => memoryMb(pid, 'VmHWM')));
      const note = `empty ${rounded(empty)}, right after replication ${rounded(filled)}; with mapped files ${rounded(all)}, peak ${rounded(peak)}`;
      return { samples, note };
    } finally {
      await stopAll(agents);
    }
  },
};
