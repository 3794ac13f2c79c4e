import type { OneWay } from './air-lists.js';

/** So long after somebody told of it a link is passed on. */
const PASSED_ON_MS = 7_200_000;
/** Links that are passed on; beyond, the one told of longest ago goes. */
export const PASSED_ON_MAX = 32;

/** Links in one direction between nodes of which one is not heard here, for those who hear it. */
export class OneWayLinks {
  readonly #links = new Map<string, { readonly link: OneWay; readonly until: number }>();

  told(link: OneWay, now: number): void {
    const key = keyOf(link);
    this.#links.delete(key);
    this.#links.set(key, { link, until: now + PASSED_ON_MS });
    if (this.#links.size > PASSED_ON_MAX) this.#links.delete(this.#links.keys().next().value as string);
  }

  /** Those that are still worth telling; the others are forgotten. */
  list(now: number, isWorthTelling: (link: OneWay) => boolean): OneWay[] {
    for (const [key, { link, until }] of this.#links)
      if (until <= now || !isWorthTelling(link)) this.#links.delete(key);
    return [...this.#links.values()].map(({ link }) => link);
  }
}

const keyOf = ({ from, to }: OneWay): string => `${from} ${to}`;
