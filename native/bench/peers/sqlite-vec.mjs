// sqlite-vec in better-sqlite3: a scan over float32 in a database, with columns to filter by.
import Database from 'better-sqlite3';
import { load } from 'sqlite-vec';

const BATCH = 1_000;

/** @param {{dimension: number, file?: string}} options without a file the database is in memory */
export function open({ dimension, file = ':memory:' }) {
  const database = new Database(file);
  load(database);
  database.exec(`create virtual table vectors using vec0(
    id integer primary key, embedding float[${dimension}] distance_metric=cosine, type integer, node integer, time integer)`);
  const insert = database.prepare('insert into vectors(id, embedding, type, node, time) values (?, ?, ?, ?, ?)');
  const find = database.prepare('select id from vectors where embedding match ? and k = ?');
  const where = new Map();
  const bytes = (vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  const insertMany = database.transaction((from, vectors, columns) => {
    for (let i = 0; i * dimension < vectors.length; i++) {
      const { type, node, time } = columns?.(from + i) ?? { type: 0, node: 0, time: 0 };
      const vector = vectors.subarray(i * dimension, (i + 1) * dimension);
      insert.run(BigInt(from + i), bytes(vector), BigInt(type), BigInt(node), BigInt(time));
    }
  });
  return {
    add(from, vectors, columns) {
      for (let at = 0; at * dimension < vectors.length; at += BATCH)
        insertMany(from + at, vectors.subarray(at * dimension, (at + BATCH) * dimension), columns);
    },
    search: (query, k) => find.all(bytes(query), k).map(({ id }) => id),
    /** `condition` is SQL over the columns. */
    searchWhere(query, k, condition) {
      if (!where.has(condition)) {
        const text = `select id from vectors where embedding match ? and k = ? and ${condition}`;
        where.set(condition, database.prepare(text));
      }
      return where
        .get(condition)
        .all(bytes(query), k)
        .map(({ id }) => id);
    },
    close: () => database.close(),
  };
}
