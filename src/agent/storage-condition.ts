import { EdgeError, messageOf } from '../core/errors.js';
import type { Log } from '../ports/log.js';

export type StorageState = 'ok' | 'full' | 'failed';

/** Whether writes reach the disk. While they do not, the mesh goes on and this says so. */
export class StorageCondition {
  condition: StorageState = 'ok';
  reason: string | undefined;
  readonly #log: Log;
  readonly #changed: (condition: StorageState, reason?: string) => void;

  constructor(log: Log, changed: (condition: StorageState, reason?: string) => void) {
    this.#log = log;
    this.#changed = changed;
  }

  /** What a write that failed says of the storage. */
  failed(error: unknown): void {
    const full = error instanceof EdgeError && error.code === 'store.full';
    this.set(full ? 'full' : 'failed', messageOf(error));
  }

  set(condition: StorageState, reason?: string): void {
    if (condition === this.condition) return;
    this.condition = condition;
    this.reason = reason;
    if (condition === 'ok') this.#log.info('storage works again');
    else this.#log.error(`storage is ${condition}: nothing new is kept`, { reason });
    this.#changed(condition, reason);
  }
}
