import { toHex } from '../../core/bytes.js';
import type { Gap } from './controller.js';
import { Status } from './hci-codes.js';

export interface AirWish {
  /** Adverts that can be dialled, adverts that only show that we are there, or none. */
  readonly adverts: 'connectable' | 'visible' | 'off';
  readonly advertData: Uint8Array;
  readonly advertIntervalMs: number;
  readonly scan: boolean;
  readonly scanIntervalMs: number;
  readonly scanWindowMs: number;
  /** Changes with the address that others shall see. */
  readonly randomAddress: Uint8Array | undefined;
}

export interface AirControlOptions {
  readonly gap: Gap;
  wish(): AirWish;
  /** The controller would not do what was wished. */
  refused(what: 'adverts' | 'scan', status: number): void;
}

const advertsKey = (wish: AirWish): string =>
  wish.adverts === 'off' ? 'off' : `${wish.adverts} ${wish.advertIntervalMs} ${toHex(wish.advertData)}`;
const scanKey = (wish: AirWish): string => (wish.scan ? `${wish.scanIntervalMs}/${wish.scanWindowMs}` : 'off');

/** Brings the controller's adverts and scan to what is wished, one step after another, whoever asks meanwhile. */
export class AirControl {
  readonly #options: AirControlOptions;
  #adverts = 'off';
  #scan = 'off';
  #address = '';
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: AirControlOptions) {
    this.#options = options;
  }

  /** Resolves when all that was wished until now is done or refused. */
  apply(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** A controller stops its adverts when somebody connects. */
  advertsStopped(): void {
    this.#adverts = 'off';
  }

  /** Forgets that it scans, so that the next `apply` starts it anew. */
  scanStopped(): void {
    this.#scan = 'off';
  }

  /** Resolves when the step under way is done: what comes after is not undone by it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const wish = this.#options.wish();
      await this.#applyAddress(wish);
      await this.#applyScan(wish);
      await this.#applyAdverts(wish);
    }
  }

  async #applyAddress({ randomAddress }: AirWish): Promise<void> {
    if (randomAddress === undefined || toHex(randomAddress) === this.#address) return;
    await this.#options.gap.stopAdvertising();
    await this.#options.gap.stopScan();
    this.#adverts = 'off';
    this.#scan = 'off';
    await this.#options.gap.setRandomAddress(randomAddress);
    // Refused or not, asking again would change nothing.
    this.#address = toHex(randomAddress);
  }

  async #applyScan(wish: AirWish): Promise<void> {
    const key = scanKey(wish);
    if (key === this.#scan) return;
    this.#scan = key;
    const { gap } = this.#options;
    if (!wish.scan) await gap.stopScan();
    else this.#check('scan', await gap.scan(wish.scanIntervalMs, wish.scanWindowMs));
  }

  async #applyAdverts(wish: AirWish): Promise<void> {
    const key = advertsKey(wish);
    if (key === this.#adverts) return;
    this.#adverts = key;
    const { gap } = this.#options;
    if (wish.adverts === 'off') await gap.stopAdvertising();
    else this.#check('adverts', await gap.advertise(wish.advertData, wish.adverts, wish.advertIntervalMs));
  }

  #check(what: 'adverts' | 'scan', status: number): void {
    if (status === Status.Success || this.#closed) return;
    if (what === 'adverts') this.#adverts = 'off';
    else this.#scan = 'off';
    this.#options.refused(what, status);
  }
}
