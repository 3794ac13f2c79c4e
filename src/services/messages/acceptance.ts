import type { MessageId } from '../../core/ids.js';
import type { Clock, Timer } from '../../ports/clock.js';
import { refused, unkept } from './faults.js';

/** A message that the disk does not take must be delivered within this time to be accepted. */
const UNKEPT_MS = 5_000;

type Tell = (kept: boolean, code?: string) => void;

/** When a message counts as accepted: on this node's disk, or delivered. Each entry is a caller that waits. */
export class Acceptance {
  readonly #clock: Clock;
  readonly #waiting = new Map<MessageId, Tell>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(id: MessageId): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const end = (settle: () => void): void => {
        timer?.cancel();
        this.#waiting.delete(id);
        settle();
      };
      this.#waiting.set(id, (kept, code = 'store.failed') => {
        if (kept) return end(resolve);
        if (!code.startsWith('store.')) return end(() => reject(refused(id, code)));
        timer ??= this.#clock.timer('unkept', UNKEPT_MS, () => end(() => reject(unkept(id, code))));
      });
    });
  }

  tell(id: MessageId, kept: boolean, code?: string): void {
    this.#waiting.get(id)?.(kept, code);
  }

  close(): void {
    for (const tell of [...this.#waiting.values()]) tell(false, 'agent.stopped');
  }
}
