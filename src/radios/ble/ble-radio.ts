import { randomBytes } from 'node:crypto';
import { EdgeError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
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
import { modeOf, RadioMode } from './abilities.js';
import { Adapter } from './adapter.js';
import { BleNode } from './ble-node.js';
import type { Finding } from './controller-finding.js';
import type { ControllerPort } from './controller-port.js';
import { BleLimit } from './limits.js';
import { lookAt } from './look.js';
import type { BleSession } from './session.js';
import { type BleSettings, DEFAULT_SETTINGS } from './settings.js';
import { SHOUT_BYTES } from './shout.js';
import { type Found, pairOf, standingOf } from './standing.js';
import { type DrawBytes, type Identity, Tokens } from './tokens.js';
import { type Way, type Ways, waysTo } from './ways.js';

export interface BleRadioOptions {
  /** What stands after `ble:`; without it the first adapter of the kernel. */
  readonly adapter?: string;
  readonly identity: Identity;
  readonly settings?: Partial<BleSettings>;
  readonly log: Log;
  readonly clock: Clock;
  /** A new way to the controller for each try; by default what the adapter names. */
  readonly port?: () => ControllerPort;
  /** The controllers to use; by default what `port` or the adapter names. */
  readonly ways?: Ways;
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

/** Throws EdgeError `radio.ble.adapter` for an adapter that cannot be one. Everything else is a `condition`. */
export function createBleRadio(options: BleRadioOptions): Radio {
  const { port } = options;
  const given = port === undefined ? undefined : { first: { name: 'the controller', port }, spares: () => [] };
  return new BleRadio(options, options.ways ?? given ?? waysTo(options.adapter));
}

interface Working {
  readonly adapter: Adapter;
  readonly session: BleSession;
  readonly finding: Finding;
}

/** One radio, one set of links, over one controller or two. */
class BleRadio implements Radio {
  readonly kind = RadioKind.Ble;
  readonly name: string;
  readonly traits: RadioTraits;
  readonly #options: BleRadioOptions;
  readonly #settings: BleSettings;
  readonly #ways: Ways;
  readonly #random: DrawBytes;
  readonly #tokens: Tokens;
  readonly #node: BleNode;
  readonly #adapters: Adapter[] = [];
  readonly #counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  #events: RadioEvents | undefined;
  #condition: RadioCondition = 'down';
  #reason: string | undefined;
  #said = '';
  #closed = false;

  constructor(options: BleRadioOptions, ways: Ways) {
    const { adapter, clock, log } = options;
    this.#options = options;
    this.#ways = ways;
    this.#settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.traits = this.#settings.shouts ? { ...TRAITS, shoutBytes: SHOUT_BYTES } : TRAITS;
    this.#random = options.random ?? ((count) => new Uint8Array(randomBytes(count)));
    this.#tokens = new Tokens(options.identity);
    this.name = formatRadioSpec({ kind: 'ble', ...(adapter !== undefined && { adapter }) });
    this.#node = new BleNode({
      ...{ clock, log, tokens: this.#tokens, settings: this.#settings, random: this.#random },
      events: {
        linkUp: (address, frameBytes) => this.#events?.linkUp(address, frameBytes),
        linkDown: (address, reason) => this.#events?.linkDown(address, reason),
        heard: (address, frame) => this.#hear(address, frame),
        overheard: (address, frame) => this.#hear(address, frame, true),
        misbehaved: () => {
          this.#counters.errors += 1;
        },
      },
    });
  }

  get standing(): RadioProbe | undefined {
    const found = this.#found();
    return found.length === 0 ? undefined : standingOf(found);
  }

  async probe(): Promise<RadioProbe> {
    if (this.#closed) return { ok: false, detail: 'closed' };
    return this.standing ?? this.#look();
  }

  async open(events: RadioEvents): Promise<void> {
    if (this.#events !== undefined || this.#closed) {
      throw new EdgeError('radio.open', `${this.name} was opened before.`, { status: 409, fix: 'Make a new radio.' });
    }
    this.#events = events;
    const { first, second } = this.#ways;
    await Promise.all([this.#use(first), ...(second === undefined ? [] : [this.#use(second)])]);
  }

  send(frame: Uint8Array, to?: LinkAddress): SendResult {
    if (this.#closed) return 'down';
    const isSendable = frame.length > 0 && frame.length <= TRAITS.mtuBytes;
    // Counted by itself, whether said or dropped.
    if (isSendable && to === undefined && this.traits.shoutBytes !== undefined) return this.#node.shout(frame);
    const result = isSendable && to !== undefined ? this.#node.send(frame, to) : 'down';
    if (result === 'queued') {
      this.#counters.framesOut += 1;
      this.#counters.bytesOut += frame.length;
    } else if (result === 'down') this.#counters.errors += 1;
    return result;
  }

  drop(address: LinkAddress): void {
    if (!this.#closed) this.#node.drop(address);
  }

  localAddresses(): readonly string[] {
    return this.#working().map(({ finding }) => finding.info.address);
  }

  counters(): RadioCounters {
    return { ...this.#counters, ...(this.#settings.shouts && { shouts: this.#node.shouts() }) };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#adapters.map((adapter) => adapter.close()));
    if (this.#events !== undefined) this.#become('down', 'closed');
  }

  #use(way: Way): Promise<void> {
    const { clock, log } = this.#options;
    const adapter = new Adapter({
      ...{ way, clock, log, node: this.#node, tokens: this.#tokens, settings: this.#settings, random: this.#random },
      index: this.#adapters.length,
      changed: () => this.#arrange(),
    });
    this.#adapters.push(adapter);
    return adapter.start();
  }

  #working(): Working[] {
    return this.#adapters.flatMap((adapter) => {
      const { session } = adapter;
      return session?.finding === undefined ? [] : [{ adapter, session, finding: session.finding }];
    });
  }

  #found(): Found[] {
    return this.#adapters.flatMap(({ name, session, trouble }): Found[] => {
      if (session?.finding !== undefined) return [{ name, finding: session.finding }];
      return trouble === undefined ? [] : [{ name, trouble }];
    });
  }

  /** Shares the work among the controllers there are now, and says how things stand. */
  #arrange(): void {
    if (this.#closed) return;
    const working = this.#working();
    const [a, b] = working;
    const pair = a && b && pairOf(a, b);
    for (const each of working)
      each.adapter.assign(pair === undefined ? 'both' : each === pair.dials ? 'central' : 'peripheral');
    this.#say();
    const trouble = this.#adapters.find((each) => each.trouble !== undefined)?.trouble;
    if (working.length > 0) this.#become('up');
    else if (trouble !== undefined) {
      this.#become('retrying', trouble.message);
    }
    if (a !== undefined && b === undefined && modeOf(a.finding.abilities) !== RadioMode.BothRoles) this.#useSpare();
  }

  /** The only adapter cannot do it all: where nobody said which to use, another one helps. */
  #useSpare(): void {
    if (this.#adapters.length > 1) return;
    const spare = this.#ways.spares()[0];
    if (spare === undefined) return;
    this.#options.log.info('BLE: a second adapter takes half of the work', { radio: this.name, second: spare.name });
    void this.#use(spare);
  }

  /** Once for each change, for the log. */
  #say(): void {
    const { standing } = this;
    // What is not known of all yet would be said twice.
    const isLooking = this.#adapters.some(({ session, trouble }) => session === undefined && trouble === undefined);
    if (standing?.ok !== true || isLooking) return;
    const { mode, detail, fix } = standing;
    const text = `${mode} ${detail}`;
    if (text === this.#said) return;
    this.#said = text;
    const { log } = this.#options;
    const fields = { radio: this.name, mode, detail, ...(fix !== undefined && { fix }) };
    const isLame = this.#adapters.some(({ session, trouble }) => session === undefined && trouble !== undefined);
    if (isLame) log.warn('BLE is up, but one adapter of two fails', fields);
    else if (mode === RadioMode.TimeSliced)
      log.warn('BLE is up, but not central and peripheral at once: the roles take turns', fields);
    else log.info('BLE is up', fields);
  }

  #hear(from: LinkAddress, bytes: Uint8Array, shouted = false): void {
    if (this.#closed) return;
    this.#counters.framesIn += 1;
    this.#counters.bytesIn += bytes.length;
    this.#events?.heard([{ from, bytes, ...(shouted && { shouted }) }]);
  }

  #become(condition: RadioCondition, reason?: string): void {
    if (condition === this.#condition && reason === this.#reason) return;
    this.#condition = condition;
    this.#reason = reason;
    this.#events?.condition(condition, reason);
  }

  async #look(): Promise<RadioProbe> {
    const { first, second, spares } = this.#ways;
    const see = (way: Way): Promise<Found> =>
      lookAt(way, this.#options.clock, this.#random, this.#settings.commandTimeoutMs);
    const found = await Promise.all(second === undefined ? [see(first)] : [see(first), see(second)]);
    const abilities = found[0]?.finding?.abilities;
    const spare = spares()[0];
    if (second === undefined && spare !== undefined && abilities !== undefined && !abilities.atOnce)
      found.push(await see(spare));
    return standingOf(found);
  }
}
