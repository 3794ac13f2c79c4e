import { spawnSync } from 'node:child_process';
import { silentLog } from '../dist/testing/radio-world.js';
import { btvirtTrouble } from './btvirt/btvirt.js';
import { makeReal } from './rig.js';
import { Emulation, type Rig } from './rig-file.js';

export interface RigCheck {
  /** What was looked at: a tool or a radio. */
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
  /** The command that mends it. */
  readonly fix?: string;
}

/** Whether what the rig needs is there. A real radio is opened for a moment. */
export async function checkRig(rig: Rig): Promise<RigCheck[]> {
  if (rig.emulate === Emulation.Btvirt) return [btvirt()];
  if (rig.emulate === Emulation.Uart || rig.emulate === Emulation.Cable) return [socat()];
  const checks: RigCheck[] = [];
  for (const text of rig.radios) {
    const radio = makeReal(text, 'check', silentLog());
    const { ok, detail, fix } = await radio.probe();
    await radio.close();
    checks.push({ what: text, ok, detail, ...(fix !== undefined && { fix }) });
  }
  return checks;
}

function socat(): RigCheck {
  const ok = spawnSync('socat', ['-V']).status === 0;
  return ok
    ? { what: 'socat', ok, detail: 'found' }
    : { what: 'socat', ok, detail: 'not found', fix: 'scripts/setup --rigs' };
}

function btvirt(): RigCheck {
  const trouble = btvirtTrouble();
  return trouble === undefined
    ? { what: 'btvirt', ok: true, detail: 'found' }
    : { what: 'btvirt', ok: false, detail: trouble, fix: 'scripts/setup --rigs' };
}
