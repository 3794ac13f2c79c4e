import type { SearchOptions } from '../../ports/hot-path.js';
import type { Block } from './block.js';

/** What a search asks of the columns of a row. */
export class Filter {
  /** Whether it asks anything. */
  readonly any: boolean;
  /** Bytes a row that it looks at. */
  readonly rowBytes: number;
  readonly #type: number | undefined;
  readonly #node: number | undefined;
  readonly #sinceMs: number;
  readonly #untilMs: number;
  readonly #byTime: boolean;

  constructor({ type, node, sinceMs, untilMs }: Omit<SearchOptions, 'k'>) {
    this.#type = type;
    this.#node = node;
    this.#sinceMs = sinceMs ?? Number.NEGATIVE_INFINITY;
    this.#untilMs = untilMs ?? Number.POSITIVE_INFINITY;
    this.#byTime = this.#sinceMs > Number.NEGATIVE_INFINITY || this.#untilMs < Number.POSITIVE_INFINITY;
    this.rowBytes = (type === undefined ? 0 : 2) + (node === undefined ? 0 : 4) + (this.#byTime ? 8 : 0);
    this.any = this.rowBytes > 0;
  }

  passes(block: Block, at: number): boolean {
    return (
      (this.#type === undefined || block.type[at] === this.#type) &&
      (this.#node === undefined || block.node[at] === this.#node) &&
      (!this.#byTime ||
        ((block.timeMs[at] as number) >= this.#sinceMs && (block.timeMs[at] as number) <= this.#untilMs))
    );
  }

  /** The first `rows` of a block that are no holes and pass, into `pick`; how many. */
  select(block: Block, rows: number, pick: Uint16Array): number {
    let count = 0;
    for (let i = 0; i < rows; i++) {
      if (block.factor[i] !== 0 && (!this.any || this.passes(block, i))) pick[count++] = i;
    }
    return count;
  }
}
