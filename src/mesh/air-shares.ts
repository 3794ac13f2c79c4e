import type { NodeId } from '../core/ids.js';
import { Priority } from '../wire/frame-types.js';

/**
 * Of the air one neighbour may take with messages, by what it transmits itself and by what it makes us relay, and what it may save up. An
 * honest one that passes on all that a busy mesh says has a tenth.
 */
const NEIGHBOUR = { share: 1 / 8, savedMs: 20_000, debtMs: 10_000 };
/** Of what we relay for it so much is one origin's at most. */
const ORIGIN = { share: 1 / 16, savedMs: 10_000, debtMs: 0 };
/** What is urgent has this besides, from each neighbour: who floods otherwise takes none of it, and who floods alerts its own. */
const URGENT = { share: 1 / 24, savedMs: 10_000, debtMs: 5_000 };
/** Up to here the channel has room for everybody, whoever takes it. */
const ROOMY_SHARE = 0.25;
/** Neighbours and origins that are counted; beyond, one that has all it may save up goes, else the one counted longest. */
export const SHARES_MAX = 256;

interface Terms {
  readonly share: number;
  readonly savedMs: number;
  readonly debtMs: number;
}

interface Account {
  balanceMs: number;
  at: number;
}

/** Balances of airtime, each refilled by its share of the time. */
class Accounts {
  readonly #terms: Terms;
  readonly #of = new Map<NodeId | undefined, Account>();

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  get size(): number {
    return this.#of.size;
  }

  has(who: NodeId | undefined, ms: number, now: number): boolean {
    return this.#account(who, now).balanceMs >= ms;
  }

  spend(who: NodeId | undefined, ms: number, now: number): void {
    const account = this.#account(who, now);
    account.balanceMs = Math.max(-this.#terms.debtMs, account.balanceMs - ms);
  }

  #account(who: NodeId | undefined, now: number): Account {
    const { share, savedMs } = this.#terms;
    let account = this.#of.get(who);
    if (!account) {
      account = { balanceMs: savedMs, at: now };
      if (this.#of.size >= SHARES_MAX) this.#makeRoom(now);
      this.#of.set(who, account);
    }
    account.balanceMs = Math.min(savedMs, account.balanceMs + Math.max(0, now - account.at) * share);
    account.at = Math.max(account.at, now);
    return account;
  }

  #makeRoom(now: number): void {
    const { share, savedMs } = this.#terms;
    for (const [who, { balanceMs, at }] of this.#of)
      if (balanceMs + (now - at) * share >= savedMs) return void this.#of.delete(who);
    this.#of.delete(this.#of.keys().next().value);
  }
}

/**
 * Whose messages are relayed over one slow air that has become full. A frame belongs to who transmitted it, whatever its sender says of itself:
 * a neighbour that fills the channel has used up its share by that, and nobody makes it fuller on its behalf.
 */
export class AirShares {
  readonly #neighbours = new Accounts(NEIGHBOUR);
  readonly #origins = new Accounts(ORIGIN);
  readonly #urgent = new Accounts(URGENT);

  /** Whoever is counted. */
  get size(): number {
    return Math.max(this.#neighbours.size, this.#origins.size, this.#urgent.size);
  }

  /** A message was heard from this neighbour, first or again. */
  transmitted(neighbour: NodeId | undefined, priority: Priority, ms: number, now: number): void {
    this.#neighbours.spend(neighbour, ms, now);
    if (priority <= Priority.High) this.#urgent.spend(neighbour, ms, now);
  }

  /**
   * How urgent a message that this neighbour transmitted (or somebody unknown) is when it is relayed; `undefined`: it
   * is not. `busy`: how full the channel is, 0 to 1; `ms`: what relaying it takes.
   */
  relays(
    neighbour: NodeId | undefined,
    origin: NodeId,
    priority: Priority,
    ms: number,
    busy: number,
    now: number,
  ): Priority | undefined {
    const isUrgent = priority <= Priority.High;
    if (isUrgent && this.#urgent.has(neighbour, ms, now)) {
      this.#urgent.spend(neighbour, ms, now);
      return priority;
    }
    const has = this.#neighbours.has(neighbour, ms, now) && this.#origins.has(origin, ms, now);
    if (!has && busy > ROOMY_SHARE) return undefined;
    this.#neighbours.spend(neighbour, ms, now);
    this.#origins.spend(origin, ms, now);
    return isUrgent ? Priority.Medium : priority;
  }
}
