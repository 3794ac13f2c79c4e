import { concat, equalBytes } from './bytes.js';

/** Merkle trees in the manner of RFC 6962: leaves and nodes are hashed under different prefixes. */
export type Hash = (...parts: readonly Uint8Array[]) => Uint8Array;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (hash: Hash, content: Uint8Array): Uint8Array => hash(LEAF, content);

const nodeHash = (hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array => hash(NODE, concat(left, right));

/** All levels, leaves first; an odd last node is carried up unhashed. Undefined for no leaves. */
function levels(hash: Hash, leaves: readonly Uint8Array[]): Uint8Array[][] {
  const all = [leaves.slice()];
  for (let level = all[0] as Uint8Array[]; level.length > 1; ) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      const right = level[i + 1];
      next.push(right ? nodeHash(hash, left, right) : left);
    }
    all.push(next);
    level = next;
  }
  return all;
}

export function merkleRoot(hash: Hash, leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) throw new RangeError('a Merkle tree needs a leaf');
  return levels(hash, leaves).at(-1)?.[0] as Uint8Array;
}

/** Paths of all leaves at once: sibling hashes from the leaf upwards. */
export function merklePaths(hash: Hash, leaves: readonly Uint8Array[]): Uint8Array[][] {
  const all = levels(hash, leaves);
  return leaves.map((_, index) => {
    const path: Uint8Array[] = [];
    let at = index;
    for (let depth = 0; depth < all.length - 1; depth++) {
      const sibling = (all[depth] as Uint8Array[])[at ^ 1];
      if (sibling) path.push(sibling);
      at >>= 1;
    }
    return path;
  });
}

/** Whether `leaf` is the one at `index` of `count` under `root`. Never throws on hostile input. */
export function verifyPath(
  hash: Hash,
  root: Uint8Array,
  leaf: Uint8Array,
  index: number,
  count: number,
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= count) return false;
  let node = leaf;
  let at = index;
  let used = 0;
  for (let width = count; width > 1; width = (width + 1) >> 1) {
    if ((at ^ 1) < width) {
      const sibling = path[used++];
      if (sibling?.length !== 32) return false;
      node = at & 1 ? nodeHash(hash, sibling, node) : nodeHash(hash, node, sibling);
    }
    at >>= 1;
  }
  return used === path.length && equalBytes(node, root);
}
