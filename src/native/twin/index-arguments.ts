import { DEFAULT_DIMENSION, type IndexColumns, type IndexOptions, type SearchOptions } from '../../ports/hot-path.js';
import { checkArray, checkCount, checkInteger, checkNumber, checkObject, checkThat, hotPathError } from '../checks.js';
import { HotPathLimit } from '../limits.js';

/** Reading what callers pass to an index: once, before any array is looked at, as getters may do anything to its memory. */

export interface Columns {
  readonly type: Uint16Array | undefined;
  readonly node: Uint32Array | undefined;
  readonly timeMs: Float64Array | undefined;
}

/** Options of an index whose dimension is settled. */
export type ReadIndexOptions = IndexOptions & { readonly dimension: number };

export function readIndexOptions(options: IndexOptions): ReadIndexOptions {
  checkObject(options, 'options');
  const { dimension = DEFAULT_DIMENSION, capacity, exactPath, mean, rotationSeed, maxBytes } = options;
  checkInteger(dimension, 'dimension', HotPathLimit.DimensionMin, HotPathLimit.DimensionMax);
  checkThat(dimension % 4 === 0, 'dimension must be a multiple of 4');
  checkInteger(capacity, 'capacity', 1, HotPathLimit.EntriesMax);
  if (exactPath !== undefined) {
    checkThat(typeof exactPath === 'string' && exactPath !== '', 'exactPath must be the path of a file');
    checkThat(!exactPath.includes('\0'), 'exactPath must be the path of a file');
  }
  if (rotationSeed !== undefined) checkInteger(rotationSeed, 'rotationSeed', 0, Number.MAX_SAFE_INTEGER);
  if (maxBytes !== undefined) checkInteger(maxBytes, 'maxBytes', 1, Number.MAX_SAFE_INTEGER);
  if (mean !== undefined) {
    checkArray(mean, Float32Array, 'mean');
    checkCount('mean', mean.length, dimension);
    checkThat(mean.every(Number.isFinite), 'mean has a component that is not finite');
  }
  return {
    dimension,
    capacity,
    ...(exactPath === undefined ? {} : { exactPath }),
    ...(mean === undefined ? {} : { mean }),
    ...(rotationSeed === undefined ? {} : { rotationSeed }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}

export function readSearchOptions(options: SearchOptions): SearchOptions {
  checkObject(options, 'options');
  const { k, type, node, sinceMs, untilMs, exact } = options;
  checkInteger(k, 'k', 1, HotPathLimit.Hits);
  if (type !== undefined) checkInteger(type, 'type', 0, 0xffff);
  if (node !== undefined) checkInteger(node, 'node', 0, 0xffff_ffff);
  if (sinceMs !== undefined) checkNumber(sinceMs, 'sinceMs');
  if (untilMs !== undefined) checkNumber(untilMs, 'untilMs');
  if (exact !== undefined) checkThat(typeof exact === 'boolean', 'exact must be true or false');
  return {
    k,
    ...(type === undefined ? {} : { type }),
    ...(node === undefined ? {} : { node }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(exact === undefined ? {} : { exact }),
  };
}

export function readColumns(columns: IndexColumns | undefined): Columns {
  if (columns === undefined) return { type: undefined, node: undefined, timeMs: undefined };
  checkObject(columns, 'columns');
  const { type, node, timeMs } = columns;
  return { type, node, timeMs };
}

export function checkColumns({ type, node, timeMs }: Columns, count: number): void {
  if (type !== undefined) {
    checkArray(type, Uint16Array, 'columns.type');
    checkCount('columns.type', type.length, count);
  }
  if (node !== undefined) {
    checkArray(node, Uint32Array, 'columns.node');
    checkCount('columns.node', node.length, count);
  }
  if (timeMs === undefined) return;
  checkArray(timeMs, Float64Array, 'columns.timeMs');
  checkCount('columns.timeMs', timeMs.length, count);
  checkThat(timeMs.every(Number.isFinite), 'columns.timeMs has an entry that is not finite');
}

export function checkQueries(queries: Float32Array, dimension: number): void {
  checkArray(queries, Float32Array, 'queries');
  const count = queries.length / dimension;
  checkThat(
    Number.isInteger(count),
    `queries must be a whole number of ${dimension} components, not ${queries.length}`,
  );
  checkThat(
    count <= HotPathLimit.Queries,
    `queries has ${count} of them where at most ${HotPathLimit.Queries} are taken`,
  );
}

export const noDirection = (i: number) =>
  hotPathError('index.vector', `vector ${i} of the batch has no direction: all zero, or not finite`);
