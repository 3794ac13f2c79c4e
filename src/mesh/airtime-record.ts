import type { Instant } from '../core/machine.js';
import type { Store } from '../ports/store.js';
import { WINDOW_MS } from './airtime-budget.js';
import type { Carrier } from './carrier.js';
import { NO_TICKET } from './keep-log.js';
import type { Pulse } from './pulse.js';
import { restedMs } from './rested.js';
import type { MeshEffect } from './types.js';

export const AIRTIME_SPACE = 'airtime';
/** Written anew when this share of an hour's airtime was spent since; what an unclean end may have left unwritten. */
export const UNWRITTEN_SHARE = 0.05;
/** Hours of airtime owed at most: starts that end uncleanly one after the other, or a stricter region, silence no radio for days. */
const OWED_HOURS_MAX = 2;
const RECORD_BYTES = 17;

interface AirtimeRecord {
  /** Airtime that must come in again before the hour's is whole. */
  readonly owedMs: number;
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
  readonly #gone = new Map<string, { readonly owedMs: number; readonly at: number }>();
  #isLeaving = false;

  constructor(context: Context, store: Pick<Store, 'get'>) {
    this.#context = context;
    this.#store = store;
  }

  carrierUp(carrier: Carrier, now: Instant): void {
    const { budget, name, traits } = carrier;
    if (!budget.isBounded) return;
    const gone = this.#gone.get(name);
    const record = gone ? undefined : read(this.#store.get(AIRTIME_SPACE, name), budget.hourMs);
    this.#gone.delete(name);
    if (gone) budget.owe(gone.owedMs - (now.mono - gone.at) * traits.dutyCycle, now.mono);
    else if (record)
      budget.owe(Math.min(OWED_HOURS_MAX * budget.hourMs, this.#owed(record, traits.dutyCycle, now)), now.mono);
    this.#write(carrier, now, false);
  }

  carrierDown(carrier: Carrier, now: Instant): void {
    const { budget, name } = carrier;
    if (!budget.isBounded) return;
    this.#gone.set(name, { owedMs: budget.owed(now.mono), at: now.mono });
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

  #owed({ owedMs, atMs, isLast }: AirtimeRecord, dutyCycle: number, now: Instant): number {
    const { isKnown } = this.#context.pulse;
    const restMs = isKnown ? restedMs(BigInt(atMs), now) : 0;
    const left = Math.max(0, owedMs - restMs * dutyCycle);
    return isLast ? left : left + dutyCycle * WINDOW_MS * UNWRITTEN_SHARE;
  }

  #write({ budget, name }: Carrier, now: Instant, isLast: boolean): void {
    this.#written.set(name, budget.spentMs);
    const value = new Uint8Array(RECORD_BYTES);
    const view = new DataView(value.buffer);
    view.setFloat64(0, budget.owed(now.mono));
    view.setFloat64(8, this.#context.pulse.isKnown ? Math.max(0, Math.floor(now.wall)) : 0);
    view.setUint8(16, isLast ? 1 : 0);
    const op = { op: 'put', space: AIRTIME_SPACE, key: name, value } as const;
    this.#context.emit({ kind: 'keep', ticket: NO_TICKET, ops: [op] });
  }
}

/** What cannot be read counts as a whole hour spent. */
function read(value: Uint8Array | undefined, hourMs: number): AirtimeRecord | undefined {
  if (!value) return undefined;
  const spoilt = { owedMs: hourMs, atMs: 0, isLast: true };
  if (value.length !== RECORD_BYTES) return spoilt;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const [owedMs, atMs] = [view.getFloat64(0), view.getFloat64(8)];
  return owedMs >= 0 && Number.isSafeInteger(atMs) ? { owedMs, atMs, isLast: view.getUint8(16) === 1 } : spoilt;
}
