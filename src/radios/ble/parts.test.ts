import test from 'ava';
import fc from 'fast-check';
import { UNREACHED } from './link-packets.js';
import { HOLD_MS, Parts, PULSE_MS } from './parts.js';

type Ends = readonly [number, number];

const number = (first: number, last = 0): Uint8Array => Uint8Array.of(first, 0, 0, 0, 0, last, 0, 0);

/** A field of nodes with links between them that exchange views. */
class Field {
  readonly nodes: Parts[];
  links: Ends[];
  now = 0;

  constructor(size: number, links: readonly Ends[]) {
    this.nodes = Array.from({ length: size }, (_, i) => new Parts(number((i * 89) % 251, i), 0));
    this.links = [...links];
  }

  node(index: number): Parts {
    return this.nodes[index] as Parts;
  }

  /** Every view reaches the other end once in each 50 ms. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 50) {
      for (const [a, b] of this.links) {
        const handle = handleOf([a, b]);
        this.node(b).heard(handle, this.node(a).viewFor(handle), this.now);
        this.node(a).heard(handle, this.node(b).viewFor(handle), this.now);
      }
      for (const node of this.nodes) node.tick(this.now);
    }
  }

  cut(isCut: (link: Ends) => boolean): void {
    const cut = new Set(this.links.filter(isCut));
    for (const [a, b] of cut) for (const node of [a, b]) this.node(node).remove(handleOf([a, b]), this.now);
    this.links = this.links.filter((link) => !cut.has(link));
  }

  isRedundant([a, b]: Ends): boolean {
    return this.node(a).isRedundant(handleOf([a, b])) && this.node(b).isRedundant(handleOf([a, b]));
  }
}

const handleOf = ([a, b]: Ends): number => a * 100 + b;

const field = fc.integer({ min: 2, max: 20 }).chain((size) =>
  fc
    .uniqueArray(
      fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).filter(([a, b]) => a < b),
      { selector: handleOf, maxLength: 40 },
    )
    .map((links) => ({ size, links })),
);

function components(size: number, links: readonly Ends[]): number[] {
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

/** Nodes of a part agree on everything; marks of two parts may be alike by chance, but not for long. */
function tellApart(all: Field): boolean {
  const component = components(all.nodes.length, all.links);
  return all.nodes.every((a, i) =>
    all.nodes.every((b, j) => (component[i] === component[j]) === (a.mark === b.mark) && a.isSettled),
  );
}

test('nodes show the same mark just when they are connected, but for chance that ends within some pulses', (t) => {
  fc.assert(
    fc.property(field, ({ size, links }) => {
      const all = new Field(size, links);
      all.pass(3_000);
      const component = components(size, links);
      for (let a = 0; a < size; a++)
        for (let b = 0; b < a; b++) if (component[a] === component[b]) t.is(all.node(a).mark, all.node(b).mark);
      for (let pulse = 0; pulse < 5 && !tellApart(all); pulse++) all.pass(PULSE_MS + 2_000);
      t.true(tellApart(all));
    }),
  );
});

test('all links that look redundant can go together and nobody is cut off', (t) => {
  fc.assert(
    fc.property(field, ({ size, links }) => {
      const all = new Field(size, links);
      all.pass(3_000);
      const kept = links.filter((link) => !all.isRedundant(link));
      t.deepEqual(components(size, kept), components(size, links));
    }),
  );
});

test('a link that is replaceable can go while the others stay, and nobody is cut off', (t) => {
  let count = 0;
  fc.assert(
    fc.property(field, ({ size, links }) => {
      const all = new Field(size, links);
      all.pass(3_000);
      for (const link of links) {
        const [a, b] = link;
        if (![a, b].some((node) => all.node(node).isReplaceable(handleOf(link)))) continue;
        count++;
        const kept = links.filter((other) => other !== link);
        t.deepEqual(components(size, kept), components(size, links));
      }
    }),
  );
  t.true(count > 0);
});

test('after any links are cut, the nodes know within seconds who is still connected', (t) => {
  fc.assert(
    fc.property(field, fc.infiniteStream(fc.boolean()), ({ size, links }, chance) => {
      const all = new Field(size, links);
      all.pass(3_000);
      all.cut(() => chance.next().value as boolean);
      all.pass(6 * HOLD_MS);
      const component = components(size, all.links);
      for (let a = 0; a < size; a++) {
        t.true(all.node(a).isSettled);
        for (let b = 0; b < a; b++) if (component[a] === component[b]) t.is(all.node(a).mark, all.node(b).mark);
      }
      const roots = new Set(all.nodes.map((node) => Buffer.from(node.viewFor(-1).root).toString('hex')));
      t.is(roots.size, new Set(component).size);
    }),
  );
});

test('who loses its way says so at once, offers none meanwhile, and then is on its own', (t) => {
  const low = new Parts(number(0), 0);
  const a = new Parts(number(5), 0);
  a.heard(1, low.viewFor(1), 0);
  t.is(a.mark, low.mark);
  t.is(a.viewFor(2).distance, 1);
  a.remove(1, 100);
  t.false(a.isSettled);
  t.is(a.viewFor(2).distance, UNREACHED);
  t.is(a.mark, low.mark, 'nobody takes it for another part yet');
  a.tick(100 + HOLD_MS);
  t.true(a.isSettled);
  t.deepEqual(a.viewFor(2).root, number(5));
});

test('a root that its neighbours keep alive without it dies when it never pulses again', (t) => {
  const dead = { root: number(0), distance: 3, isParent: false, hasOtherWay: false };
  const a = new Parts(number(5), 0);
  for (let now = 0; now < 4 * PULSE_MS; now += 250) {
    a.heard(1, dead, now);
    a.tick(now);
  }
  t.deepEqual(a.viewFor(2).root.subarray(0, 6), number(5).subarray(0, 6));
});
