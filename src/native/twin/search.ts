import type { SearchHits, SearchOptions } from '../../ports/hot-path.js';
import { BLOCK_ROWS, type Block } from './block.js';
import { CoarseScan } from './coarse-scan.js';
import { Filter } from './filter.js';
import { fineDistance } from './hamming.js';
import { QuerySketches } from './query-sketch.js';
import { Rerank, reachOfRerank } from './rerank.js';
import { COARSE_BITS, SKETCH_BITS } from './rotation.js';
import type { Rows } from './rows.js';
import { Scorer } from './scorer.js';

/** So few candidates are compared in full; more of them once a filter has named them anyway. */
const FEW = 1_024;
const FEW_FILTERED = 12_288;
/** Blocks between two looks at how the search goes. */
const STRIDE = 16;
/** Standard deviations that a true hit's distance may be off before it is missed: by the first bits, and by all. */
const COARSE_Z = 3.4;
const FINE_Z = 2.8;

// What a step costs beside a component of an int8 row, as measured.
const COARSE_COST = 24;
const FINE_COST = 64;
const RERANK_COST = 8_192;

type Phase = 'filter' | 'few' | 'coarse' | 'seed' | 'refine' | 'full' | 'rerank' | 'done';

/**
 * One search, a block of rows at a time: the first bits of all sketches, the nearest as int8, then those whose sketches
 * are near enough to be among the k best, however many the data make of them; up to all.
 */
export class Search {
  /** Work done, in components of int8 rows. */
  cost = 0;
  readonly #rows: Rows;
  /** Rows in use when the search began. Later ones need not be seen. */
  readonly #count: number;
  readonly #filter: Filter;
  readonly #scorer: Scorer;
  readonly #rerank: { readonly query: Float32Array; readonly k: number } | undefined;
  /** Candidates that are to be compared as int8 at least. */
  readonly #pool: number;
  readonly #sketches: QuerySketches | undefined;
  readonly #scan: CoarseScan | undefined;
  readonly #pick = new Uint16Array(BLOCK_ROWS);
  #phase: Phase;
  #next = 0;
  #seedReach = 0;
  #coarseReach = 0;
  #fineReach = 0;
  #scored = 0;
  #reranking: Rerank | undefined;

  /** `query` has a direction. */
  constructor(rows: Rows, query: Float32Array, options: SearchOptions) {
    const k = Math.min(options.k, rows.size);
    const isExact = options.exact === true;
    this.#rows = rows;
    this.#count = rows.count;
    this.#filter = new Filter(options);
    this.#rerank = isExact && rows.file ? { query, k } : undefined;
    const reach = this.#rerank && Math.min(reachOfRerank(k), rows.size);
    this.#scorer = new Scorer(query, k, reach);
    this.#pool = 4 * k + 64;
    rows.counts.searches++;
    if (rows.sketches === undefined || this.#count <= FEW || (isExact && !this.#rerank)) {
      rows.counts.exhaustive++;
      this.#phase = 'full';
      return;
    }
    this.#phase = this.#filter.any ? 'filter' : 'coarse';
    this.#sketches = new QuerySketches(query, rows.sketches);
    this.#scan = new CoarseScan(rows.takeDistances(this.#count), this.#count);
  }

  /** Does the next bit of work; false when there was none left. */
  step(): boolean {
    switch (this.#phase) {
      case 'filter':
        this.#stepFilter();
        break;
      case 'few':
        this.#stepFew();
        break;
      case 'coarse':
        this.#stepCoarse();
        break;
      case 'seed':
      case 'refine':
        this.#stepNear();
        break;
      case 'full':
        this.#stepFull();
        break;
      case 'rerank':
        this.#stepRerank();
        break;
      default:
        return false;
    }
    return true;
  }

  /** After the last step, once. */
  finish(): SearchHits {
    return this.#reranking?.finish() ?? this.#scorer.top.finish();
  }

  /** Gives back what others may use; after `finish`, or instead of it. */
  release(): void {
    if (this.#scan) this.#rows.giveDistances(this.#scan.distances);
  }

  #stepFilter(): void {
    const rows = this.#rowsHere();
    const scan = this.#scan as CoarseScan;
    scan.mark(this.#block(), rows, this.#next * BLOCK_ROWS, this.#filter, this.#pick);
    this.#rows.counts.otherBytes += this.#filter.rowBytes * rows;
    this.cost += COARSE_COST * rows;
    this.#next++;
    if (!this.#isEnd()) return;
    if (scan.candidates <= FEW_FILTERED) this.#startFull('few');
    else this.#start('coarse');
  }

  /** The candidates that the filter has left, all of them. */
  #stepFew(): void {
    const rows = this.#rowsHere();
    const marked = (this.#scan as CoarseScan).marked(rows, this.#next * BLOCK_ROWS, this.#pick);
    this.#rows.counts.otherBytes += rows;
    this.#score(this.#stillThere(marked));
    this.#next++;
    if (this.#isEnd()) this.#startRerank();
  }

  #stepCoarse(): void {
    const rows = this.#rows;
    const { sketches, counts } = rows;
    const scan = this.#scan as CoarseScan;
    if (sketches === undefined || this.#sketches === undefined) return;
    const first = this.#next * BLOCK_ROWS;
    const sketch = this.#sketches.about(sketches.mean);
    const part = {
      block: this.#block(),
      rows: this.#rowsHere(),
      frontier: Math.max(0, sketches.frontier - first),
      sketch,
      before: sketches.before ? this.#sketches.about(sketches.before) : sketch,
    };
    const hasGaps = !this.#filter.any && rows.hasHoles;
    if (hasGaps) scan.mark(part.block, part.rows, first, this.#filter, this.#pick);
    const before = scan.compared;
    scan.scan(part, first, hasGaps || this.#filter.any, this.#pick);
    counts.coarseRows += scan.compared - before;
    this.cost += COARSE_COST * part.rows;
    this.#next++;
    if (this.#isEnd()) this.#startSeed(scan);
  }

  /** Seed: the block's nearest by their first bits. Refine: those beyond that may still reach the k-th best. */
  #stepNear(): void {
    const isRefining = this.#phase === 'refine';
    if (isRefining && this.#next % STRIDE === 0) this.#aim();
    const least = isRefining ? this.#seedReach + 1 : 0;
    const most = isRefining ? this.#coarseReach : this.#seedReach;
    let picked = this.#near(least, most);
    if (isRefining) picked = this.#refine(picked);
    this.#score(this.#stillThere(picked));
    this.#rows.counts.otherBytes += this.#rowsHere();
    this.#next++;
    if (this.#next % STRIDE !== 0 && !this.#isEnd()) return;
    const candidates = (this.#scan as CoarseScan).candidates;
    if (this.#scored > Math.floor(candidates / 4) + FEW) this.#startFull('full');
    else if (this.#isEnd() && isRefining) this.#startRerank();
    else if (this.#isEnd()) this.#startRefine();
  }

  #stepFull(): void {
    if (!this.#isEnd()) {
      this.#rows.counts.otherBytes += this.#filter.rowBytes * this.#rowsHere();
      this.#score(this.#filter.select(this.#block(), this.#rowsHere(), this.#pick));
      this.#next++;
    }
    if (this.#isEnd()) this.#startRerank();
  }

  #stepRerank(): void {
    const { file, counts } = this.#rows;
    const reranking = this.#reranking;
    if (file === undefined || reranking === undefined) return;
    const before = reranking.compared;
    const more = reranking.step(this.#rows, file);
    counts.reranked += reranking.compared - before;
    this.cost += RERANK_COST * (reranking.compared - before);
    if (!more) this.#phase = 'done';
  }

  #start(phase: Phase): void {
    this.#phase = phase;
    this.#next = 0;
  }

  #startSeed(scan: CoarseScan): void {
    if (scan.candidates <= FEW || 3 * this.#pool > scan.candidates) {
      this.#startFull('full');
      return;
    }
    scan.addUp();
    this.#rows.counts.otherBytes += this.#count;
    this.#seedReach = scan.reach(this.#pool);
    this.#start('seed');
  }

  #startRefine(): void {
    const scan = this.#scan as CoarseScan;
    this.#aim();
    // Margins so thin that sketches would spare little.
    if (3 * scan.atMost(this.#coarseReach) > scan.candidates) this.#startFull('full');
    else if (this.#coarseReach <= this.#seedReach) this.#startRerank();
    else this.#start('refine');
  }

  #startFull(phase: 'few' | 'full'): void {
    this.#rows.counts.exhaustive++;
    this.#scorer.clear();
    this.#start(phase);
  }

  #startRerank(): void {
    if (this.#rerank === undefined) {
      this.#phase = 'done';
      return;
    }
    this.#reranking = new Rerank(this.#rerank.query, this.#rerank.k, this.#scorer.top.finish());
    this.#phase = 'rerank';
  }

  /** How far a row may be that can still be among the k best. */
  #aim(): void {
    const { sketches } = this.#rows;
    const query = this.#sketches;
    if (sketches === undefined || query === undefined) return;
    const { needed } = this.#scorer;
    this.#coarseReach = query.limit(sketches, COARSE_BITS, COARSE_Z, needed);
    this.#fineReach = query.limit(sketches, SKETCH_BITS, FINE_Z, needed);
  }

  /** Compares the picked rows of the block as int8. */
  #score(picked: number): void {
    this.#scorer.score(this.#block(), this.#pick, picked);
    this.#scored += picked;
    this.#rows.counts.scoredRows += picked;
    this.cost += picked * this.#rows.dimension + this.#rowsHere();
  }

  /** Picks the block's rows from `least` to `most` away. */
  #near(least: number, most: number): number {
    const { distances } = this.#scan as CoarseScan;
    const first = this.#next * BLOCK_ROWS;
    const rows = this.#rowsHere();
    const pick = this.#pick;
    let picked = 0;
    for (let i = 0; i < rows; i++) {
      const distance = distances[first + i] as number;
      if (distance >= least && distance <= most) pick[picked++] = i;
    }
    return picked;
  }

  /** Keeps those of the picked rows that are candidates still: entries may have changed since they were picked. */
  #stillThere(picked: number): number {
    const block = this.#block();
    const pick = this.#pick;
    let kept = 0;
    for (let i = 0; i < picked; i++) {
      const row = pick[i] as number;
      if (block.factor[row] !== 0 && (!this.#filter.any || this.#filter.passes(block, row))) pick[kept++] = row;
    }
    return kept;
  }

  /** Keeps those of the picked rows that are near enough by all bits. */
  #refine(picked: number): number {
    const { sketches, counts } = this.#rows;
    const query = this.#sketches;
    if (sketches === undefined || query === undefined) return picked;
    const { fine } = this.#block();
    const { distances } = this.#scan as CoarseScan;
    const first = this.#next * BLOCK_ROWS;
    const sketch = query.about(sketches.mean).words;
    const before = sketches.before ? query.about(sketches.before).words : sketch;
    const frontier = sketches.frontier - first;
    const pick = this.#pick;
    let kept = 0;
    for (let i = 0; i < picked; i++) {
      const row = pick[i] as number;
      const distance = fineDistance(row < frontier ? sketch : before, fine, row);
      if ((distances[first + row] as number) + distance <= this.#fineReach) pick[kept++] = row;
    }
    counts.fineRows += picked;
    this.cost += FINE_COST * picked;
    return kept;
  }

  #block(): Block {
    return this.#rows.blocks[this.#next] as Block;
  }

  #rowsHere(): number {
    return Math.min(BLOCK_ROWS, this.#count - this.#next * BLOCK_ROWS);
  }

  #isEnd(): boolean {
    return this.#next * BLOCK_ROWS >= this.#count;
  }
}
