// Fast chance that a seed replays: one stream for each row of a set, so that a row can be made without those before it.
const MIX = 0x9e3779b9;

const mixed = (value) => {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** xoshiro128++ (Blackman and Vigna), seeded by three numbers. */
export class Stream {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** Starts anew; returns the first word. */
  start(seed, origin, index) {
    const root = mixed(mixed(seed ^ MIX) + Math.imul(origin, 0x632be59b)) + Math.imul(index, MIX);
    this.#a = mixed(root);
    this.#b = mixed(root + 0x7f4a7c15);
    this.#c = mixed(root ^ 0x5bf03635);
    this.#d = mixed(index ^ 0x3c6ef372) | 1;
    // It takes some steps until neighbouring seeds have nothing in common.
    for (let i = 0; i < 8; i++) this.next();
    return this.next();
  }

  /** 32 bits, unsigned. */
  next() {
    const sum = (this.#a + this.#d) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + this.#a) | 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }
}

/** Acklam's rational approximation of the normal distribution's inverse, good to 1e-9. */
function normalQuantile(p) {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const horner = (list, x, end) => list.reduce((sum, value) => sum * x + value, 0) * x + end;
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return horner(c, q, 2.938163982698783) / horner(d, q, 1);
  }
  const q = p - 0.5;
  return (horner(a, q * q, 2.506628277459239) * q) / horner(b, q * q, 1);
}

let table;

/** The normal distribution at the 65,536 values of 16 bits: a look-up for each value is what makes a million rows quick. */
export function gaussTable() {
  table ??= Float32Array.from({ length: 65_536 }, (_, i) => normalQuantile((i + 0.5) / 65_536));
  return table;
}
