import { EdgeError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { LinkAddress, Radio, RadioTraits, SendResult } from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import { type AirConditions, CLEAR_AIR, withConditions } from './conditions.js';
import { Delivery } from './delivery.js';
import { type LinkTurns, TurnKeeper } from './link-turns.js';
import { type Carrier, MemoryRadio } from './memory-radio.js';
import { carries, type Edge, inEarshot, type Place } from './place.js';
import { Topology } from './topology.js';

/** Frames on their way to one radio; further ones are lost, or answered `full` by a reliable radio. */
export const MAX_IN_FLIGHT = 4096;
/** Bytes waiting for a transmitter; beyond it `send` answers `full`. */
export const MAX_QUEUED_BYTES = 64 * 1024;
const MAX_NAME_LENGTH = 128;

export const MEMORY_TRAITS: RadioTraits = {
  mtuBytes: 1200,
  broadcast: true,
  connected: false,
  reliable: false,
  bitsPerSecond: 10_000_000,
  dutyCycle: 1,
  costPerByte: 1,
};

export interface MemoryAirOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly defaults?: Partial<AirConditions>;
  /** Who hears whom before `connect` and `cut` say otherwise. `all` costs an edge for each pair. Default `all`. */
  readonly connectivity?: 'all' | 'none';
  /** Links meet at intervals, instead of one transmitter's time that all links share. */
  readonly turns?: LinkTurns;
  /** Links a radio that makes links has at once; further ones come up when one is free. Default: no limit. */
  readonly linksMax?: number;
}

interface AirCounters {
  readonly delivered: number;
  /** By chance, by a cut or a failure while on the way. */
  readonly lost: number;
  readonly duplicated: number;
  readonly corrupted: number;
  readonly reordered: number;
  /** Lost because a receiver had `MAX_IN_FLIGHT` coming. */
  readonly overflowed: number;
}

/**
 * Simulated air. All that happens follows from the random stream and the clock. A radio's address is its name; the
 * same name may be taken again once its radio is closed, and has its surroundings back.
 */
export interface MemoryAir {
  /** Throws EdgeError `radio.air.name` for a name in use, empty or over 128 characters. */
  radio(name: string, traits?: Partial<RadioTraits>): Radio;
  connect(a: string, b: string): void;
  cut(a: string, b: string): void;
  /** Only places of the same group hear each other; those not named form one group. `heal` ends it. */
  partition(groups: readonly (readonly string[])[]): void;
  heal(): void;
  /** Changes the air for everybody, except where `shapeEdge` said otherwise. */
  shape(change: Partial<AirConditions>): void;
  /** One direction only; `undefined` gives it back to the air. */
  shapeEdge(from: string, to: string, change: Partial<AirConditions> | undefined): void;
  /** The hardware fails: condition `retrying`, links down, until `mend`. */
  fail(name: string, reason: string): void;
  mend(name: string): void;
  counters(): AirCounters;
  /** Frames and notices on their way. */
  readonly inFlight: number;
}

/** Throws EdgeError `radio.air` for impossible conditions. */
export const createMemoryAir = (options: MemoryAirOptions): MemoryAir => new Air(options);

class Air implements MemoryAir, Carrier {
  readonly #clock: Clock;
  readonly #topology: Topology;
  readonly #radios = new Map<string, MemoryRadio>();
  readonly #delivery: Delivery;
  readonly #counters = { lost: 0, duplicated: 0, reordered: 0, overflowed: 0 };
  readonly #turns: TurnKeeper | undefined;
  readonly #linksMax: number;
  #conditions: AirConditions;

  constructor({
    clock,
    random,
    defaults = {},
    connectivity = 'all',
    turns,
    linksMax = Number.POSITIVE_INFINITY,
  }: MemoryAirOptions) {
    this.#turns = turns && new TurnKeeper(turns);
    this.#linksMax = linksMax;
    this.#clock = clock;
    this.#delivery = new Delivery(clock);
    this.#topology = new Topology(random, connectivity === 'all');
    this.#conditions = withConditions(CLEAR_AIR, defaults);
  }

  get inFlight(): number {
    return this.#delivery.size;
  }

  radio(name: string, traits: Partial<RadioTraits> = {}): Radio {
    const taken = this.#radios.get(name);
    if (name.length === 0 || name.length > MAX_NAME_LENGTH || (taken !== undefined && !taken.closed)) {
      const fix = `Choose another name of at most ${MAX_NAME_LENGTH} characters, or close the radio that has it.`;
      throw new EdgeError('radio.air.name', `No radio can be called ${JSON.stringify(name.slice(0, 80))}.`, { fix });
    }
    this.#topology.place(name);
    const radio = new MemoryRadio(name, { ...MEMORY_TRAITS, ...traits }, this);
    this.#radios.set(name, radio);
    return radio;
  }

  connect(a: string, b: string): void {
    this.#setConnected(a, b, true, '');
  }

  cut(a: string, b: string): void {
    this.#setConnected(a, b, false, 'out of range');
  }

  partition(groups: readonly (readonly string[])[]): void {
    for (const place of this.#topology.places()) place.group = 0;
    groups.forEach((names, i) => {
      for (const name of names) this.#topology.place(name).group = i + 1;
    });
    for (const place of this.#topology.places()) this.#judgeLinks(place, 'out of range');
  }

  heal(): void {
    this.partition([]);
  }

  shape(change: Partial<AirConditions>): void {
    this.#conditions = withConditions(this.#conditions, change);
  }

  shapeEdge(from: string, to: string, change: Partial<AirConditions> | undefined): void {
    const edge = this.#topology.edge(this.#topology.place(from), this.#topology.place(to));
    edge.conditions = change === undefined ? undefined : withConditions(edge.conditions ?? this.#conditions, change);
  }

  fail(name: string, reason: string): void {
    this.#radios.get(name)?.fail(reason);
  }

  mend(name: string): void {
    this.#radios.get(name)?.mend();
  }

  counters(): AirCounters {
    const { delivered, corrupted, lost } = this.#delivery;
    return { ...this.#counters, delivered, corrupted, lost: this.#counters.lost + lost };
  }

  enter(radio: MemoryRadio): void {
    const place = this.#topology.place(radio.address);
    place.radio = radio;
    if (!radio.traits.connected) return;
    for (const edge of place.edges.values()) {
      edge.dropped = false;
      this.#topology.edge(edge.to, place).dropped = false;
    }
    this.#judgeLinks(place, '');
  }

  leave(radio: MemoryRadio, reason: string): void {
    const place = this.#topology.place(radio.address);
    place.radio = undefined;
    place.freeAt = 0;
    place.inbox = [];
    this.#judgeLinks(place, reason);
  }

  unlink(radio: MemoryRadio, address: LinkAddress): void {
    const edge = this.#topology.place(radio.address).edges.get(address);
    if (edge === undefined || !edge.linked) return;
    edge.dropped = true;
    this.#judgeLink(edge, 'dropped');
  }

  transmit(radio: MemoryRadio, frame: Uint8Array, to: LinkAddress | undefined): SendResult {
    const from = this.#topology.place(radio.address);
    const edge = to === undefined ? undefined : this.#topology.towards(from, to);
    if (to !== undefined && radio.traits.connected && edge?.linked !== true) return 'down';
    if (radio.traits.reliable && this.#isFull(from, edge)) return 'full';
    const now = this.#clock.now();
    if (this.#turns !== undefined && edge !== undefined) return this.#inTurn(this.#turns, edge, frame, now);
    const { bitsPerSecond } = radio.traits;
    const starts = Math.max(now, from.freeAt);
    const waitingBytes = starts === now ? 0 : ((starts - now) * bitsPerSecond) / 8000;
    if (waitingBytes + frame.length > MAX_QUEUED_BYTES) return 'full';
    from.freeAt = starts + (frame.length * 8000) / bitsPerSecond;
    const bytes = frame.slice();
    if (to !== undefined) {
      if (edge !== undefined) this.#launch(edge, bytes, from.freeAt, false);
    } else {
      for (const heard of this.#topology.audience(from)) this.#launch(heard, bytes, from.freeAt, true);
    }
    return 'queued';
  }

  #inTurn(turns: TurnKeeper, edge: Edge, frame: Uint8Array, now: number): SendResult {
    if (turns.isFull(edge, now)) return 'full';
    this.#launch(edge, frame.slice(), turns.leavesAt(edge, frame.length, now), false);
    return 'queued';
  }

  #isFull(from: Place, edge: Edge | undefined): boolean {
    const edges = edge === undefined ? this.#topology.audience(from) : [edge];
    for (const { to } of edges) if (to.inFlight >= MAX_IN_FLIGHT) return true;
    return false;
  }

  #launch(edge: Edge, bytes: Uint8Array, leaves: number, isShared: boolean): void {
    if (!carries(edge)) return;
    const conditions = edge.conditions ?? this.#conditions;
    const { random, radio } = edge.from;
    if (radio?.traits.reliable === true) {
      this.#fly(edge, bytes, leaves, { ...conditions, corrupt: 0, reorder: 0 }, isShared);
    } else if (random.chance(conditions.loss)) {
      this.#counters.lost += 1;
    } else {
      this.#fly(edge, bytes, leaves, conditions, isShared);
      if (!random.chance(conditions.duplicate)) return;
      this.#counters.duplicated += 1;
      this.#fly(edge, bytes.slice(), leaves, conditions, isShared);
    }
  }

  #fly(edge: Edge, bytes: Uint8Array, leaves: number, conditions: AirConditions, isShared: boolean): void {
    if (edge.to.inFlight >= MAX_IN_FLIGHT) {
      this.#counters.overflowed += 1;
      return;
    }
    const { random } = edge.from;
    const { delayMinMs, delayMaxMs, wakeEveryMs } = conditions;
    const share = (): number => random.u32() / 2 ** 32;
    let at = leaves + delayMinMs + (delayMaxMs > delayMinMs ? (delayMaxMs - delayMinMs) * share() : 0);
    if (random.chance(conditions.reorder)) {
      at += delayMaxMs * (1 + share());
      this.#counters.reordered += 1;
    } else {
      at = Math.max(at, edge.lastArrival);
      edge.lastArrival = at;
    }
    if (wakeEveryMs > 0) at = Math.ceil(at / wakeEveryMs) * wakeEveryMs;
    const flippedBit = random.chance(conditions.corrupt) ? random.below(bytes.length * 8) : -1;
    edge.to.inFlight += 1;
    this.#delivery.add({ at, edge, bytes, isShared, flippedBit, epoch: edge.epoch, notice: undefined });
  }

  #setConnected(a: string, b: string, connected: boolean, reason: string): void {
    if (a === b) throw new EdgeError('radio.air', `${a} has no edge to itself.`, { fix: 'Name two radios.' });
    const there = this.#topology.edge(this.#topology.place(a), this.#topology.place(b));
    const back = this.#topology.edge(there.to, there.from);
    for (const edge of [there, back]) {
      edge.connected = connected;
      if (connected) edge.dropped = false;
    }
    this.#judgeLink(there, reason);
  }

  #judgeLinks(place: Place, reason: string): void {
    for (const edge of this.#topology.audience(place)) this.#judgeLink(edge, reason);
  }

  /** Makes or ends the link between two radios that make links, and tells both. */
  #judgeLink(edge: Edge, reason: string): void {
    const back = this.#topology.edge(edge.to, edge.from);
    const both = edge.from.radio?.traits.connected === true && edge.to.radio?.traits.connected === true;
    const hears = both && inEarshot(edge) && inEarshot(back) && !edge.dropped && !back.dropped;
    const wanted = hears && (edge.linked || (this.#hasRoom(edge.from) && this.#hasRoom(edge.to)));
    if (wanted === edge.linked) return;
    for (const one of [edge, back]) {
      one.linked = wanted;
      one.epoch += 1;
      one.from.links += wanted ? 1 : -1;
    }
    this.#announce(edge, back, wanted, reason);
    if (wanted || this.#linksMax === Number.POSITIVE_INFINITY) return;
    // There is room for others now.
    for (const { from } of [edge, back]) this.#judgeLinks(from, reason);
  }

  #hasRoom({ links }: Place): boolean {
    return links < this.#linksMax;
  }

  #announce(edge: Edge, back: Edge, wanted: boolean, reason: string): void {
    const at = this.#clock.now();
    const ends = [edge, back].map((one) => ({ one, radio: this.#radios.get(one.from.name) }));
    const mtuBytes = Math.min(...ends.map(({ radio }) => radio?.traits.mtuBytes ?? 0));
    for (const { one, radio } of ends) {
      if (radio === undefined) continue;
      const notice = { radio, mtuBytes, reason: wanted ? undefined : reason };
      this.#delivery.add({ at, edge: one, bytes: undefined, notice });
    }
  }
}
