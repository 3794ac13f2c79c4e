import { BLOCK_ROWS, type Block, setExact } from './block.js';
import type { Columns } from './index-arguments.js';
import type { Rows } from './rows.js';

/**
 * Puts a checked batch into the rows, whole or not at all. `exact`: its float32 vectors, where there are some. `write`
 * puts vector i into a block and returns the sum of the row's squares.
 */
export function storeBatch(
  rows: Rows,
  keys: Uint32Array,
  columns: Columns,
  exact: Float32Array | undefined,
  write: (i: number, block: Block, at: number) => number,
): void {
  const { sketches } = rows;
  sketches?.advance(rows.blocks, rows.count, keys.length / 2);
  const claimed = rows.claim(keys);
  if (exact) writeExact(rows, claimed, exact);
  for (const [i, row] of claimed.rows.entries()) {
    const block = rows.blockOf(row);
    const at = row % BLOCK_ROWS;
    const squares = write(i, block, at);
    block.factor[at] = 1 / Math.sqrt(squares);
    block.type[at] = columns.type?.[i] ?? 0;
    block.node[at] = columns.node?.[i] ?? 0;
    block.timeMs[at] = columns.timeMs?.[i] ?? 0;
    setExact(block, at, exact !== undefined);
    sketches?.write(row, block, squares);
  }
}

/** Rows one behind the other are written at once. A batch that fails costs entries of before it their exact vectors. */
function writeExact(rows: Rows, claimed: { rows: Uint32Array; undo: () => void }, vectors: Float32Array): void {
  const { file, dimension } = rows;
  if (file === undefined) return;
  const count = claimed.rows.length;
  try {
    for (let from = 0; from < count; ) {
      const first = claimed.rows[from] as number;
      let to = from + 1;
      while (to < count && claimed.rows[to] === first + to - from) to++;
      file.write(first, vectors.subarray(from * dimension, to * dimension));
      from = to;
    }
  } catch (error) {
    for (const row of claimed.rows) setExact(rows.blockOf(row), row % BLOCK_ROWS, false);
    claimed.undo();
    throw error;
  }
}
