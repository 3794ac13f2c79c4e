import type { NodeId } from '../core/ids.js';
import type { LinkAddress } from '../ports/radio.js';
import { earlier } from './egress.js';

/** An address is greeted this often while nothing answers, at first and at last. */
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** Addresses given by hand; a further one is refused. */
export const MANUAL_ADDRESSES_MAX = 256;

export interface ManualAddress {
  readonly carrier: number;
  readonly address: LinkAddress;
  /** Who is to answer there; anybody when absent. */
  readonly expected: NodeId | undefined;
  /** Greetings since something answered there. */
  tries: number;
  nextAt: number;
}

const keyOf = (carrier: number, address: LinkAddress): string => `${carrier}|${address}`;

/** Where a person said that a neighbour is. Each is greeted while it has no link, ever more rarely. */
export class ManualAddresses {
  readonly #entries = new Map<string, ManualAddress>();

  all(): IterableIterator<ManualAddress> {
    return this.#entries.values();
  }

  find(carrier: number, address: LinkAddress): ManualAddress | undefined {
    return this.#entries.get(keyOf(carrier, address));
  }

  /** Whether this one could be added: it is there already, or there is room. */
  hasRoom(carrier: number, address: LinkAddress): boolean {
    return this.#entries.size < MANUAL_ADDRESSES_MAX || this.#entries.has(keyOf(carrier, address));
  }

  /** False when there are too many. One given again is tried at once. */
  add(carrier: number, address: LinkAddress, expected: NodeId | undefined, now: number): boolean {
    if (!this.hasRoom(carrier, address)) return false;
    this.#entries.set(keyOf(carrier, address), { carrier, address, expected, tries: 0, nextAt: now });
    return true;
  }

  /** Forgets those that are meant, and tells how many they were. */
  remove(isMeant: (entry: ManualAddress) => boolean): number {
    const before = this.#entries.size;
    for (const [key, entry] of this.#entries) if (isMeant(entry)) this.#entries.delete(key);
    return before - this.#entries.size;
  }

  /** The radio is there again: its addresses are tried at once. */
  carrierUp(carrier: number, now: number): void {
    for (const entry of this.#entries.values()) if (entry.carrier === carrier) this.#begin(entry, now);
  }

  /** Those to greet now. Ones with a link are left alone, and tried soon once it is gone. */
  due(now: number, isLinked: (entry: ManualAddress) => boolean): ManualAddress[] {
    const due: ManualAddress[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.nextAt > now) continue;
      if (isLinked(entry)) {
        this.#begin(entry, now + FIRST_RETRY_MS);
        continue;
      }
      entry.nextAt = now + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** entry.tries);
      entry.tries++;
      due.push(entry);
    }
    return due;
  }

  nextDeadline(isUsable: (carrier: number) => boolean): number | undefined {
    let earliest: number | undefined;
    for (const { carrier, nextAt } of this.#entries.values())
      if (isUsable(carrier)) earliest = earlier(earliest, nextAt);
    return earliest;
  }

  #begin(entry: ManualAddress, at: number): void {
    entry.tries = 0;
    entry.nextAt = at;
  }
}
