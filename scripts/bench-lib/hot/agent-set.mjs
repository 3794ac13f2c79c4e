// A data directory of an agent that holds a whole set as detections of its own. Pushing them takes a minute or two, so it
// lies in build/bench; detections expire, and then it is made anew.
import { mkdirSync, rmSync } from 'node:fs';
import { cborBatch } from '../../demo-lib/cbor.mjs';
import { startMesh } from '../processes.mjs';
import { cachePath } from './cache.mjs';

/** Counted up when what is pushed changes. */
const VERSION = 1;
const BATCH = 500;
const TYPES = ['person', 'vehicle', 'animal', 'parcel'];
/** The longest that a detection may live is 90 days. */
const LIFE_MS = 89 * 86_400_000;

/** Of a row: 16 bytes in hex. */
export const hashOf = (row) => row.toString(16).padStart(32, '0');
export const rowOfHash = (hash) => Number.parseInt(hash, 16);

function detectionOf(set, row, now) {
  return {
    hash: hashOf(row),
    type: TYPES[row % TYPES.length],
    embedding: set.row(row),
    metadata: { identity: set.identityOf(row), camera: `gate-${row % 7}` },
    observedAt: now - (set.count - row) * 1_000,
    expiresAt: now + LIFE_MS,
  };
}

async function push(agent, set, say) {
  const now = Date.now();
  let told = 0;
  for (let from = 0; from < set.count; from += BATCH) {
    const size = Math.min(BATCH, set.count - from);
    const items = Array.from({ length: size }, (_, i) => detectionOf(set, from + i, now));
    const { accepted } = await agent.api.post('detections', cborBatch(items), 'application/cbor');
    if (accepted !== size) throw new Error(`only ${accepted} of ${size} detections were accepted`);
    if (from - told < set.count / 4) continue;
    told = from;
    say(`${from} of ${set.count} detections …`);
  }
}

/** A lone agent on the directory, once it serves. */
const startOn = async (folder) => (await startMesh(folder, 1, { removeOnCut: undefined }))[0];

async function heldBy(agent) {
  return (await agent.api.get('status')).detections.count;
}

/** Starts an agent that holds the set; who asks stops it. @returns {Promise<AgentProcess>} */
export async function agentWith(set, say) {
  const folder = cachePath(`agent-${set.name}-v${VERSION}`);
  const cached = await startOn(folder);
  if ((await heldBy(cached)) === set.count) return cached;
  await cached.stop();
  rmSync(folder, { recursive: true, force: true });
  say(`a data directory with ${set.count} detections …`);
  mkdirSync(folder);
  const fresh = await startOn(folder);
  try {
    await push(fresh, set, say);
    return fresh;
  } catch (error) {
    await fresh.stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
