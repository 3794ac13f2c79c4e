import type { Block } from './block.js';
import type { Filter } from './filter.js';
import { coarseDistance, coarseRows } from './hamming.js';
import type { QuerySketch } from './query-sketch.js';
import { COARSE_BITS } from './rotation.js';

/** The distance of a row that is no candidate. */
const NO_CANDIDATE = 255;

/** Rows of which one in so many is counted for the histogram, where that is enough of them. */
const SAMPLE = 8;

/** A block with less than one candidate in so many has only these compared. */
const SPARSE = 16;

/** One block's distances. Rows from `frontier` (within the block) on are sketched about `before`'s mean. */
interface CoarseBlock {
  readonly block: Block;
  readonly rows: number;
  readonly frontier: number;
  readonly sketch: QuerySketch;
  readonly before: QuerySketch;
}

/** Distances between the first words of the query's sketch and every candidate's, and what they add up to. */
export class CoarseScan {
  readonly distances: Uint8Array;
  /** Rows that are no holes and pass the filter. */
  candidates = 0;
  /** Distances worked out. */
  compared = 0;
  readonly #rows: number;
  readonly #atMost = new Float64Array(COARSE_BITS + 1);

  constructor(distances: Uint8Array, rows: number) {
    this.distances = distances;
    this.#rows = rows;
  }

  /** Marks a block's candidates with 0, before `scan`; `at`: the block's first row. */
  mark(block: Block, rows: number, at: number, filter: Filter, pick: Uint16Array): void {
    const picked = filter.select(block, rows, pick);
    this.candidates += picked;
    this.distances.fill(NO_CANDIDATE, at, at + rows);
    for (let i = 0; i < picked; i++) this.distances[at + (pick[i] as number)] = 0;
  }

  /** Picks the block's rows that were marked. */
  marked(rows: number, at: number, pick: Uint16Array): number {
    let picked = 0;
    for (let i = 0; i < rows; i++) if (this.distances[at + i] === 0) pick[picked++] = i;
    return picked;
  }

  /** Compares a block's marked rows, or all. */
  scan(part: CoarseBlock, at: number, isMarked: boolean, pick: Uint16Array): void {
    const { rows } = part;
    if (!isMarked) {
      this.candidates += rows;
      this.#all(part, at);
      return;
    }
    const picked = this.marked(rows, at, pick);
    if (picked * SPARSE < rows) this.#picks(part, at, pick, picked);
    else this.#allOf(part, at, pick, picked);
  }

  /** Adds up how many candidates are how near; once, after the last block. */
  addUp(): void {
    const counts = this.#atMost;
    const { distances } = this;
    const step = SAMPLE * this.candidates < this.#rows ? 1 : SAMPLE;
    for (let row = 0; row < this.#rows; row += step) {
      const distance = distances[row] as number;
      if (distance !== NO_CANDIDATE) counts[distance] = (counts[distance] as number) + step;
    }
    for (let t = 1; t < counts.length; t++) counts[t] = (counts[t] as number) + (counts[t - 1] as number);
  }

  /** About how many candidates are at most this far. */
  atMost(distance: number): number {
    return distance < 0 ? 0 : (this.#atMost[distance] as number);
  }

  /** The distance within which about so many candidates are. */
  reach(wanted: number): number {
    let t = 0;
    while (t < COARSE_BITS && this.atMost(t) < wanted) t++;
    return t;
  }

  #all({ block, rows, frontier, sketch, before }: CoarseBlock, at: number): void {
    const split = Math.min(rows, frontier);
    coarseRows(sketch.words, block.coarse, 0, split, this.distances, at);
    coarseRows(before.words, block.coarse, split, rows, this.distances, at);
    this.compared += rows;
  }

  /** The distances of all, of which those of the picked are kept. */
  #allOf(part: CoarseBlock, at: number, pick: Uint16Array, picked: number): void {
    this.#all(part, at);
    let next = 0;
    for (let i = 0; i < part.rows; i++) {
      if (next < picked && pick[next] === i) next++;
      else this.distances[at + i] = NO_CANDIDATE;
    }
  }

  #picks({ block, rows, frontier, sketch, before }: CoarseBlock, at: number, pick: Uint16Array, picked: number): void {
    this.distances.fill(NO_CANDIDATE, at, at + rows);
    for (let i = 0; i < picked; i++) {
      const row = pick[i] as number;
      this.distances[at + row] = coarseDistance((row < frontier ? sketch : before).words, block.coarse, row);
    }
    this.compared += picked;
  }
}
