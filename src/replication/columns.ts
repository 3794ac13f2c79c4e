import type { KeyColumns } from './key-table.js';

export const RowFlag = { Live: 1, Tombstone: 2, Int8: 4, Exact: 8 } as const;

const START_ROWS = 256;
const NONE = -1;

/**
 * One row a record, in parallel typed arrays (about 90 bytes a row): the whole registry in memory costs less than
 * its keys would as JavaScript objects. Rows are reused; the owner bounds how many are taken.
 */
export class Columns {
  keyHi = new Uint32Array(START_ROWS);
  keyLo = new Uint32Array(START_ROWS);
  digestHi = new Uint32Array(START_ROWS);
  digestLo = new Uint32Array(START_ROWS);
  hashHi = new Uint32Array(START_ROWS);
  hashLo = new Uint32Array(START_ROWS);
  stampHi = new Uint32Array(START_ROWS);
  stampLo = new Uint32Array(START_ROWS);
  hlc = new BigUint64Array(START_ROWS);
  batch = new BigUint64Array(START_ROWS);
  observed = new Float64Array(START_ROWS);
  expires = new Float64Array(START_ROWS);
  content = new Uint32Array(START_ROWS);
  type = new Uint16Array(START_ROWS);
  node = new Uint16Array(START_ROWS);
  space = new Uint16Array(START_ROWS);
  flags = new Uint8Array(START_ROWS);
  /** Rows under one 12-bit prefix, doubly linked; -1 ends. */
  next = new Int32Array(START_ROWS);
  previous = new Int32Array(START_ROWS);
  /** Rows of one hash (several authors), singly linked; -1 ends. */
  same = new Int32Array(START_ROWS);

  /** Rows in use lie below this. */
  top = 0;
  #free: number[] = [];

  readonly keys: KeyColumns = view(
    () => this.keyHi,
    () => this.keyLo,
  );
  readonly hashes: KeyColumns = view(
    () => this.hashHi,
    () => this.hashLo,
  );
  readonly stamps: KeyColumns = view(
    () => this.stampHi,
    () => this.stampLo,
  );

  get bytes(): number {
    return this.keyHi.length * (8 * 4 + 4 * 8 + 4 + 3 * 2 + 1 + 3 * 4);
  }

  take(): number {
    const row = this.#free.pop() ?? this.top++;
    if (row >= this.keyHi.length) this.#grow();
    this.next[row] = NONE;
    this.previous[row] = NONE;
    this.same[row] = NONE;
    return row;
  }

  give(row: number): void {
    this.flags[row] = 0;
    this.#free.push(row);
  }

  #grow(): void {
    const length = this.keyHi.length * 2;
    this.keyHi = grown(this.keyHi, new Uint32Array(length));
    this.keyLo = grown(this.keyLo, new Uint32Array(length));
    this.digestHi = grown(this.digestHi, new Uint32Array(length));
    this.digestLo = grown(this.digestLo, new Uint32Array(length));
    this.hashHi = grown(this.hashHi, new Uint32Array(length));
    this.hashLo = grown(this.hashLo, new Uint32Array(length));
    this.stampHi = grown(this.stampHi, new Uint32Array(length));
    this.stampLo = grown(this.stampLo, new Uint32Array(length));
    this.hlc = grown(this.hlc, new BigUint64Array(length));
    this.batch = grown(this.batch, new BigUint64Array(length));
    this.observed = grown(this.observed, new Float64Array(length));
    this.expires = grown(this.expires, new Float64Array(length));
    this.content = grown(this.content, new Uint32Array(length));
    this.type = grown(this.type, new Uint16Array(length));
    this.node = grown(this.node, new Uint16Array(length));
    this.space = grown(this.space, new Uint16Array(length));
    this.flags = grown(this.flags, new Uint8Array(length));
    this.next = grown(this.next, new Int32Array(length));
    this.previous = grown(this.previous, new Int32Array(length));
    this.same = grown(this.same, new Int32Array(length));
  }
}

function grown<A extends { set(other: A): void }>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

function view(hi: () => Uint32Array, lo: () => Uint32Array): KeyColumns {
  return {
    get hi() {
      return hi();
    },
    get lo() {
      return lo();
    },
  };
}
