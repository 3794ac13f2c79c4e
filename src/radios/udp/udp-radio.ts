import { EdgeError, messageOf } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { DatagramBatch, Datagrams, SystemError } from '../../ports/datagrams.js';
import type { Log } from '../../ports/log.js';
import type {
  HeardFrame,
  LinkAddress,
  Radio,
  RadioCounters,
  RadioEvents,
  RadioProbe,
  RadioTraits,
  SendResult,
} from '../../ports/radio.js';
import { RadioKind } from '../../ports/radio.js';
import { DEFAULT_UDP_PORT, formatRadioSpec } from '../radio-spec.js';
import { advertise, type DnsSdHandle } from './dns-sd.js';
import { type NetworkInterface, readInterfaces } from './interfaces.js';
import { FIRST_RETRY_MS, MAX_LOGGED_CODES, MTU_BYTES, POLL_MS } from './limits.js';
import { nodeDatagrams } from './node-datagrams.js';
import { type AnyPlan, planSockets, type Selection, selectInterfaces } from './plan.js';
import { resolvePeer } from './resolve.js';
import { Sender, type Tally } from './sender.js';
import { type Failure, openPlanned, SocketSet } from './socket-set.js';
import { describe, judge, type RadioState } from './state.js';

export interface UdpRadioOptions {
  /** The discovery port, shared by all agents on a wire. Default 9999. */
  readonly port?: number;
  /** Names of interfaces. Default: all that are up, except `lo`. */
  readonly interfaces?: readonly string[];
  /** This agent's own port, for a firewall. Default: any free one. */
  readonly dataPort?: number;
  /** Publish `identity` by DNS-SD, except on `lo`. Default true. */
  readonly dnsSd?: boolean;
  /** Without it nothing is published. */
  readonly identity?: { readonly name: string; readonly nodeId: string };
  readonly log: Log;
  readonly clock: Clock;
  /** Where sockets come from; Node's dgram by default. */
  readonly datagrams?: Datagrams;
  /** Where interfaces come from; the system by default. */
  readonly readInterfaces?: () => readonly NetworkInterface[];
}

const TRAITS: RadioTraits = {
  mtuBytes: MTU_BYTES,
  broadcast: true,
  connected: false,
  reliable: false,
  bitsPerSecond: 100_000_000,
  dutyCycle: 1,
  costPerByte: 1,
};

/** Throws EdgeError `radio.udp.port` when the own port is the discovery port. */
export function createUdpRadio(options: UdpRadioOptions): Radio {
  const port = options.port ?? DEFAULT_UDP_PORT;
  if (options.dataPort === port) {
    throw new EdgeError('radio.udp.port', `Port ${port} cannot be both the discovery port and this agent's own.`, {
      fix: 'Choose another data port, or leave it out.',
    });
  }
  return new UdpRadio(options, port);
}

class UdpRadio implements Radio {
  readonly kind = RadioKind.Udp;
  readonly name: string;
  readonly traits = TRAITS;
  readonly #options: UdpRadioOptions;
  readonly #port: number;
  readonly #sockets: SocketSet;
  readonly #datagrams: Datagrams;
  readonly #sender: Sender;
  readonly #tally: Tally = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  readonly #logged = new Set<string>();
  #events: RadioEvents | undefined;
  #closed = false;
  #state: RadioState = { condition: 'down' };
  #troubles = 0;
  #shape = '';
  #poll: Timer | undefined;
  #round: Promise<void> = Promise.resolve();
  #dnsSd: { readonly key: string; readonly handle: DnsSdHandle | undefined } | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(options: UdpRadioOptions, port: number) {
    this.#options = options;
    this.#port = port;
    const { interfaces } = options;
    this.name = formatRadioSpec({ kind: 'udp', port, ...(interfaces === undefined ? {} : { interfaces }) });
    this.#datagrams = options.datagrams ?? nodeDatagrams;
    this.#sockets = new SocketSet(
      this.#datagrams,
      { discovery: port, data: options.dataPort ?? 0 },
      { batch: (batch, accepts) => this.#hear(batch, accepts), error: (error) => this.#fault(error) },
    );
    this.#sender = new Sender(this.#sockets, port, this.#tally);
  }

  /** What keeps it down or half of it from working; an open one works in one way only. */
  get standing(): RadioProbe | undefined {
    const { condition, reason, fix } = this.#state;
    return reason === undefined
      ? undefined
      : { ok: condition === 'up', detail: reason, ...(fix !== undefined && { fix }) };
  }

  async probe(): Promise<RadioProbe> {
    try {
      const selection = this.#look();
      // Before the radio is open only an attempt shows whether the discovery port can be had.
      const seen = judge(selection, this.#events === undefined ? await this.#tryPort(selection) : []);
      const state = this.#state.condition === 'retrying' ? this.#state : seen;
      const detail = state.reason ?? `${describe(selection)}, discovery port ${this.#port}`;
      return { ok: state.condition === 'up', detail, ...(state.fix === undefined ? {} : { fix: state.fix }) };
    } catch (error) {
      return { ok: false, detail: messageOf(error) };
    }
  }

  async open(events: RadioEvents): Promise<void> {
    if (this.#events !== undefined || this.#closed) {
      throw new EdgeError('radio.open', `${this.name} was opened before.`, { status: 409, fix: 'Make a new radio.' });
    }
    this.#events = events;
    await this.#refresh();
  }

  send(frame: Uint8Array, to?: LinkAddress): SendResult {
    return this.#closed ? 'down' : this.#sender.send(frame, to);
  }

  drop(_address: LinkAddress): void {}

  addressOf(host: string, port: number): Promise<LinkAddress> {
    return resolvePeer(this.#sockets, host, port);
  }

  localAddresses(): readonly string[] {
    return this.#sockets.data.map(({ address }) => address);
  }

  counters(): RadioCounters {
    return { ...this.#tally };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll?.cancel();
    await this.#round;
    await this.#publishing;
    await Promise.all([this.#sockets.close(), this.#dnsSd?.handle?.stop()]);
    if (this.#events !== undefined) this.#become({ condition: 'down', reason: 'closed' });
  }

  #refresh(): Promise<void> {
    this.#round = this.#follow();
    return this.#round;
  }

  /** One look at the interfaces; the next is planned when it is done, so that two never overlap. */
  async #follow(): Promise<void> {
    const state = await this.#adjust();
    if (this.#closed) return;
    this.#troubles = state.condition === 'up' ? 0 : this.#troubles + 1;
    this.#become(state);
    this.#publishing = this.#publishing.then(() => this.#publish()).catch((error: Error) => this.#fault(error));
    const delay = this.#troubles === 0 ? POLL_MS : Math.min(POLL_MS, FIRST_RETRY_MS * 2 ** (this.#troubles - 1));
    this.#poll = this.#options.clock.timer('udp.interfaces', delay, () => void this.#refresh());
  }

  async #adjust(): Promise<RadioState> {
    try {
      const selection = this.#look();
      const plans = planSockets(selection, (address) => this.#uses(address));
      const failures = await this.#sockets.follow(plans);
      const shape = this.localAddresses().join();
      if (shape !== this.#shape) this.#sender.forget();
      this.#shape = shape;
      return judge(selection, failures);
    } catch (error) {
      this.#fault(error as Error);
      return { condition: 'retrying', reason: messageOf(error) };
    }
  }

  #look(): Selection {
    const all = (this.#options.readInterfaces ?? readInterfaces)();
    const selection = selectInterfaces(all, this.#options.interfaces);
    if (selection.surplus.length > 0) {
      this.#logOnce('surplus', 'Too many interfaces, these are left out', { interfaces: selection.surplus });
    }
    return selection;
  }

  #uses(address: string): boolean {
    return this.#sockets.data.some(({ plan }) => plan.host === address);
  }

  #hear(batch: DatagramBatch, accepts: ((host: string) => boolean) | undefined): void {
    if (this.#closed || this.#events === undefined) return;
    const { count, offsets } = batch;
    let good = 0;
    for (let i = 0; i < count; i++) {
      if (!hasLength(batch, i)) this.#tally.errors += 1;
      else if (this.#isForeign(batch, i, accepts)) good++;
    }
    if (good === count && this.#events.heardBatch !== undefined) {
      this.#tally.framesIn += count;
      this.#tally.bytesIn += offsets[count] as number;
      this.#events.heardBatch(batch);
    } else if (good > 0) this.#hearSome(batch, accepts);
  }

  /** Own multicasts and what is no frame come seldom: then the others are taken out one by one. */
  #hearSome(batch: DatagramBatch, accepts: ((host: string) => boolean) | undefined): void {
    const { count, offsets, sources, addresses, slab } = batch;
    const frames: HeardFrame[] = [];
    for (let i = 0; i < count; i++) {
      if (!hasLength(batch, i) || !this.#isForeign(batch, i, accepts)) continue;
      const bytes = slab.slice(offsets[i], offsets[i + 1]);
      frames.push({ from: addresses[sources[i] as number] as LinkAddress, bytes });
      this.#tally.framesIn += 1;
      this.#tally.bytesIn += bytes.length;
    }
    this.#events?.heard(frames);
  }

  /** Neither an own multicast come back, nor from a host that another socket hears. */
  #isForeign({ sources, hosts, addresses }: DatagramBatch, i: number, accepts?: (host: string) => boolean): boolean {
    const source = sources[i] as number;
    if (accepts !== undefined && !accepts(hosts[source] as string)) return false;
    return !this.#sockets.isOwn(addresses[source] as string);
  }

  #fault(error: SystemError): void {
    this.#tally.errors += 1;
    this.#logOnce(error.code ?? error.name, 'Network error, further ones like it are only counted', {
      reason: error.message,
    });
  }

  #logOnce(code: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#logged.has(code) || this.#logged.size >= MAX_LOGGED_CODES) return;
    this.#logged.add(code);
    this.#options.log.warn(message, { radio: this.name, ...fields });
  }

  #become(state: RadioState): void {
    const changed = state.condition !== this.#state.condition || state.reason !== this.#state.reason;
    this.#state = state;
    if (!changed) return;
    const { condition, reason } = state;
    this.#events?.condition(condition, reason);
  }

  /** Apart from the sockets: opening the radio does not wait for it. */
  async #publish(): Promise<void> {
    const { dnsSd = true, identity, clock, log } = this.#options;
    if (!dnsSd || identity === undefined || this.#closed) return;
    const host = this.#sockets.data.find(({ plan }) => plan.family === 4 && !plan.loopback)?.plan.host;
    const port = this.#sockets.ownPort;
    const key = host === undefined ? '' : `${host}:${port}`;
    if (key === (this.#dnsSd?.key ?? '')) return;
    await this.#dnsSd?.handle?.stop();
    this.#dnsSd = undefined;
    if (host === undefined) return;
    const service = { ...identity, port, discoveryPort: this.#port, address: host };
    this.#dnsSd = { key, handle: await advertise(service, clock, log) };
  }

  async #tryPort(selection: Selection): Promise<Failure[]> {
    const failures: Failure[] = [];
    const doors: AnyPlan[] = planSockets(selection, () => false).filter((plan) => plan.role === 'door');
    for (const plan of doors) {
      try {
        const socket = await openPlanned(this.#datagrams, plan, this.#port, { batch: () => {}, error: () => {} });
        await socket.close();
      } catch (error) {
        failures.push({ plan, port: this.#port, error: error as SystemError });
      }
    }
    return failures;
  }
}

function hasLength({ offsets }: DatagramBatch, i: number): boolean {
  const length = (offsets[i + 1] as number) - (offsets[i] as number);
  return length > 0 && length <= MTU_BYTES;
}
