import { EdgeError } from '../core/errors.js';
import { MAX_STORE_KEY_BYTES, type StoreOp } from '../ports/store.js';

export const MAX_SPACES = 32;
/** A batch above either is refused with `store.batch.size`: split it. */
const MAX_BATCH_OPS = 100_000;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

const SPACE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;
// With the `u` flag a surrogate class matches only halves that have no partner.
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const MAX_BYTES_PER_UNIT = 3;

/**
 * Order of two keys by code point, which is also the order of their UTF-8 bytes. Differs from `<` on strings
 * only where a surrogate pair meets a unit from U+E000 up.
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

/** Throws `store.key` when a key is empty, too long or not well-formed text. */
function checkKey(key: string): void {
  if (key.length === 0) throw badKey('A store key is empty.');
  if (LONE_SURROGATE.test(key)) throw badKey('A store key is not well-formed Unicode.');
  if (key.length * MAX_BYTES_PER_UNIT > MAX_STORE_KEY_BYTES && Buffer.byteLength(key) > MAX_STORE_KEY_BYTES)
    throw badKey(`A store key is longer than ${MAX_STORE_KEY_BYTES} bytes.`);
}

const badKey = (message: string): EdgeError =>
  new EdgeError('store.key', message, { fix: `Use keys of 1 to ${MAX_STORE_KEY_BYTES} bytes of UTF-8.` });

/** Throws `store.space` for a name that could not be a space. */
export function checkSpace(space: string): void {
  if (!SPACE_NAME.test(space))
    throw new EdgeError('store.space', `"${space.slice(0, 80)}" cannot name a space.`, {
      fix: 'Use 1 to 64 letters, digits, dots, dashes or underscores.',
    });
}

/** Checks every operation and returns the bytes of all values. */
export function checkBatch(ops: readonly StoreOp[]): number {
  let bytes = 0;
  let space: string | undefined;
  for (const op of ops) {
    if (op.space !== space) checkSpace(op.space);
    space = op.space;
    checkKey(op.key);
    if (op.op === 'put') bytes += op.value.length;
  }
  if (ops.length > MAX_BATCH_OPS || bytes > MAX_BATCH_BYTES)
    throw new EdgeError('store.batch.size', `A batch of ${ops.length} operations and ${bytes} bytes is too large.`, {
      status: 413,
      fix: `Split it: at most ${MAX_BATCH_OPS} operations and ${MAX_BATCH_BYTES} bytes.`,
    });
  return bytes;
}

/** The batch with its values copied into one slab, so that the caller may reuse its buffers at once. */
export function copyBatch(ops: readonly StoreOp[], bytes: number): StoreOp[] {
  const slab = new Uint8Array(bytes);
  let offset = 0;
  return ops.map((op) => {
    if (op.op === 'delete') return op;
    const value = slab.subarray(offset, offset + op.value.length);
    value.set(op.value);
    offset += op.value.length;
    return { op: 'put', space: op.space, key: op.key, value };
  });
}
