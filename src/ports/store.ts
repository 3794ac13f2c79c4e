export type StoreKey = string;

export type StoreOp =
  | { readonly op: 'put'; readonly space: string; readonly key: StoreKey; readonly value: Uint8Array }
  | { readonly op: 'delete'; readonly space: string; readonly key: StoreKey };

export interface StoreEntry {
  readonly key: StoreKey;
  readonly value: Uint8Array;
}

/**
 * A small ordered key-value store with named spaces. Reads are synchronous and see all batches already submitted;
 * `batch` is atomic over all its spaces and resolves only when the data would survive a power cut.
 * Keys are strings of at most `MAX_STORE_KEY_BYTES` bytes, ordered by code point.
 * Fails with EdgeError `store.full` (507) when the disk or the size cap is reached, `store.failed` otherwise;
 * after either, nothing of the batch is visible and the store keeps serving.
 */
export interface Store {
  readonly kind: string;
  get(space: string, key: StoreKey): Uint8Array | undefined;
  /**
   * What `read` makes of a value, looked at in place; `undefined` when there is none. The bytes are the store's: `read`
   * changes and keeps none of them, and asks the store nothing. For who reads many values and needs a little of each.
   */
  look<T>(space: string, key: StoreKey, read: (value: Uint8Array) => T): T | undefined;
  /** Entries with `from <= key < to`, ascending, or descending with `reverse`; at most `limit` (default 1,000). */
  range(
    space: string,
    options?: { readonly from?: StoreKey; readonly to?: StoreKey; readonly limit?: number; readonly reverse?: boolean },
  ): StoreEntry[];
  count(space: string): number;
  batch(ops: readonly StoreOp[]): Promise<void>;
  close(): Promise<void>;
}

export const MAX_STORE_KEY_BYTES = 512;
