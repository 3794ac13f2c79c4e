import { TokenBucket } from '../core/token-bucket.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';

/** Lines about one subject: a mesh that comes up is told in full, a member that invents nodes is not. */
const LINES_PER_SECOND = 1;
const LINES_AT_ONCE = 250;

/** A log for what others can cause: beyond its measure lines are left out, and the next one says how many. */
export class MeasuredLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #bucket = new TokenBucket(LINES_PER_SECOND, LINES_AT_ONCE);
  #leftOut = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  say(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (!this.#bucket.take(this.#clock.now())) {
      this.#leftOut++;
      return;
    }
    this.#log[level](message, this.#leftOut > 0 ? { ...fields, leftOut: this.#leftOut } : fields);
    this.#leftOut = 0;
  }
}
