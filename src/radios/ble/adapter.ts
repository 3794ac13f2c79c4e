import { EdgeError, messageOf } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { BleNode } from './ble-node.js';
import type { Duty } from './role-phase.js';
import { ScanWatchdog } from './scan-watchdog.js';
import { BleSession } from './session.js';
import type { BleSettings } from './settings.js';
import type { DrawBytes, Tokens } from './tokens.js';
import type { Way } from './ways.js';

export interface AdapterOptions {
  readonly way: Way;
  /** Among the adapters of the radio. */
  readonly index: number;
  readonly node: BleNode;
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: Tokens;
  readonly settings: BleSettings;
  readonly random: DrawBytes;
  /** It came up, failed, or turned out to allow less. */
  changed(): void;
}

/** A session that lasted so long was a good one: the next failure is retried soon again. */
const GOOD_SESSION_MS = 10_000;

/** Keeps one controller at work: one session after another, with growing waits while it fails. */
export class Adapter {
  readonly name: string;
  readonly #options: AdapterOptions;
  readonly #watchdog: ScanWatchdog;
  #session: BleSession | undefined;
  #trouble: EdgeError | undefined;
  #duty: Duty = 'both';
  #retry: Timer | undefined;
  #failures = 0;
  #startedAt = 0;
  #starting: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: AdapterOptions) {
    this.#options = options;
    this.name = options.way.name;
    this.#watchdog = new ScanWatchdog(options.settings.silentScanMs, options.clock.now());
  }

  /** The controller's present life; `undefined` while it does not work. */
  get session(): BleSession | undefined {
    return this.#session;
  }

  /** Why it does not work. */
  get trouble(): EdgeError | undefined {
    return this.#trouble;
  }

  /** What it is to do, in this session and the next. */
  assign(duty: Duty): void {
    this.#duty = duty;
    this.#session?.assign(duty);
  }

  /** Resolves when the first try is over. */
  start(): Promise<void> {
    this.#starting = this.#attempt();
    return this.#starting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#starting;
    await this.#session?.close();
    this.#session = undefined;
  }

  async #attempt(): Promise<void> {
    const { way, index, node, clock, log, tokens, settings, random } = this.#options;
    const session: BleSession = new BleSession({
      ...{ node, index, clock, log, tokens, settings, random },
      port: way.port(),
      watchdog: this.#watchdog,
      events: {
        modeChanged: () => this.#options.changed(),
        ended: (reason) => this.#ended(session, reason),
      },
    });
    try {
      this.#startedAt = clock.now();
      await session.start();
      if (this.#closed) return await session.close();
      session.assign(this.#duty);
      this.#session = session;
      this.#trouble = undefined;
      this.#options.changed();
      await session.run();
    } catch (error) {
      await session.close();
      this.#failed(error);
    }
  }

  /** A running controller failed; one that fails while it starts makes `start` throw. */
  #ended(session: BleSession, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    if (this.#options.clock.now() - this.#startedAt > GOOD_SESSION_MS) this.#failures = 0;
    this.#starting = session.close();
    this.#failed(new EdgeError('radio.ble.controller', `${reason}: the controller is reset`, { status: 503 }));
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    const { settings, clock } = this.#options;
    this.#trouble = error instanceof EdgeError ? error : new EdgeError('radio.ble.controller', messageOf(error));
    const delay = Math.min(settings.retryMaxMs, settings.retryMs * 2 ** Math.min(10, this.#failures++));
    this.#retry = clock.timer('ble.retry', delay, () => {
      const before = this.#starting;
      this.#starting = before.then(() => (this.#closed ? undefined : this.#attempt()));
    });
    this.#options.changed();
  }
}
