import type { IndexStats } from '../../ports/hot-path.js';
import { rowBytesOf } from './row-format.js';

const COARSE_BYTES = 16;
const FINE_BYTES = 48;

/** What the searches of one index did. */
export class SearchCounts {
  searches = 0;
  exhaustive = 0;
  coarseRows = 0;
  fineRows = 0;
  scoredRows = 0;
  reranked = 0;
  /** Bytes of columns and of distances. */
  otherBytes = 0;

  read(dimension: number): IndexStats {
    const { searches, exhaustive, coarseRows, fineRows, scoredRows, reranked } = this;
    const sketches = COARSE_BYTES * coarseRows + FINE_BYTES * fineRows;
    const vectors = rowBytesOf(dimension) * scoredRows + dimension * Float32Array.BYTES_PER_ELEMENT * reranked;
    const bytesRead = sketches + vectors + this.otherBytes;
    return { searches, exhaustive, coarseRows, fineRows, scoredRows, reranked, bytesRead };
  }
}
