import { randomBytes } from 'node:crypto';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type {
  LinkAddress,
  Radio,
  RadioCondition,
  RadioCounters,
  RadioEvents,
  RadioProbe,
  RadioTraits,
  SendResult,
} from '../../ports/radio.js';
import { RadioKind } from '../../ports/radio.js';
import { formatRadioSpec } from '../radio-spec.js';
import { bringUp, type ControllerInfo, RadioMode } from './controller.js';
import { type ControllerPort, parseAdapter } from './controller-port.js';
import { HciMux } from './hci-mux.js';
import { BleLimit } from './limits.js';
import { loadStacks } from './packages.js';
import { createPort } from './ports.js';
import { ScanWatchdog } from './scan-watchdog.js';
import { BleSession } from './session.js';
import { type BleSettings, DEFAULT_SETTINGS } from './settings.js';
import { type DrawBytes, type Identity, Tokens } from './tokens.js';

export interface BleRadioOptions {
  /** What stands after `ble:`; without it the first adapter of the kernel. */
  readonly adapter?: string;
  readonly identity: Identity;
  readonly settings?: Partial<BleSettings>;
  readonly log: Log;
  readonly clock: Clock;
  /** A new way to the controller for each try; by default what the adapter names. */
  readonly port?: () => ControllerPort;
  /** Where addresses and the like are drawn from, but no keys; by default the machine. */
  readonly random?: DrawBytes;
}

const TRAITS: RadioTraits = {
  mtuBytes: BleLimit.FrameBytes,
  broadcast: false,
  connected: true,
  reliable: true,
  bitsPerSecond: 200_000,
  dutyCycle: 1,
  costPerByte: 2,
};

/** A session that lasted so long was a good one: the next failure is retried soon again. */
const GOOD_SESSION_MS = 10_000;

/** Throws EdgeError `radio.ble.adapter` for an adapter that cannot be one. Everything else is a `condition`. */
export function createBleRadio(options: BleRadioOptions): Radio {
  const adapter = parseAdapter(options.adapter);
  return new BleRadio(options, options.port ?? (() => createPort(adapter)));
}

class BleRadio implements Radio {
  readonly kind = RadioKind.Ble;
  readonly name: string;
  readonly traits = TRAITS;
  readonly #options: BleRadioOptions;
  readonly #settings: BleSettings;
  readonly #newPort: () => ControllerPort;
  readonly #tokens: Tokens;
  readonly #watchdog: ScanWatchdog;
  readonly #counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  #events: RadioEvents | undefined;
  #session: BleSession | undefined;
  #trouble: EdgeError | undefined;
  #condition: RadioCondition = 'down';
  #reason: string | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #startedAt = 0;
  #starting: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: BleRadioOptions, newPort: () => ControllerPort) {
    this.#options = options;
    this.#newPort = newPort;
    this.#settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.#tokens = new Tokens(options.identity);
    this.#watchdog = new ScanWatchdog(this.#settings.silentScanMs, options.clock.now());
    const { adapter } = options;
    this.name = formatRadioSpec({ kind: 'ble', ...(adapter !== undefined && { adapter }) });
  }

  async probe(): Promise<RadioProbe> {
    const session = this.#session;
    if (session?.info !== undefined) return found(session.info, session.mode);
    if (this.#trouble !== undefined) return lacking(this.#trouble);
    if (this.#closed) return { ok: false, detail: 'closed' };
    return this.#look();
  }

  async open(events: RadioEvents): Promise<void> {
    if (this.#events !== undefined || this.#closed) {
      throw new EdgeError('radio.open', `${this.name} was opened before.`, { status: 409, fix: 'Make a new radio.' });
    }
    this.#events = events;
    await this.#start();
  }

  send(frame: Uint8Array, to?: LinkAddress): SendResult {
    if (this.#closed) return 'down';
    const isSendable = to !== undefined && frame.length > 0 && frame.length <= TRAITS.mtuBytes;
    const result = isSendable ? (this.#session?.send(frame, to) ?? 'down') : 'down';
    if (result === 'queued') {
      this.#counters.framesOut += 1;
      this.#counters.bytesOut += frame.length;
    } else if (result === 'down') this.#counters.errors += 1;
    return result;
  }

  drop(address: LinkAddress): void {
    if (!this.#closed) this.#session?.drop(address);
  }

  localAddresses(): readonly string[] {
    const address = this.#session?.info?.address;
    return address === undefined ? [] : [address];
  }

  counters(): RadioCounters {
    return { ...this.#counters };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.cancel();
    await this.#starting;
    await this.#session?.close();
    this.#session = undefined;
    if (this.#events !== undefined) this.#become('down', 'closed');
  }

  #start(): Promise<void> {
    this.#starting = this.#attempt();
    return this.#starting;
  }

  async #attempt(): Promise<void> {
    const { clock, log } = this.#options;
    const session: BleSession = new BleSession({
      port: this.#newPort(),
      clock,
      log,
      tokens: this.#tokens,
      settings: this.#settings,
      watchdog: this.#watchdog,
      random: this.#options.random ?? ((count) => new Uint8Array(randomBytes(count))),
      events: {
        linkUp: (address, frameBytes) => this.#events?.linkUp(address, frameBytes),
        linkDown: (address, reason) => this.#events?.linkDown(address, reason),
        heard: (address, frame) => this.#hear(address, frame),
        misbehaved: () => {
          this.#counters.errors += 1;
        },
        ended: (reason) => this.#ended(session, reason),
      },
    });
    try {
      this.#startedAt = clock.now();
      await session.start();
      if (this.#closed) return await session.close();
      this.#session = session;
      this.#trouble = undefined;
      this.#become('up');
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
    this.#trouble = error instanceof EdgeError ? error : new EdgeError('radio.ble.controller', messageOf(error));
    const { message, fix } = this.#trouble;
    this.#become('retrying', fix === undefined ? message : `${message}; fix: ${fix}`);
    const delay = Math.min(this.#settings.retryMaxMs, this.#settings.retryMs * 2 ** Math.min(10, this.#failures++));
    this.#retry = this.#options.clock.timer('ble.retry', delay, () => {
      const before = this.#starting;
      this.#starting = before.then(() => (this.#closed ? undefined : this.#attempt()));
    });
  }

  #hear(from: LinkAddress, bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#counters.framesIn += 1;
    this.#counters.bytesIn += bytes.length;
    this.#events?.heard([{ from, bytes }]);
  }

  #become(condition: RadioCondition, reason?: string): void {
    if (condition === this.#condition && reason === this.#reason) return;
    this.#condition = condition;
    this.#reason = reason;
    if (condition === 'up') this.#log();
    this.#events?.condition(condition, reason);
  }

  #log(): void {
    const session = this.#session;
    if (session?.info === undefined) return;
    const { address, version } = session.info;
    this.#options.log.info('BLE controller is up', { radio: this.name, address, version, mode: session.mode });
  }

  /** Brings the controller up for a moment, to see whether it can be had and what it allows. */
  async #look(): Promise<RadioProbe> {
    const { clock } = this.#options;
    const port = this.#newPort();
    const nothing = (): void => {};
    const mux = new HciMux({
      clock,
      commandTimeoutMs: this.#settings.commandTimeoutMs,
      write: (packet) => port.write(packet),
      events: { advert: nothing, linkUp: nothing, linkDown: nothing, dialFailed: nothing, fault: nothing },
    });
    try {
      loadStacks();
      const info = await this.#inTime(
        new Promise<ControllerInfo>((resolve, reject) => {
          const closed = (reason: string): void => reject(new Error(reason));
          const opened = port.open({ packet: (bytes) => mux.receive(bytes), closed });
          opened.then(() => bringUp(mux)).then(resolve, reject);
        }),
      );
      return found(info, info.mode);
    } catch (error) {
      return lacking(error instanceof EdgeError ? error : new EdgeError('radio.ble.controller', messageOf(error)));
    } finally {
      mux.close();
      await port.close();
    }
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    const limit = this.#settings.commandTimeoutMs * 3;
    return Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        this.#options.clock.timer('ble.probe', limit, () => reject(new Error('the controller does not answer')));
      }),
    ]);
  }
}

function found(info: ControllerInfo, mode: RadioMode): RadioProbe {
  const detail = `controller ${info.address}, Bluetooth ${info.version}, ${info.aclBuffers} buffers of ${info.aclBytes} bytes`;
  return mode === RadioMode.None
    ? { ok: false, detail: `${detail}; it can neither be dialled nor dial`, fix: 'use another adapter', mode }
    : { ok: true, detail, mode };
}

const lacking = ({ message, fix }: EdgeError): RadioProbe => ({
  ok: false,
  detail: message,
  ...(fix !== undefined && { fix }),
});
