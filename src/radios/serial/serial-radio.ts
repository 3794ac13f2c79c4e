import { EdgeError, messageOf } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import {
  type LinkAddress,
  type Radio,
  type RadioCondition,
  type RadioCounters,
  type RadioEvents,
  RadioKind,
  type RadioProbe,
  type RadioTraits,
  type SendResult,
} from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import { AUTO_PATH, formatRadioSpec } from '../radio-spec.js';
import { airText, airTraits } from './air.js';
import { AirLine } from './air-line.js';
import { type PlacesToLook, systemPlaces } from './candidates.js';
import { DirectLine } from './direct-line.js';
import { Finder } from './finder.js';
import { holderOf } from './holder.js';
import { AIR_MTU_BYTES, DEFAULT_BAUD, mtuForBaud, NO_ANSWER_MS, PRESENCE_MS, SEARCH_MS } from './limits.js';
import type { Line, LineEvents } from './line.js';
import { EVERYBODY } from './messages.js';
import { type OpenPort, type Port, systemPorts } from './port.js';
import { probePort } from './probe.js';
import { Retry } from './retry.js';
import { emptyTally } from './tally.js';
import { type Trouble, trouble, troubleOf } from './trouble.js';

export interface SerialRadioOptions {
  /** A device file, or `auto`: the port on USB where an agent or a dongle answers. */
  readonly path: string;
  /** Bits per second of the line. Default 115,200. */
  readonly baud?: number;
  /** Bits per second of an air that several nodes share, behind a transparent radio module. Absent: one is at the other end. */
  readonly airBitsPerSecond?: number;
  /** Share of any hour that may be spent transmitting, of 1. Default 1: neither a module nor a dongle says what the law is where it stands. */
  readonly dutyCycle?: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** The system's ports by default. */
  readonly openPort?: OpenPort;
  readonly places?: PlacesToLook;
  readonly holderOf?: (path: string) => Promise<string | undefined>;
}

/** A serial port: to another agent, to a transparent radio module, or to a dongle. Opens and reopens it by itself. */
export function createSerialRadio(options: SerialRadioOptions): Radio {
  return new SerialRadio(options);
}

const NOBODY_FIX = 'plug in a cable to another agent or a dongle, or name the port: serial:/dev/ttyUSB0';

const lineTraits = (baud: number): RadioTraits => ({
  mtuBytes: mtuForBaud(baud),
  broadcast: false,
  connected: true,
  reliable: false,
  // Eight bits of ten carry data.
  bitsPerSecond: Math.floor(baud * 0.8),
  dutyCycle: 1,
  costPerByte: 1,
});

class SerialRadio implements Radio {
  readonly kind = RadioKind.Serial;
  readonly name: string;
  readonly #options: SerialRadioOptions;
  readonly #baud: number;
  readonly #openPort: OpenPort;
  readonly #finder: Finder | undefined;
  readonly #ownTraits: RadioTraits;
  readonly #airAddress: number;
  readonly #tally = emptyTally();
  readonly #retry: Retry;
  #traits: RadioTraits;
  #events: RadioEvents | undefined;
  #closed = false;
  #condition: RadioCondition = 'down';
  #reason: string | undefined;
  #trouble: Trouble | undefined;
  #line: Line | undefined;
  #path: string | undefined;
  #round: Promise<void> = Promise.resolve();
  #watch: Timer | undefined;
  #hint: Timer | undefined;

  constructor(options: SerialRadioOptions) {
    const { path, baud = DEFAULT_BAUD, airBitsPerSecond, clock, random } = options;
    this.#options = options;
    this.#baud = baud;
    this.#openPort = options.openPort ?? systemPorts(clock);
    const air = airBitsPerSecond === undefined ? {} : { baud, airBitsPerSecond };
    this.name = formatRadioSpec({ kind: 'serial', path, ...(options.baud === undefined ? {} : { baud }), ...air });
    this.#ownTraits = this.#lawful(
      airBitsPerSecond === undefined ? lineTraits(baud) : airTraits(Math.min(baud, airBitsPerSecond), AIR_MTU_BYTES),
    );
    this.#traits = this.#ownTraits;
    this.#airAddress = random.below(EVERYBODY);
    this.#retry = new Retry(clock, () => void this.#attempt());
    const places = options.places ?? systemPlaces;
    const finding = { baud, clock, random, places, openPort: this.#openPort, holderOf: this.#holderOf };
    this.#finder = path === AUTO_PATH ? new Finder(finding) : undefined;
  }

  /** Those of a dongle's air while one answers. */
  get traits(): RadioTraits {
    return this.#traits;
  }

  /** Who answers, or why nobody does; the trouble while the port cannot be had. */
  get standing(): RadioProbe | undefined {
    if (this.#line !== undefined) return this.#line.standing;
    return this.#trouble && { ok: false, detail: this.#trouble.reason, fix: this.#trouble.fix };
  }

  async probe(): Promise<RadioProbe> {
    const line = this.#line;
    if (line !== undefined) {
      const { detail, fix } = line.standing;
      return { ok: true, detail: `${this.#path} at ${this.#baud} baud: ${detail}`, ...(fix !== undefined && { fix }) };
    }
    if (this.#trouble !== undefined) return { ok: false, detail: this.#trouble.reason, fix: this.#trouble.fix };
    const { clock, random, path } = this.#options;
    if (this.#finder === undefined) {
      const { baud, openPort, holder } = { baud: this.#baud, openPort: this.#openPort, holder: this.#holderOf };
      return probePort({ path, baud, openPort, holderOf: holder, clock, random });
    }
    const port = await this.#finder.find();
    await port?.close();
    if (port === undefined) return { ok: false, detail: this.#finder.report, fix: NOBODY_FIX };
    return { ok: true, detail: `${port.path} at ${this.#baud} baud` };
  }

  async open(events: RadioEvents): Promise<void> {
    if (this.#events !== undefined || this.#closed) {
      throw new EdgeError('radio.open', `${this.name} was opened before.`, { status: 409, fix: 'Make a new radio.' });
    }
    this.#events = events;
    await this.#attempt();
  }

  send(frame: Uint8Array, to?: LinkAddress): SendResult {
    if (this.#line !== undefined && !this.#closed) return this.#line.send(frame, to);
    return 'down';
  }

  drop(address: LinkAddress): void {
    if (!this.#closed) this.#line?.drop(address);
  }

  localAddresses(): readonly string[] {
    if (this.#traits.broadcast) return [airText(this.#airAddress)];
    return [this.#path ?? this.#options.path];
  }

  counters(): RadioCounters {
    return { ...this.#tally };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry.stop();
    this.#watch?.cancel();
    this.#hint?.cancel();
    this.#finder?.cancel();
    await this.#round;
    await this.#line?.close();
    this.#line = undefined;
    this.#become('down', 'closed');
  }

  #lawful(traits: RadioTraits): RadioTraits {
    return { ...traits, dutyCycle: this.#options.dutyCycle ?? traits.dutyCycle };
  }

  readonly #holderOf = (path: string): Promise<string | undefined> => (this.#options.holderOf ?? holderOf)(path);

  #attempt(): Promise<void> {
    this.#round = this.#try();
    return this.#round;
  }

  async #try(): Promise<void> {
    const got = await this.#acquire();
    if ('write' in got) {
      if (this.#closed) await got.close();
      else this.#use(got);
      return;
    }
    if (this.#closed) return;
    this.#trouble = got;
    this.#become('retrying', got.reason);
    if (this.#finder === undefined) this.#retry.after(got.code);
    else this.#retry.in(SEARCH_MS);
  }

  /** An open port, or why there is none. */
  async #acquire(): Promise<Port | Trouble> {
    const { path } = this.#options;
    try {
      if (this.#finder !== undefined) {
        const port = await this.#finder.find();
        return port ?? { code: 'absent', reason: this.#finder.report, fix: NOBODY_FIX };
      }
      const holder = await this.#holderOf(path);
      return holder === undefined ? await this.#openPort(path, this.#baud) : trouble('busy', path, holder);
    } catch (error) {
      return troubleOf(error, path);
    }
  }

  #use(port: Port): void {
    const { airBitsPerSecond, clock, random } = this.#options;
    const setup = {
      port,
      baud: this.#baud,
      clock,
      random,
      tally: this.#tally,
      airAddress: this.#airAddress,
      events: this.#lineEvents(() => this.#line === line),
    };
    const line: Line = airBitsPerSecond === undefined ? new DirectLine(setup) : new AirLine(setup, airBitsPerSecond);
    this.#line = line;
    this.#path = port.path;
    this.#trouble = undefined;
    this.#retry.reset();
    this.#become('up');
    line.start();
    this.#watchPresence(line, port);
    this.#hint = clock.timer('serial.hint', NO_ANSWER_MS, () => this.#hintAt(line));
  }

  /** Late words of a line that was replaced go nowhere. */
  #lineEvents(current: () => boolean): LineEvents {
    const tell = (fn: (events: RadioEvents) => void): void => {
      if (this.#events !== undefined && !this.#closed && current()) fn(this.#events);
    };
    return {
      heard: (frames) => tell((events) => events.heard(frames)),
      linkUp: (address, mtuBytes) =>
        tell((events) => {
          // Where a dongle was, an agent may answer now.
          if (this.#traits !== this.#ownTraits) this.#airChanged(this.#ownTraits);
          events.linkUp(address, mtuBytes);
        }),
      linkDown: (address, reason) => tell((events) => events.linkDown(address, reason)),
      air: (traits) => tell(() => this.#airChanged(traits && this.#lawful(traits))),
      lost: (error) => {
        if (!this.#closed && current()) this.#lose(error);
      },
    };
  }

  /** The engine takes the traits of a radio when it comes up, so it goes down for a moment to change them. */
  #airChanged(traits: RadioTraits | undefined): void {
    if (traits === undefined) {
      this.#become('retrying', 'the dongle does not answer');
      return;
    }
    if (this.#condition === 'up') this.#become('retrying', 'a dongle answers: its air has other traits');
    this.#traits = traits;
    this.#become('up');
  }

  #lose(error: Error): void {
    this.#watch?.cancel();
    this.#hint?.cancel();
    this.#line = undefined;
    this.#traits = this.#ownTraits;
    const path = this.#path ?? this.#options.path;
    this.#trouble = trouble('io', path, messageOf(error));
    this.#become('retrying', this.#trouble.reason);
    this.#retry.after('lost');
  }

  #watchPresence(line: Line, port: Port): void {
    this.#watch = this.#options.clock.timer('serial.presence', PRESENCE_MS, () => {
      void port.present().then(async (present) => {
        if (this.#closed || this.#line !== line) return;
        if (present) return this.#watchPresence(line, port);
        await line.close();
        if (!this.#closed && this.#line === line) this.#lose(new Error('the device file is gone'));
      });
    });
  }

  #hintAt(line: Line): void {
    if (this.#closed || this.#line !== line || line.answered) return;
    const { detail, fix } = line.standing;
    this.#options.log.warn(`Radio ${this.name}: ${detail}`, { fix });
  }

  #become(condition: RadioCondition, reason?: string): void {
    const changed = condition !== this.#condition || (condition === 'retrying' && reason !== this.#reason);
    this.#condition = condition;
    this.#reason = reason;
    if (changed) this.#events?.condition(condition, reason);
  }
}
