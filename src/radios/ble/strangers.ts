import { BleLimit } from './limits.js';

interface Bar {
  readonly until: number;
  readonly lastMs: number;
}

/**
 * Who is not of our mesh, or never says who it is, may come in now and then, for it may be about to join. It waits
 * longer after each visit in vain, under whatever name it came, and between two of them there is time for members.
 */
export class Strangers {
  /** By address and by token. The first was barred first. */
  readonly #bars = new Map<string, Bar>();
  #noneUntil = Number.NEGATIVE_INFINITY;

  /** Nobody of another mesh was here for a while. */
  isWelcome(now: number): boolean {
    return now >= this.#noneUntil;
  }

  isBarred(name: string, now: number): boolean {
    const bar = this.#bars.get(name);
    return bar !== undefined && now < bar.until;
  }

  /** Its time was over and it was no member: its names wait longer than the last time, and others of its kind a while. */
  wentInVain(names: readonly string[], now: number): void {
    this.#noneUntil = now + BleLimit.StrangerMs;
    for (const name of names) this.#bar(name, now, BleLimit.StrangerBackoffMs);
  }

  /** It connected and never greeted. */
  wasSilent(address: string, now: number): void {
    this.#bar(address, now, BleLimit.SilentBackoffMs);
  }

  /** It is a member after all. */
  absolve(names: readonly string[]): void {
    for (const name of names) this.#bars.delete(name);
  }

  #bar(name: string, now: number, firstMs: number): void {
    const before = this.#bars.get(name)?.lastMs;
    const lastMs = before === undefined ? firstMs : Math.min(BleLimit.StrangerBackoffMaxMs, before * 2);
    this.#bars.delete(name);
    this.#bars.set(name, { until: now + lastMs, lastMs });
    if (this.#bars.size > BleLimit.BarredNames) this.#bars.delete(this.#bars.keys().next().value as string);
  }
}
