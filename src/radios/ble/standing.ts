import type { EdgeError } from '../../core/errors.js';
import type { RadioProbe } from '../../ports/radio.js';
import { modeOf, RadioMode } from './abilities.js';
import { describe, type Finding } from './controller-finding.js';

/** One adapter, as found: what it allows, or what is wrong with it. */
export interface Found {
  readonly name: string;
  readonly finding?: Finding;
  readonly trouble?: EdgeError;
}

/** Who dials and who is dialled, of two; `undefined` when they cannot share the work so. */
export function pairOf<F extends { readonly finding: Finding }>(a: F, b: F): { dials: F; listens: F } | undefined {
  if (a.finding.abilities.central && b.finding.abilities.peripheral) return { dials: a, listens: b };
  if (b.finding.abilities.central && a.finding.abilities.peripheral) return { dials: b, listens: a };
  return undefined;
}

/** What a radio with one adapter or two can do, and why; for `probe`, the log and the faces. */
export function standingOf(found: readonly Found[]): RadioProbe {
  const [first, second] = found.flatMap(({ name, finding }) => (finding === undefined ? [] : [{ name, finding }]));
  const lacking = found.find(({ trouble, finding }) => trouble !== undefined && finding === undefined);
  const fix = lacking?.trouble?.fix;
  if (first === undefined) {
    return { ok: false, detail: lacking?.trouble?.message ?? 'not looked at yet', ...(fix !== undefined && { fix }) };
  }
  const pair = second === undefined ? undefined : pairOf(first, second);
  if (pair !== undefined) {
    const { dials, listens } = pair;
    const detail = `${dials.name} scans and dials (${describe(dials.finding.info)}), ${listens.name} advertises and is dialled (${describe(listens.finding.info)})`;
    return { ok: true, detail, mode: RadioMode.TwoAdapters };
  }
  return alone(first, found.length > 1 ? lacking : undefined);
}

function alone({ name, finding }: { name: string; finding: Finding }, lacking: Found | undefined): RadioProbe {
  const { info, abilities, why } = finding;
  const mode = modeOf(abilities);
  const trouble = lacking?.trouble;
  const missing = trouble === undefined ? '' : `; ${name} works alone, for ${lacking?.name} fails: ${trouble.message}`;
  const detail = `${describe(info)}; ${why}${missing}`;
  if (mode === RadioMode.None) return { ok: false, detail, fix: 'use another adapter', mode };
  return { ok: true, detail, mode, ...(trouble?.fix !== undefined && { fix: trouble.fix }) };
}
