import test from 'ava';
import fc from 'fast-check';
import { Parts } from './parts.js';

/** A field of nodes with links between them, views exchanged until nothing changes. */
class Field {
  readonly nodes: Parts[];
  readonly links: readonly (readonly [number, number])[];

  constructor(size: number, links: readonly (readonly [number, number])[]) {
    this.nodes = Array.from({ length: size }, (_, i) => new Parts(Uint8Array.of((i * 89) % 251, 0, 0, 0, 0, 0, 0, i)));
    this.links = links;
  }

  settle(): void {
    for (let round = 0; round < 2 * this.nodes.length + 4; round++) {
      this.links.forEach(([a, b], handle) => {
        const [at, other] = [this.nodes[a] as Parts, this.nodes[b] as Parts];
        other.heard(handle, at.viewFor(handle));
        at.heard(handle, other.viewFor(handle));
      });
    }
  }
}

const field = fc.integer({ min: 2, max: 20 }).chain((size) =>
  fc
    .uniqueArray(
      fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).filter(([a, b]) => a < b),
      { selector: ([a, b]) => a * 100 + b, maxLength: 40 },
    )
    .map((links) => ({ size, links })),
);

function components(size: number, links: readonly (readonly [number, number])[]): number[] {
  const of = Array.from({ length: size }, (_, i) => i);
  for (let i = 0; i < size; i++) {
    for (const [a, b] of links) {
      const low = Math.min(of[a] as number, of[b] as number);
      of[a] = low;
      of[b] = low;
    }
  }
  return of;
}

test('nodes show the same mark just when they are connected', (t) => {
  fc.assert(
    fc.property(field, ({ size, links }) => {
      const all = new Field(size, links);
      all.settle();
      const component = components(size, links);
      for (let a = 0; a < size; a++)
        for (let b = 0; b < a; b++)
          t.is((all.nodes[a] as Parts).mark === (all.nodes[b] as Parts).mark, component[a] === component[b]);
    }),
  );
});

test('all links that look redundant can go together and nobody is cut off', (t) => {
  fc.assert(
    fc.property(field, ({ size, links }) => {
      const all = new Field(size, links);
      all.settle();
      const kept = links.filter(
        ([a, b], handle) =>
          !(all.nodes[a] as Parts).isRedundant(handle) || !(all.nodes[b] as Parts).isRedundant(handle),
      );
      t.deepEqual(components(size, kept), components(size, links));
    }),
  );
});

test('a root that went away is forgotten', (t) => {
  const low = new Parts(new Uint8Array(8));
  const a = new Parts(new Uint8Array(8).fill(5));
  const b = new Parts(new Uint8Array(8).fill(6));
  a.heard(1, low.viewFor(1));
  for (let i = 0; i < 5; i++) {
    b.heard(2, a.viewFor(2));
    a.heard(2, b.viewFor(2));
  }
  t.is(b.mark, 0);
  a.remove(1);
  for (let i = 0; i < 200; i++) {
    b.heard(2, a.viewFor(2));
    a.heard(2, b.viewFor(2));
  }
  t.is(a.mark, 5);
  t.is(b.mark, 5);
});
