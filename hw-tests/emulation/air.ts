import type { Random } from '../../dist/ports/random.js';
import { type AirTime, realAirTime } from './air-time.js';
import type { Airspace, Station, StationLink } from './types.js';

export interface AirOptions {
  /** 0: everything as fast as possible. 1: adverts and connection events at the intervals that were asked for. */
  readonly timeScale?: 0 | 1;
  /** Packets each side sends in one connection event at time scale 1. */
  readonly packetsPerEvent?: number;
  /** Interval of adverts at time scale 0; default 20 ms. */
  readonly advertMs?: number;
  /** How long a link outlives its ends' hearing each other; by default what was asked for, scaled. */
  readonly supervisionMs?: number;
  /** At time scale 1, with `random`: share of the packets on links that are lost, and sent again at the next event. */
  readonly packetLoss?: number;
  /** The same: share of connection events that a controller misses because it scans or serves another link. */
  readonly missedEvents?: number;
  /** By default the machine's. */
  readonly time?: AirTime;
  /** With it adverts come up to 10 ms late, and scans hear them for the share of time they listen; without it all are heard. */
  readonly random?: Random;
}

/** Fastest adverts at time scale 0. */
const LEAST_ADVERT_MS = 20;
const DEFAULT_PACKETS_PER_EVENT = 4;
/** Between adverts a controller waits up to so long more, drawn each time, so that two do not collide for ever. */
const ADVERT_DELAY_MS = 10;

/** The space between emulated controllers: who hears whom, how loud, and the links that hold. */
export class Air implements Airspace {
  readonly timeScale: 0 | 1;
  readonly packetsPerEvent: number;
  readonly time: AirTime;
  readonly controllers = new Set<Station>();
  readonly links = new Set<StationLink>();
  readonly #supervisionMs: number | undefined;
  readonly #advertMs: number;
  readonly #random: Random | undefined;
  readonly #packetLoss: number;
  readonly #missedEvents: number;
  #nextId = 1;
  #hears: (a: Station, b: Station) => boolean = () => true;
  #rssi: (a: Station, b: Station) => number = () => -50;

  constructor(options: AirOptions = {}) {
    this.timeScale = options.timeScale ?? 0;
    this.time = options.time ?? realAirTime;
    this.#random = options.random;
    this.#packetLoss = options.packetLoss ?? 0;
    this.#missedEvents = options.missedEvents ?? 0;
    this.packetsPerEvent = options.packetsPerEvent ?? DEFAULT_PACKETS_PER_EVENT;
    this.#supervisionMs = options.supervisionMs;
    this.#advertMs = options.advertMs ?? LEAST_ADVERT_MS;
  }

  enter(controller: Station): number {
    this.controllers.add(controller);
    return this.#nextId++;
  }

  hears(a: Station, b: Station): boolean {
    return a !== b && this.#hears(a, b);
  }

  rssi(a: Station, b: Station): number {
    return this.#rssi(a, b);
  }

  /** Changes who hears whom, at once; links between those who do not any more die by supervision timeout. */
  setReach(hears: (a: Station, b: Station) => boolean): void {
    this.#hears = hears;
    for (const link of [...this.links]) link.reachChanged();
  }

  setRssi(rssi: (a: Station, b: Station) => number): void {
    this.#rssi = rssi;
  }

  advertMs(askedMs: number): number {
    const everyMs = this.timeScale === 0 ? this.#advertMs : Math.max(LEAST_ADVERT_MS, askedMs);
    return everyMs + (this.#random?.below(ADVERT_DELAY_MS + 1) ?? 0);
  }

  catches(duty: number): boolean {
    return this.#random?.chance(duty) ?? true;
  }

  losesPacket(): boolean {
    return this.#random?.chance(this.#packetLoss) ?? false;
  }

  missesEvent(): boolean {
    return this.#random?.chance(this.#missedEvents) ?? false;
  }

  supervisionMs(askedMs: number): number {
    return this.#supervisionMs ?? (this.timeScale === 0 ? 0 : askedMs);
  }

  close(): void {
    for (const controller of [...this.controllers]) controller.vanish();
  }
}
