/** Longer texts are compared by their first characters only: the table below is quadratic. */
const MAX_COMPARED = 64;

/** Edits (insert, delete, replace, swap of neighbours) that turn one text into the other. */
export function editDistance(from: string, to: string): number {
  const a = from.slice(0, MAX_COMPARED);
  const b = to.slice(0, MAX_COMPARED);
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replaced, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] as number) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}

/** The candidate closest to what was written, or `undefined` when none is close enough to be meant. */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  const plain = written.toLowerCase().replaceAll('-', '_');
  let found: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(plain, candidate.toLowerCase().replaceAll('-', '_'));
    const tolerated = Math.max(2, Math.floor(Math.min(plain.length, candidate.length) / 3));
    if (distance <= tolerated && distance < fewest) {
      fewest = distance;
      found = candidate;
    }
  }
  return found;
}
