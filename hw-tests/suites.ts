import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Emulation, type Rig } from './rig-file.js';

export interface Suite {
  /** `contract`: of `hw-tests/contract.test.ts`. */
  readonly id: string;
  /** From the root of the project. */
  readonly file: string;
  /** Why it does not run; `undefined` when it does. */
  readonly skipped: string | undefined;
}

const FOLDER = fileURLToPath(new URL('../hw-tests', import.meta.url));
/** They take whatever two radios there are. The others bring emulated controllers, because they cut, kill and break them. */
const FOR_EVERY_RIG: ReadonlySet<string> = new Set(['contract', 'pair']);
/** Minutes of waiting, or packages that have to be fetched. */
const LONG: ReadonlySet<string> = new Set(['ble-shapes', 'ble-crowd', 'ble-rotation', 'mixed-line', 'originals']);

/** All suites, and which of them say something about this rig. */
export function suitesFor(rig: Rig, full: boolean): Suite[] {
  const ids = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.slice(0, -'.test.ts'.length))
    .sort();
  return ids.map((id) => ({ id, file: `hw-tests/${id}.test.ts`, skipped: reasonToSkip(id, rig, full) }));
}

function reasonToSkip(id: string, rig: Rig, full: boolean): string | undefined {
  if (rig.suites !== undefined && !rig.suites.includes(id)) return 'not for this rig (suites in its description)';
  if (!FOR_EVERY_RIG.has(id) && rig.emulate !== Emulation.Controllers)
    return 'brings its own emulated controllers: --rig emulated';
  if (LONG.has(id) && !full) return 'takes long: --full, or name it';
  return undefined;
}
