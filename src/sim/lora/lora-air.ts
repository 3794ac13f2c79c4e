import { EdgeError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Random } from '../../ports/random.js';
import { Landscape, type Path, type Position } from './landscape.js';
import { loraAirtimeMs, type Modem, NOISE_FIGURE_DB, noiseDbm, snrFloorDb, symbolMs } from './modem.js';
import type { LossModel } from './path-loss.js';
import type { Region } from './regions.js';
import { Fate, meet, type Signal } from './signal.js';

export interface LoraPhysics {
  readonly model: LossModel;
  readonly heightM: number;
  readonly antennaGainDbi: number;
  readonly noiseFigureDb: number;
  /** Deviation of the loss from the model, by pair and by direction, dB. */
  readonly shadowDb: number;
  readonly asymmetryDb: number;
  /** So much stronger a signal must be to prevail over another, dB. */
  readonly captureDb: number;
  /** So far below the sensitivity a signal is still noticed, and in the way, dB. */
  readonly noticeDb: number;
  /** A listener notices a signal once it has lasted so many symbols. */
  readonly noticeSymbols: number;
  /** Frames are counted too long in Meshtasticator's way. */
  readonly wideAirtime: boolean;
  /** Share of the time that somebody of another network is heard by who listens. */
  readonly foreignBusy: number;
}

/** Meshtasticator's default model, with what differs between directions as there. */
const LORA_PHYSICS: LoraPhysics = {
  model: 'suburban',
  heightM: 1,
  antennaGainDbi: 0,
  noiseFigureDb: NOISE_FIGURE_DB,
  shadowDb: 0,
  asymmetryDb: 2,
  captureDb: 6,
  noticeDb: 3,
  noticeSymbols: 3,
  wideAirtime: false,
  foreignBusy: 0,
};

export interface LoraAirOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly modem: Modem;
  readonly region: Region;
  readonly positions: readonly Position[];
  readonly physics?: Partial<LoraPhysics>;
}

/** What a transceiver tells of. */
export interface StationEvents {
  /** `to` is what the sender said, if anything: everybody in earshot hears it. */
  heard(frame: Uint8Array, from: number, snrDb: number, to: number | undefined): void;
  /** Its own frame has left. */
  sent(): void;
}

/** Sees every frame that is sent, and every one that is understood. */
interface AirWatcher {
  sent?(node: number, frame: Uint8Array): void;
  heard?(node: number, frame: Uint8Array, from: number): void;
}

interface LoraCounters {
  transmissions: number;
  airtimeMs: number;
  /** Frames as they arrived at receivers: understood, and of these those that prevailed over another. */
  received: number;
  captured: number;
  collided: number;
  /** Noticed, but below the floor. */
  weak: number;
  /** Missed because the receiver was transmitting. */
  deaf: number;
  cut: number;
}

interface Packet {
  readonly from: number;
  readonly to: number | undefined;
  readonly bytes: Uint8Array;
}

interface Station {
  readonly signals: Signal[];
  events: StationEvents | undefined;
  sendingUntil: number;
  sending: readonly Signal[];
  group: number;
}

/** Symbols at the end of the preamble that a receiver needs to find a frame (LoRaSim). */
const LOCK_SYMBOLS = 5;

/**
 * Who stands where with a LoRa transceiver, all on one channel: each hears those strong enough, half duplex, one frame
 * at a time. Everything follows from the random stream and the clock. A node is its number.
 */
export class LoraAir {
  readonly modem: Modem;
  readonly region: Region;
  readonly physics: LoraPhysics;
  readonly noiseDbm: number;
  readonly snrFloorDb: number;
  readonly counters: LoraCounters = {
    transmissions: 0,
    airtimeMs: 0,
    received: 0,
    captured: 0,
    collided: 0,
    weak: 0,
    deaf: 0,
    cut: 0,
  };
  /** By node. */
  readonly airtimeMs: Float64Array;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #landscape: Landscape;
  readonly #stations: Station[];
  readonly #blocked = new Set<number>();
  readonly #watchers: AirWatcher[] = [];

  constructor({ clock, random, modem, region, positions, physics }: LoraAirOptions) {
    this.modem = modem;
    this.region = region;
    this.physics = { ...LORA_PHYSICS, ...physics };
    this.noiseDbm = noiseDbm(modem, this.physics.noiseFigureDb);
    this.snrFloorDb = snrFloorDb(modem);
    this.#clock = clock;
    this.#random = random.fork('foreign');
    const { model, heightM, antennaGainDbi, shadowDb, asymmetryDb, noticeDb } = this.physics;
    const { powerDbm, frequencyHz } = region;
    const weakestDbm = this.noiseDbm + this.snrFloorDb - noticeDb;
    const of = { model, frequencyHz, powerDbm, antennaGainDbi, heightM, shadowDb, asymmetryDb, weakestDbm };
    this.#landscape = new Landscape(of, positions, random.fork('shadows'));
    this.airtimeMs = new Float64Array(positions.length);
    this.#stations = positions.map(() => ({
      signals: [],
      events: undefined,
      sendingUntil: 0,
      sending: [],
      group: 0,
    }));
  }

  get size(): number {
    return this.#stations.length;
  }

  /** Ms that a frame of so many bytes is on this air. */
  frameMs(bytes: number): number {
    return loraAirtimeMs(this.modem, bytes, this.physics.wideAirtime);
  }

  position(node: number): Position {
    return this.#landscape.position(node);
  }

  move(node: number, position: Position): void {
    this.#landscape.move(node, position);
  }

  /** Who can understand a node now, were all silent: number and signal-to-noise ratio. */
  listeners(from: number): { to: number; snrDb: number }[] {
    const understood = ({ to, powerDbm }: Path): boolean => this.#decodable(powerDbm) && this.#carries(from, to);
    return this.#landscape
      .paths(from)
      .filter(understood)
      .map(({ to, powerDbm }) => ({ to, snrDb: powerDbm - this.noiseDbm }));
  }

  /** Whether `to` understands `from` now, were all silent. */
  canHear(from: number, to: number): boolean {
    return this.#decodable(this.#landscape.powerDbm(from, to)) && this.#carries(from, to);
  }

  /** Something stands between two nodes, or no longer. */
  block(a: number, b: number, blocked: boolean): void {
    if (blocked) this.#blocked.add(this.#pair(a, b));
    else this.#blocked.delete(this.#pair(a, b));
  }

  /** Only nodes of the same group hear each other; those not named form one. */
  partition(groups: readonly (readonly number[])[]): void {
    for (const station of this.#stations) station.group = 0;
    groups.forEach((nodes, i) => {
      for (const node of nodes) this.#station(node).group = i + 1;
    });
  }

  watch(watcher: AirWatcher): void {
    this.#watchers.push(watcher);
  }

  switchOn(node: number, events: StationEvents): void {
    this.#station(node).events = events;
  }

  /** What it was sending or hearing is lost. */
  switchOff(node: number): void {
    const station = this.#station(node);
    station.events = undefined;
    station.sendingUntil = this.#clock.now();
    for (const signal of [...station.sending, ...station.signals]) {
      if (signal.fate === Fate.Clear) signal.fate = Fate.Cut;
    }
    station.sending = [];
  }

  isSending(node: number): boolean {
    return this.#station(node).sendingUntil > this.#clock.now();
  }

  /** Whether a frame is just coming in that has been noticed. */
  isReceiving(node: number): boolean {
    return this.#notices(node, (signal) => signal.decodable && signal.fate !== Fate.Deaf);
  }

  /** Channel activity detection: whether anybody is heard sending, be it too weak to be understood. */
  isBusy(node: number): boolean {
    if (this.physics.foreignBusy > 0 && this.#random.chance(this.physics.foreignBusy)) return true;
    return this.#notices(node, () => true);
  }

  /** Sends at once, whatever is in the air; the time in ms it takes. Throws EdgeError `sim.lora.busy` for a second frame at a time. */
  transmit(node: number, frame: Uint8Array, to?: number): number {
    const station = this.#station(node);
    const startAt = this.#clock.now();
    if (station.sendingUntil > startAt || station.events === undefined) {
      throw new EdgeError('sim.lora.busy', `Node ${node} is sending or off.`, { fix: 'Wait for `sent`.' });
    }
    const airtime = this.frameMs(frame.length);
    const endAt = startAt + airtime;
    station.sendingUntil = endAt;
    for (const signal of station.signals) if (signal.fate === Fate.Clear) signal.fate = Fate.Deaf;
    station.sending = this.#spread(node, startAt, endAt);
    this.counters.transmissions += 1;
    this.counters.airtimeMs += airtime;
    this.airtimeMs[node] = (this.airtimeMs[node] as number) + airtime;
    for (const watcher of this.#watchers) watcher.sent?.(node, frame);
    const { sending, events } = station;
    const bytes = frame.slice();
    this.#clock.timer('lora.air', airtime, () => {
      this.#arrive({ from: node, to, bytes }, sending);
      if (station.events === events) events.sent();
    });
    return airtime;
  }

  #spread(from: number, startAt: number, endAt: number): Signal[] {
    const lockAt = startAt + (this.modem.preambleSymbols - LOCK_SYMBOLS) * symbolMs(this.modem);
    const signals: Signal[] = [];
    for (const { to, powerDbm } of this.#landscape.paths(from)) {
      const receiver = this.#station(to);
      if (receiver.events === undefined || !this.#carries(from, to)) continue;
      const decodable = this.#decodable(powerDbm);
      const isDeaf = receiver.sendingUntil > lockAt;
      const fate = !decodable ? Fate.Weak : isDeaf ? Fate.Deaf : Fate.Clear;
      const signal: Signal = { to, powerDbm, startAt, lockAt, endAt, decodable, fate, contested: false };
      for (const earlier of receiver.signals) meet(earlier, signal, this.physics.captureDb);
      receiver.signals.push(signal);
      signals.push(signal);
    }
    return signals;
  }

  #arrive({ from, to: meant, bytes }: Packet, signals: readonly Signal[]): void {
    for (const signal of signals) {
      const { signals: there } = this.#station(signal.to);
      there.splice(there.indexOf(signal), 1);
    }
    // All are off the air before the first is answered.
    for (const { to, powerDbm, fate, contested } of signals) {
      if (fate === Fate.Clear) {
        this.counters.received += 1;
        if (contested) this.counters.captured += 1;
        for (const watcher of this.#watchers) watcher.heard?.(to, bytes, from);
        this.#station(to).events?.heard(bytes.slice(), from, powerDbm - this.noiseDbm, meant);
      } else this.counters[fate] += 1;
    }
  }

  #notices(node: number, which: (signal: Signal) => boolean): boolean {
    const since = this.#clock.now() - this.physics.noticeSymbols * symbolMs(this.modem);
    return this.#station(node).signals.some((signal) => signal.startAt <= since && which(signal));
  }

  #decodable(powerDbm: number): boolean {
    return powerDbm - this.noiseDbm >= this.snrFloorDb;
  }

  #carries(from: number, to: number): boolean {
    if (this.#blocked.size > 0 && this.#blocked.has(this.#pair(from, to))) return false;
    return this.#station(from).group === this.#station(to).group;
  }

  #pair(a: number, b: number): number {
    return Math.min(a, b) * this.size + Math.max(a, b);
  }

  #station(node: number): Station {
    return this.#stations[node] as Station;
  }
}
