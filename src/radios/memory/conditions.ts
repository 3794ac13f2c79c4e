import { EdgeError } from '../../core/errors.js';

/** What happens to a frame between two radios. Chances are 0 to 1. */
export interface AirConditions {
  readonly loss: number;
  readonly duplicate: number;
  /** Chance that one bit of the frame is flipped. */
  readonly corrupt: number;
  /** Chance that a frame is held back for one to two `delayMaxMs` more, so that later ones overtake it. */
  readonly reorder: number;
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** What has come is handed over at multiples of this, together: a device is not woken for each frame. 0: each at its own time. */
  readonly wakeEveryMs: number;
}

export const CLEAR_AIR: AirConditions = {
  loss: 0,
  duplicate: 0,
  corrupt: 0,
  reorder: 0,
  delayMinMs: 1,
  delayMaxMs: 1,
  wakeEveryMs: 0,
};

/** Throws EdgeError `radio.air`. */
export function withConditions(base: AirConditions, change: Partial<AirConditions>): AirConditions {
  const result = { ...base, ...change };
  for (const name of ['loss', 'duplicate', 'corrupt', 'reorder'] as const) {
    if (!(result[name] >= 0 && result[name] <= 1)) refuse(`${name} is ${result[name]}`, 'Give a chance from 0 to 1.');
  }
  const { delayMinMs, delayMaxMs, wakeEveryMs } = result;
  if (!(delayMinMs >= 0 && delayMaxMs >= delayMinMs && Number.isFinite(delayMaxMs))) {
    refuse(`the delay is ${delayMinMs} to ${delayMaxMs} ms`, 'Give 0 <= delayMinMs <= delayMaxMs.');
  }
  if (!(wakeEveryMs >= 0 && Number.isFinite(wakeEveryMs)))
    refuse(`what has come is handed over every ${wakeEveryMs} ms`, 'Give 0 or more.');
  return result;
}

function refuse(what: string, fix: string): never {
  throw new EdgeError('radio.air', `Impossible air: ${what}.`, { fix });
}
