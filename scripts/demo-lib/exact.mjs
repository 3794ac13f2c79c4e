// Exact search over everything that was pushed: what the mesh's answer has to equal.
/** Two candidates this close are the same to float32: either may stand at the end of the list. */
const TIE = 1e-6;
/** Scores are computed from float32 vectors, in another order. */
const SCORE_TOLERANCE = 1e-4;

const dot = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

export class ExactSearch {
  /** @type {Map<string, Float32Array>} */
  #vectors = new Map();

  get size() {
    return this.#vectors.size;
  }

  add(hash, embedding) {
    this.#vectors.set(hash, embedding);
  }

  /** The `k` best by cosine (all vectors are unit vectors), best first. */
  best(query, k) {
    const scored = [...this.#vectors].map(([hash, vector]) => ({ hash, score: dot(query, vector) }));
    return scored.sort((a, b) => b.score - a.score).slice(0, k);
  }

  /** What is wrong with an answer, or `undefined` when it is as good as exact search. */
  fault(query, k, results) {
    const best = this.best(query, k);
    if (results.length !== best.length) return `${results.length} results instead of ${best.length}`;
    const worst = best.at(-1)?.score ?? 0;
    const seen = new Set();
    for (const { hash, score } of results) {
      const vector = this.#vectors.get(hash);
      if (vector === undefined) return `${hash} was never pushed`;
      if (seen.has(hash)) return `${hash} stands there twice`;
      seen.add(hash);
      const real = dot(query, vector);
      if (real < worst - TIE)
        return `${hash} (${real.toFixed(4)}) is not among the best ${k} (${worst.toFixed(4)} and above)`;
      if (Math.abs(score - real) > SCORE_TOLERANCE)
        return `${hash} has the score ${score.toFixed(4)} instead of ${real.toFixed(4)}`;
    }
    return undefined;
  }
}
