/** A controller that refused one link more may take it later: it also refuses while it is still busy ending one. */
const DOUBT_MS = 10_000;
/** What it refused at the same number this often in a row, it is asked for seldom. */
const SURE_AFTER = 3;
const SURE_MS = 2 * 60_000;

/** How many links the controller takes: as many as we want until it refuses one, and what it refused for a while. */
export class LinkLimit {
  readonly #wanted: number;
  #learned: number | undefined;
  #most = 0;
  #refusals = 0;
  #until = 0;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  max(now: number): number {
    return this.#learned !== undefined && now < this.#until ? Math.min(this.#wanted, this.#learned) : this.#wanted;
  }

  /** It refused a link beside so many. True when that is news. */
  refused(links: number, now: number): boolean {
    // What it had once it can have again.
    const limit = Math.max(1, links, this.#most);
    if (limit >= this.max(now)) return false;
    const isNews = limit !== this.#learned;
    this.#refusals = isNews ? 1 : this.#refusals + 1;
    this.#learned = limit;
    this.#until = now + (this.#refusals < SURE_AFTER ? DOUBT_MS : SURE_MS);
    return isNews;
  }

  /** So many links there are: it takes as many at least. */
  has(links: number): void {
    this.#most = Math.max(this.#most, links);
    if (this.#learned === undefined || links <= this.#learned) return;
    this.#learned = undefined;
    this.#refusals = 0;
  }
}
