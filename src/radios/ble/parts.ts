import { compareBytes, equalBytes } from '../../core/bytes.js';
import { ROOT_BYTES, type View } from './link-packets.js';

/** A root further away than this is taken for gone: two nodes were believing each other. */
const DISTANCE_MAX = 64;

/**
 * Which connected part of the field this node is in. Every node draws a number; the lowest is spread with distances,
 * as in a spanning tree. Links that are no branch of the tree can go without cutting anybody off, and an advert with
 * another root is somebody we are not connected to.
 */
export class Parts {
  readonly #own: Uint8Array;
  readonly #views = new Map<number, View>();

  constructor(own: Uint8Array) {
    this.#own = own.slice(0, ROOT_BYTES);
  }

  heard(handle: number, view: View): void {
    this.#views.set(handle, view);
  }

  remove(handle: number): void {
    this.#views.delete(handle);
  }

  /** What to tell the neighbour at the end of this link. */
  viewFor(handle: number): View {
    const { root, distance, parent } = this.#best();
    return { root, distance, isParent: parent === handle };
  }

  /** One byte for adverts; not the first, which is low for every root. */
  get mark(): number {
    return this.#best().root[ROOT_BYTES - 1] as number;
  }

  /** Whether everybody stays connected without this link, as far as can be seen from here. */
  isRedundant(handle: number): boolean {
    const view = this.#views.get(handle);
    const { root, parent } = this.#best();
    return view !== undefined && handle !== parent && !view.isParent && equalBytes(view.root, root);
  }

  #best(): { root: Uint8Array; distance: number; parent: number | undefined } {
    let best: { root: Uint8Array; distance: number; parent: number | undefined } = {
      root: this.#own,
      distance: 0,
      parent: undefined,
    };
    for (const [handle, view] of this.#views) {
      const distance = view.distance + 1;
      // What a neighbour knows through us is no way of its own.
      if (distance > DISTANCE_MAX || view.isParent) continue;
      const order = compareBytes(view.root, best.root) || distance - best.distance;
      if (order < 0) best = { root: view.root, distance, parent: handle };
    }
    return best;
  }
}
