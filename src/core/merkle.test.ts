import test from 'ava';
import fc from 'fast-check';
import { crypto } from '../testing/weave-net.js';
import { concat, equalBytes, toHex, utf8 } from './bytes.js';
import { type Hash, leafHash, merklePaths, merkleRoot, verifyPath } from './merkle.js';

const hash: Hash = (...parts) => crypto.sha256(...parts);
const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => leafHash(hash, utf8(`leaf ${i}`)));

test('leaves and nodes are hashed as RFC 6962 has them', (t) => {
  // Root of the seven-entry tree of Certificate Transparency's reference tests.
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  const leaves = inputs.map((hex) => leafHash(hash, Uint8Array.from(Buffer.from(hex, 'hex'))));
  t.is(toHex(leaves[0] as Uint8Array), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  t.is(toHex(merkleRoot(hash, leaves)), 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c');
});

test('every leaf is proven by its path, and by no other index, count or leaf', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (count, pick, shift) => {
      const leaves = leavesOf(count);
      const root = merkleRoot(hash, leaves);
      const index = pick % count;
      const leaf = leaves[index] as Uint8Array;
      const path = merklePaths(hash, leaves)[index] as Uint8Array[];
      t.true(verifyPath(hash, root, leaf, index, count, path));
      const other = (index + 1 + (shift % count)) % count;
      if (other !== index) t.false(verifyPath(hash, root, leaf, other, count, path));
      t.false(verifyPath(hash, root, leafHash(hash, utf8('x')), index, count, path));
      t.false(verifyPath(hash, root, leaf, index, count, [...path, root]));
      if (path.length > 0) t.false(verifyPath(hash, root, leaf, index, count, path.slice(1)));
    }),
  );
});

test('hostile indexes, counts and paths are refused, not thrown at', (t) => {
  fc.assert(
    fc.property(
      fc.double(),
      fc.integer({ min: -5, max: 1e6 }),
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 }),
      (index, count, path) => {
        const root = leafHash(hash, utf8('root'));
        t.false(verifyPath(hash, root, leafHash(hash, utf8('leaf')), index, count, path));
      },
    ),
  );
});

test('a node never passes for a leaf', (t) => {
  const leaves = leavesOf(4);
  const root = merkleRoot(hash, leaves);
  const [a, b] = leaves as [Uint8Array, Uint8Array];
  const forged = leafHash(hash, concat(a, b));
  t.false(equalBytes(forged, hash(Uint8Array.of(1), a, b)));
  const right = hash(Uint8Array.of(1), leaves[2] as Uint8Array, leaves[3] as Uint8Array);
  t.false(verifyPath(hash, root, forged, 0, 2, [right]));
});

test('a tree without leaves is a fault of the caller', (t) => {
  t.throws(() => merkleRoot(hash, []), { instanceOf: RangeError });
});
