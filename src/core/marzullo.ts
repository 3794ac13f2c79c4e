/** Where something lies for sure, as far as its source is to be believed. */
export interface Interval {
  readonly earliest: number;
  readonly latest: number;
}

interface Overlap extends Interval {
  /** How many intervals hold all of it. */
  readonly sources: number;
}

/**
 * The smallest interval consistent with the largest number of sources (Marzullo 1984); of several the first.
 * `undefined` without intervals; one whose end is before its beginning counts for nothing.
 */
export function marzullo(intervals: readonly Interval[]): Overlap | undefined {
  const ends: { readonly at: number; readonly opens: boolean }[] = [];
  for (const { earliest, latest } of intervals)
    if (earliest <= latest) ends.push({ at: earliest, opens: true }, { at: latest, opens: false });
  // Intervals that only touch do overlap: of equal ends those that open come first.
  ends.sort((a, b) => a.at - b.at || Number(b.opens) - Number(a.opens));
  let best: Overlap | undefined;
  let open = 0;
  for (const [i, { at, opens }] of ends.entries()) {
    open += opens ? 1 : -1;
    // The next end closes: an opening one would mean more sources.
    if (opens && open > (best?.sources ?? 0)) best = { earliest: at, latest: ends[i + 1]?.at as number, sources: open };
  }
  return best;
}

interface Agreement extends Overlap {
  /** What each interval had to be widened by at both ends. */
  readonly widenedBy: number;
}

/** Precision of the search for the least widening. */
const STEP = 1;

/**
 * The overlap of at least `quorum` intervals, each widened by as little as it takes, and by no more than `widenAtMost`.
 * A widened overlap is given with what it was widened by at both ends. `undefined`: they lie too far apart.
 */
export function agree(intervals: readonly Interval[], quorum: number, widenAtMost: number): Agreement | undefined {
  const widened = (by: number): Overlap | undefined => {
    const overlap = marzullo(
      intervals.map(({ earliest, latest }) => ({ earliest: earliest - by, latest: latest + by })),
    );
    return overlap && overlap.sources >= quorum ? overlap : undefined;
  };
  const narrow = widened(0);
  if (narrow) return { ...narrow, widenedBy: 0 };
  let best = widened(widenAtMost);
  if (!best) return undefined;
  let [low, high] = [0, widenAtMost];
  while (high - low > STEP) {
    const middle = (low + high) / 2;
    const overlap = widened(middle);
    if (overlap) [best, high] = [overlap, middle];
    else low = middle;
  }
  return { earliest: best.earliest - high, latest: best.latest + high, sources: best.sources, widenedBy: high };
}
