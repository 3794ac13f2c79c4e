import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import { nodeNamed } from '../testing/builders.js';
import { type SegmentSize, successorOf } from './segment-merging.js';

const [A, B, C] = [nodeNamed(1), nodeNamed(2), nodeNamed(3)];
const sizes = (...entries: [NodeId, number, NodeId[]][]): Map<NodeId, SegmentSize> =>
  new Map(entries.map(([head, size, beyond]) => [head, { size, beyond }]));

test('the smaller of two that fit together joins the larger, of two alike the one with the higher id', (t) => {
  const both = sizes([A, 30, [B]], [B, 40, [A]]);
  t.is(successorOf(A, both, 100), B);
  t.is(successorOf(B, both, 100), undefined);
  const alike = sizes([A, 30, [B]], [B, 30, [A]]);
  t.is(successorOf(A, alike, 100), undefined);
  t.is(successorOf(B, alike, 100), A);
});

test('two that would be too many stay two; a scrap goes where there is any room', (t) => {
  t.is(successorOf(A, sizes([A, 40, [B]], [B, 50, [A]]), 100), undefined);
  t.is(successorOf(A, sizes([A, 8, [B]], [B, 90, [A]]), 100), B);
  t.is(successorOf(A, sizes([A, 11, [B]], [B, 90, [A]]), 100), undefined);
});

test('who is named by one side only, or is no more, is no partner', (t) => {
  t.is(successorOf(A, sizes([A, 10, [B]], [B, 20, []]), 100), undefined);
  t.is(successorOf(A, sizes([A, 10, [B]]), 100), undefined);
  t.is(successorOf(A, sizes([A, 10, [B]], [B, 0, [A]]), 100), undefined);
});

test('a segment waits for one whose better partner is a third', (t) => {
  const three = sizes([A, 30, [B]], [B, 40, [A, C]], [C, 5, [B]]);
  t.is(successorOf(A, three, 100), undefined);
  t.is(successorOf(C, three, 100), B);
});

const anyMap = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 2, maxLength: 14 }),
    fc.array(fc.tuple(fc.nat(13), fc.nat(13)), { maxLength: 40 }),
  )
  .map(([counts, pairs]) => {
    const beyond = counts.map(() => new Set<NodeId>());
    for (const [a, b] of pairs) {
      if (a === b || a >= counts.length || b >= counts.length) continue;
      beyond[a]?.add(nodeNamed(b + 1));
      beyond[b]?.add(nodeNamed(a + 1));
    }
    return new Map(counts.map((size, i) => [nodeNamed(i + 1), { size, beyond: [...(beyond[i] ?? [])] }]));
  });

test('by merging pair by pair it ends, with nothing too large and nothing left that would fit', (t) => {
  fc.assert(
    fc.property(anyMap, (start) => {
      const now = new Map(start);
      for (let rounds = 0; ; rounds++) {
        if (rounds > start.size) return false;
        const moves = [...now.keys()].flatMap((head) => {
          const into = successorOf(head, now, 100);
          return into === undefined ? [] : [[head, into] as const];
        });
        if (moves.length === 0) break;
        const gone = new Set(moves.map(([head]) => head));
        for (const [, into] of moves) if (gone.has(into)) return false;
        for (const [head, into] of moves) merge(now, head, into);
      }
      for (const [head, { size, beyond }] of now) {
        if (size > 100 && size !== start.get(head)?.size) return false;
        if (beyond.some((other) => size + (now.get(other)?.size ?? 0) <= 85)) return false;
      }
      return true;
    }),
  );
  t.pass();
});

function merge(sizes: Map<NodeId, SegmentSize>, head: NodeId, into: NodeId): void {
  const [from, to] = [sizes.get(head) as SegmentSize, sizes.get(into) as SegmentSize];
  sizes.delete(head);
  const beyond = new Set([...from.beyond, ...to.beyond].filter((each) => each !== head && each !== into));
  sizes.set(into, { size: from.size + to.size, beyond: [...beyond] });
  for (const [other, { size, beyond: theirs }] of sizes) {
    if (!theirs.includes(head)) continue;
    const others = theirs.filter((each) => each !== head && each !== into);
    sizes.set(other, { size, beyond: other === into ? others : [...others, into] });
  }
}
