import type { SearchHits, SearchOptions } from '../ports/hot-path.js';
import type { Space } from './spaces.js';

/** Where search finds what is alike. Detections provide it; keys are those of records. */
export interface CandidateSource {
  /** Vectors of the space that can be found. */
  size(space: Space): number;
  search(space: Space, query: Float32Array, options: SearchOptions): Promise<SearchHits>;
}
