import type { Instant } from '../core/machine.js';
import type { Store } from '../ports/store.js';
import type { AirtimeBudget } from './airtime-budget.js';
import { BUCKETS } from './airtime-window.js';
import type { Carrier } from './carrier.js';
import { NO_TICKET } from './keep-log.js';
import type { Pulse } from './pulse.js';
import { restedMs } from './rested.js';
import type { MeshEffect } from './types.js';

export const AIRTIME_SPACE = 'airtime';
/** Written anew when this share of an hour's airtime was spent since; what an unclean end may have left unwritten. */
export const UNWRITTEN_SHARE = 0.02;
/** When it was written, whether nothing was spent after it, and what was spent in each of the last minutes. */
const HISTORY_AT = 9;
const RECORD_BYTES = HISTORY_AT + 4 * BUCKETS;

interface AirtimeRecord {
  /** ms spent in the minute it was written in, and in each before it. */
  readonly history: readonly number[];
  /** Unix ms; 0 where no time was known. */
  readonly atMs: number;
  /** Nothing was spent after it. */
  readonly isLast: boolean;
}

interface Context {
  readonly pulse: Pick<Pulse, 'isKnown'>;
  emit(effect: MeshEffect): void;
}

/**
 * What each radio with a duty cycle has used of its hour, kept over restarts and replugging: a device that starts again
 * and again spends no more than one that runs on. Time that passed meanwhile counts only by a clock; what an unclean
 * end may have left unwritten counts as spent.
 */
export class AirtimeRecords {
  readonly #context: Context;
  readonly #store: Pick<Store, 'get'>;
  /** By radio: `spentMs` of the budget that is on disk. */
  readonly #written = new Map<string, number>();
  /** Radios that went while this node runs. */
  readonly #gone = new Map<string, { readonly history: readonly number[]; readonly at: number }>();
  #isLeaving = false;

  constructor(context: Context, store: Pick<Store, 'get'>) {
    this.#context = context;
    this.#store = store;
  }

  carrierUp(carrier: Carrier, now: Instant): void {
    const { budget, name } = carrier;
    if (!budget.isBounded) return;
    const gone = this.#gone.get(name);
    const record = gone ? undefined : read(this.#store.get(AIRTIME_SPACE, name), budget);
    this.#gone.delete(name);
    if (gone) budget.recall(gone.history, now.mono - gone.at, now.mono);
    else if (record) this.#recall(budget, record, now);
    this.#write(carrier, now, false);
  }

  carrierDown(carrier: Carrier, now: Instant): void {
    const { budget, name } = carrier;
    if (!budget.isBounded) return;
    this.#gone.set(name, { history: budget.history(now.mono), at: now.mono });
    this.#write(carrier, now, true);
  }

  spent(carrier: Carrier, now: Instant): void {
    const { budget, name } = carrier;
    if (!budget.isBounded) return;
    const unwritten = budget.spentMs - (this.#written.get(name) ?? 0);
    if (this.#isLeaving || unwritten >= budget.hourMs * UNWRITTEN_SHARE) this.#write(carrier, now, this.#isLeaving);
  }

  leaving(carriers: Iterable<Carrier>, now: Instant): void {
    this.#isLeaving = true;
    for (const carrier of carriers) if (carrier.budget.isBounded) this.#write(carrier, now, true);
  }

  #recall(budget: AirtimeBudget, { history, atMs, isLast }: AirtimeRecord, now: Instant): void {
    budget.recall(history, this.#context.pulse.isKnown ? restedMs(BigInt(atMs), now) : 0, now.mono);
    // It may have been sent a moment ago.
    if (!isLast) budget.recall([budget.hourMs * UNWRITTEN_SHARE], 0, now.mono);
  }

  #write({ budget, name }: Carrier, now: Instant, isLast: boolean): void {
    this.#written.set(name, budget.spentMs);
    const value = new Uint8Array(RECORD_BYTES);
    const view = new DataView(value.buffer);
    view.setFloat64(0, this.#context.pulse.isKnown ? Math.max(0, Math.floor(now.wall)) : 0);
    view.setUint8(8, isLast ? 1 : 0);
    for (const [age, ms] of budget.history(now.mono).entries()) view.setFloat32(HISTORY_AT + 4 * age, ms);
    const op = { op: 'put', space: AIRTIME_SPACE, key: name, value } as const;
    this.#context.emit({ kind: 'keep', ticket: NO_TICKET, ops: [op] });
  }
}

/** Of what cannot be read the worst is taken that a node which kept to its budget may have sent. */
function read(value: Uint8Array | undefined, budget: AirtimeBudget): AirtimeRecord | undefined {
  if (!value) return undefined;
  const spoilt = { history: budget.worstHistory(), atMs: 0, isLast: true };
  if (value.length !== RECORD_BYTES) return spoilt;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const atMs = view.getFloat64(0);
  const history = Array.from({ length: BUCKETS }, (_, age) => view.getFloat32(HISTORY_AT + 4 * age));
  const isSound = Number.isSafeInteger(atMs) && history.every((ms) => ms >= 0 && Number.isFinite(ms));
  return isSound ? { history, atMs, isLast: view.getUint8(8) === 1 } : spoilt;
}
