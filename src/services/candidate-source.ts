import type { SearchHits, SearchOptions } from '../ports/hot-path.js';
import type { Space } from './spaces.js';

/** Where search finds what is alike. Detections provide it; keys are those of records. */
export interface CandidateSource {
  /** Vectors of the space that can be found. */
  size(space: Space): number;
  search(space: Space, query: Float32Array, options: SearchOptions): Promise<SearchHits>;
}

/** One that is filled after a start, while it is asked already. */
export interface FillingSource extends CandidateSource {
  /** The share of the vectors held here that can be found, from 0 to 1. */
  readonly loaded: number;
  /** Resolves when all can be found, or nothing any more. */
  whenLoaded(): Promise<void>;
}
