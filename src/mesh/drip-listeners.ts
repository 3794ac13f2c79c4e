import type { NodeId } from '../core/ids.js';
import type { Random } from '../ports/random.js';

/** Of more neighbours that lack what another said, … */
export const TOLD_MANY = 16;
/** … as where a crowd has only just met, so many are told at a time: the others hear it from its author, or from those. */
export const TOLD_SOME = 4;

/** All of a few, or a few of many, which ones by lot. */
export function someOf(lacking: readonly NodeId[], random: Pick<Random, 'below'>): readonly NodeId[] {
  if (lacking.length <= TOLD_MANY) return lacking;
  const from = random.below(lacking.length - TOLD_SOME + 1);
  return lacking.slice(from, from + TOLD_SOME);
}
