/** How a BLE radio behaves; the defaults suit a Pi's controller. */
export interface BleSettings {
  /** Links that this node dials, that others dial, and all together; fewer when the controller says so. */
  readonly maxOut: number;
  readonly maxIn: number;
  readonly maxLinks: number;
  readonly advertIntervalMs: number;
  /** Connection interval of the first link, and the range for all when there are several: shorter ones starve the scanner. */
  readonly oneLinkIntervalMs: number;
  readonly someLinksMinMs: number;
  readonly someLinksMaxMs: number;
  /** Adverts missing for longer: the scan is restarted, then the controller. */
  readonly silentScanMs: number;
  /** First wait before the controller is tried again; doubles up to `retryMaxMs`. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  readonly commandTimeoutMs: number;
  /** Say short urgent frames in adverts, too, and hear those of others. */
  readonly shouts: boolean;
  /** Use addresses that change with the slot instead of the adapter's own. */
  readonly privateAddress: boolean;
}

export const DEFAULT_SETTINGS: BleSettings = {
  maxOut: 4,
  maxIn: 4,
  maxLinks: 7,
  advertIntervalMs: 100,
  oneLinkIntervalMs: 15,
  someLinksMinMs: 30,
  someLinksMaxMs: 50,
  silentScanMs: 10_000,
  retryMs: 500,
  retryMaxMs: 30_000,
  commandTimeoutMs: 2_000,
  shouts: true,
  privateAddress: true,
};
