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
}

/** Fastest adverts at time scale 0. */
const LEAST_ADVERT_MS = 20;
const DEFAULT_PACKETS_PER_EVENT = 4;

/** The space between emulated controllers: who hears whom, how loud, and the links that hold. */
export class Air implements Airspace {
  readonly timeScale: 0 | 1;
  readonly packetsPerEvent: number;
  readonly controllers = new Set<Station>();
  readonly links = new Set<StationLink>();
  readonly #supervisionMs: number | undefined;
  readonly #advertMs: number;
  #nextId = 1;
  #hears: (a: Station, b: Station) => boolean = () => true;
  #rssi: (a: Station, b: Station) => number = () => -50;

  constructor(options: AirOptions = {}) {
    this.timeScale = options.timeScale ?? 0;
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
    return this.timeScale === 0 ? this.#advertMs : Math.max(LEAST_ADVERT_MS, askedMs);
  }

  supervisionMs(askedMs: number): number {
    return this.#supervisionMs ?? (this.timeScale === 0 ? 0 : askedMs);
  }

  close(): void {
    for (const controller of [...this.controllers]) controller.vanish();
  }
}
