import { compareBytes } from '../../core/bytes.js';
import { ROOT_BYTES, UNREACHED, type View } from './link-packets.js';

/** A root further away than this is taken for gone: two nodes were believing each other. */
const DISTANCE_MAX = 64;
/** The root's number goes up this often, so that two parts whose marks are alike by chance are soon told apart. */
export const PULSE_MS = 30_000;
/** A root whose number has not gone up for so long is gone, whatever the neighbours say. */
const STALE_MS = 3.5 * PULSE_MS;
/** Who lost its way to the root waits so long: by then all whose way led over it know, too, and offer it no more. */
export const HOLD_MS = 1_500;

const ID_BYTES = ROOT_BYTES - 2;

interface Way {
  readonly root: Uint8Array;
  readonly distance: number;
  /** The link it leads over; `undefined` at the root itself. */
  readonly parent: number | undefined;
}

/**
 * Which connected part of the field this node is in. Every node draws a number; the lowest is spread with distances,
 * as in a spanning tree. Links that are no branch of the tree can go without cutting anybody off, and an advert with
 * another mark is somebody we are not connected to.
 *
 * A way is left for one that is longer only when it cannot lead back here: after the root's number went up, or after a
 * wait in which everybody who relied on this node heard that it has no way. So a root that went away is forgotten in
 * seconds, and without neighbours who count each other up.
 */
export class Parts {
  readonly #views = new Map<number, View>();
  #own: Uint8Array;
  #way: Way;
  /** Shortest distance ever told of this root and number: a neighbour nearer than that cannot have it from us. */
  #feasible = 0;
  /** While it is set there is no way to the root. */
  #heldUntil: number | undefined;
  /** When the root's number last went up. */
  #freshAt: number;
  /** A root that was given up: what others still say of it is not believed for a while, or until its number went up. */
  #lost: { readonly root: Uint8Array; readonly until: number } | undefined;

  constructor(own: Uint8Array, now: number) {
    this.#own = own.slice(0, ROOT_BYTES);
    this.#way = { root: this.#own, distance: 0, parent: undefined };
    this.#freshAt = now;
  }

  heard(handle: number, view: View, now: number): void {
    this.#views.set(handle, view);
    this.#choose(now);
  }

  remove(handle: number, now: number): void {
    this.#views.delete(handle);
    this.#choose(now);
  }

  /** To be called a few times a second. */
  tick(now: number): void {
    if (this.#isRoot && now - this.#freshAt >= PULSE_MS) {
      this.#own = raised(this.#own);
      this.#take({ root: this.#own, distance: 0, parent: undefined }, now);
    }
    if (!this.#isRoot && now - this.#freshAt > STALE_MS)
      this.#lost = { root: this.#way.root, until: Number.POSITIVE_INFINITY };
    this.#choose(now);
  }

  /** What to tell the neighbour at the end of this link. */
  viewFor(handle: number): View {
    const { root, distance, parent } = this.#way;
    if (!this.isSettled) return { root, distance: UNREACHED, isParent: false, hasOtherWay: false };
    return { root, distance, isParent: parent === handle, hasOtherWay: parent === handle && this.#hasOtherWay };
  }

  /** One byte for adverts. */
  get mark(): number {
    let hash = 0x811c9dc5;
    for (const byte of this.#way.root) hash = Math.imul(hash ^ byte, 0x01000193);
    return ((hash >>> 24) ^ (hash >>> 11) ^ hash) & 255;
  }

  /** False while it is looked for a way to the root: who is connected with us is not known. */
  get isSettled(): boolean {
    return this.#heldUntil === undefined;
  }

  /** Whether everybody stays connected without this link, as far as can be seen from here. */
  isRedundant(handle: number): boolean {
    const view = this.#views.get(handle);
    return (
      view !== undefined &&
      this.isSettled &&
      handle !== this.#way.parent &&
      !view.isParent &&
      view.distance !== UNREACHED &&
      sameId(view.root, this.#way.root)
    );
  }

  /** Whether the neighbour at the end, which reaches the root through us, could do so otherwise. */
  isReplaceable(handle: number): boolean {
    const view = this.#views.get(handle);
    return view !== undefined && this.isSettled && view.isParent && view.hasOtherWay;
  }

  isParent(handle: number): boolean {
    return this.#way.parent === handle;
  }

  get #isRoot(): boolean {
    return this.#way.root === this.#own;
  }

  /** A neighbour that is no further from the root than we are does not reach it through us. */
  get #hasOtherWay(): boolean {
    for (const [handle, view] of this.#views)
      if (this.isRedundant(handle) && view.distance <= this.#way.distance) return true;
    return false;
  }

  #choose(now: number): void {
    const best = this.#best(now);
    if (best !== undefined) return this.#take(best, now);
    this.#heldUntil ??= now + HOLD_MS;
  }

  /** The lowest root, then its highest number, then the shortest way; `undefined` when none is known to be sound. */
  #best(now: number): Way | undefined {
    const isFree = this.#heldUntil !== undefined && now >= this.#heldUntil;
    const own: Way = { root: this.#own, distance: 0, parent: undefined };
    let best = isFree || this.#isRoot || compareIds(this.#own, this.#way.root) < 0 ? own : undefined;
    for (const [handle, view] of this.#views) {
      const way = { root: view.root, distance: view.distance + 1, parent: handle };
      // What a neighbour knows through us is no way of its own.
      if (view.isParent || way.distance > DISTANCE_MAX || this.#isLost(view.root, now)) continue;
      if ((isFree || this.#isSound(way)) && (best === undefined || this.#order(way, best) < 0)) best = way;
    }
    return best;
  }

  #isSound({ root, distance, parent }: Way): boolean {
    const order = compareRoots(root, this.#way.root);
    if (order !== 0) return order < 0;
    return distance - 1 < this.#feasible || (this.isSettled && parent === this.#way.parent);
  }

  #isLost(root: Uint8Array, now: number): boolean {
    const lost = this.#lost;
    return lost !== undefined && now < lost.until && sameId(root, lost.root) && compareRoots(root, lost.root) >= 0;
  }

  #order(a: Way, b: Way): number {
    const isKept = Number(b.parent === this.#way.parent) - Number(a.parent === this.#way.parent);
    return compareRoots(a.root, b.root) || a.distance - b.distance || isKept;
  }

  #take(way: Way, now: number): void {
    const order = compareRoots(way.root, this.#way.root);
    if (order !== 0) this.#freshAt = now;
    // The wave of bad news may still be on its way to others.
    if (order > 0 && this.#heldUntil !== undefined && !this.#isLost(this.#way.root, now))
      this.#lost = { root: this.#way.root, until: now + 2 * HOLD_MS };
    const isNew = order !== 0 || this.#heldUntil !== undefined;
    this.#feasible = isNew ? way.distance : Math.min(this.#feasible, way.distance);
    this.#heldUntil = undefined;
    this.#way = way;
  }
}

const numberOf = (root: Uint8Array): number => ((root[ID_BYTES] as number) << 8) | (root[ID_BYTES + 1] as number);

const compareIds = (a: Uint8Array, b: Uint8Array): number =>
  compareBytes(a.subarray(0, ID_BYTES), b.subarray(0, ID_BYTES));

const sameId = (a: Uint8Array, b: Uint8Array): boolean => compareIds(a, b) === 0;

/** Negative when `a` is the better: a lower id, or of the same id a higher number, which may have wrapped. */
function compareRoots(a: Uint8Array, b: Uint8Array): number {
  const ids = compareIds(a, b);
  if (ids !== 0) return ids;
  const ahead = (numberOf(a) - numberOf(b)) & 0xffff;
  if (ahead === 0) return 0;
  return ahead < 0x8000 ? -1 : 1;
}

function raised(root: Uint8Array): Uint8Array {
  const number = (numberOf(root) + 1) & 0xffff;
  const next = root.slice();
  next[ID_BYTES] = number >> 8;
  next[ID_BYTES + 1] = number & 255;
  return next;
}
