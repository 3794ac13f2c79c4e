import type { Clock, Timer } from '../../ports/clock.js';
import {
  type HotPath,
  HotPathKind,
  type SearchHits,
  type SearchOptions,
  type VectorIndex,
} from '../../ports/hot-path.js';
import type { RecordKey } from '../../replication/keys.js';
import type { FillingSource } from '../candidate-source.js';
import type { RecordsAccess } from '../records-access.js';
import { fromLittleEndian, type Space, type Spaces } from '../spaces.js';
import { type Quantised, quantise } from '../vectors.js';

/** Changes that wait for the index; beyond it they are applied at once. */
const MAX_PENDING_CHANGES = 512;
const FLUSH_DELAY_MS = 20;
/** Vectors loaded between two pauses at start. */
const LOAD_BATCH = 500;
/** An index may hold a few that expired but were not swept yet. */
const CAPACITY_SLACK = 1_024;
/**
 * Components in an index (entries × dimension) up to which a search runs at once: should the data make it compare them
 * all, that takes about 2 ms on a Raspberry Pi 4, and less than it takes others to notice elsewhere. A search of more
 * runs beside other work.
 */
const COMPONENTS_AT_ONCE = { [HotPathKind.Native]: 2 ** 22, [HotPathKind.Js]: 2 ** 20 } as const;

export interface IndexKeeperOptions {
  readonly hotPath: Pick<HotPath, 'index' | 'kind'>;
  readonly spaces: Spaces;
  readonly records: RecordsAccess;
  readonly clock: Clock;
  /** Detections held at most: each space's index takes as many. */
  readonly capacity: number;
}

/** Keeps one vector index a space in step with the records held here, and searches them. Its keys are the records'. */
export class IndexKeeper implements FillingSource {
  readonly #o: IndexKeeperOptions;
  readonly #indexes = new Map<string, VectorIndex>();
  readonly #pending = new Set<RecordKey>();
  readonly #stop: () => void;
  #timer: Timer | undefined;
  #closed = false;
  #loaded: number;
  readonly #whole: Promise<void>;
  #isWhole: () => void = () => undefined;

  constructor(options: IndexKeeperOptions) {
    this.#o = options;
    this.#whole = new Promise((resolve) => (this.#isWhole = resolve));
    this.#loaded = 0;
    if (options.records.view.count === 0) this.#load(1);
    this.#stop = options.records.onChanged(({ record }) => this.#changed(record.key));
  }

  /** Bytes of all indexes, allocated capacity included. */
  get bytes(): number {
    let bytes = 0;
    for (const index of this.#indexes.values()) bytes += index.bytes;
    return bytes;
  }

  get loaded(): number {
    return this.#loaded;
  }

  whenLoaded(): Promise<void> {
    return this.#whole;
  }

  /** Puts what the store already holds into the indexes, with pauses so that nothing else waits long. */
  async load(): Promise<void> {
    const { records, clock } = this.#o;
    for (let cursor: number | undefined = 0; cursor !== undefined && !this.#closed; ) {
      const page = records.view.vectors(cursor, LOAD_BATCH, clock.wall());
      this.#apply(page.records.map(({ key }) => key));
      cursor = page.next;
      this.#load(page.share);
      if (cursor !== undefined) await new Promise<void>((done) => void clock.timer('index load', 0, done));
    }
  }

  size(space: Space): number {
    this.flush();
    return this.#indexes.get(space.id)?.size ?? 0;
  }

  async search(space: Space, query: Float32Array, options: SearchOptions): Promise<SearchHits> {
    this.flush();
    const index = this.#indexes.get(space.id);
    if (!index || index.size === 0) return NO_HITS();
    const isSmall = index.size * space.dimension <= COMPONENTS_AT_ONCE[this.#o.hotPath.kind];
    return isSmall ? index.search(query, options) : await index.searchAsync(query, options);
  }

  /** Applies what has changed: search sees it from then on. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#pending.size === 0 || this.#closed) return;
    const keys = [...this.#pending];
    this.#pending.clear();
    this.#apply(keys);
  }

  close(): void {
    this.#closed = true;
    this.#isWhole();
    this.#stop();
    this.#timer?.cancel();
    for (const index of this.#indexes.values()) index.close();
    this.#indexes.clear();
  }

  #load(share: number): void {
    this.#loaded = share;
    if (share === 1) this.#isWhole();
  }

  #changed(key: RecordKey): void {
    this.#pending.add(key);
    if (this.#pending.size >= MAX_PENDING_CHANGES) this.flush();
    else this.#timer ??= this.#o.clock.timer('index flush', FLUSH_DELAY_MS, () => this.flush());
  }

  /** Brings these keys into the state the registry has now, whatever happened to them before. */
  #apply(keys: readonly RecordKey[]): void {
    const { records, clock, spaces } = this.#o;
    const bySpace = new Map<string, Row[]>();
    const gone: RecordKey[] = [];
    for (const key of keys) {
      const record = records.view.find(key, clock.wall());
      const space = record?.space === undefined ? undefined : spaces.byId(record.space);
      const vector = record && space && this.#vector(key, space);
      // Another space, or no vector any more: the old one must not be found.
      gone.push(key);
      if (!record || !space || !vector) continue;
      const rows = bySpace.get(space.id);
      const row = { key, vector, type: record.typeNumber, node: record.nodeNumber, timeMs: record.observedAt };
      if (rows) rows.push(row);
      else bySpace.set(space.id, [row]);
    }
    const erase = BigUint64Array.from(gone);
    for (const index of this.#indexes.values()) index.erase(erase);
    for (const [id, rows] of bySpace) this.#upsert(spaces.byId(id) as Space, rows);
  }

  #vector(key: RecordKey, space: Space): Quantised | undefined {
    const { view } = this.#o.records;
    const held = view.vector(key);
    if (held?.int8.length === space.dimension)
      return { int8: new Int8Array(held.int8.buffer, held.int8.byteOffset, held.int8.length), scale: held.scale };
    const vector = view.exact(key, (exact) => fromLittleEndian(exact, space.dimension));
    return vector && quantise(vector);
  }

  #upsert(space: Space, rows: readonly Row[]): void {
    const { dimension } = space;
    const values = new Int8Array(rows.length * dimension);
    for (const [i, { vector }] of rows.entries()) values.set(vector.int8, i * dimension);
    this.#index(space).upsertInt8(
      BigUint64Array.from(rows, ({ key }) => key),
      values,
      Float32Array.from(rows, ({ vector }) => vector.scale),
      {
        type: Uint16Array.from(rows, ({ type }) => type),
        node: Uint32Array.from(rows, ({ node }) => node),
        timeMs: Float64Array.from(rows, ({ timeMs }) => timeMs),
      },
    );
  }

  #index(space: Space): VectorIndex {
    let index = this.#indexes.get(space.id);
    if (!index) {
      const { hotPath, capacity } = this.#o;
      const { dimension, rotationSeed, mean } = space;
      index = hotPath.index({
        dimension,
        capacity: capacity + CAPACITY_SLACK,
        rotationSeed,
        ...(mean === undefined ? {} : { mean }),
      });
      this.#indexes.set(space.id, index);
    }
    return index;
  }
}

const NO_HITS = (): SearchHits => ({
  keys: new BigUint64Array(0),
  scores: new Float32Array(0),
  exact: new Uint8Array(0),
});

interface Row {
  readonly key: RecordKey;
  readonly vector: Quantised;
  readonly type: number;
  readonly node: number;
  readonly timeMs: number;
}
