import type { AirTime } from './air-time.js';
import type { ControllerQuirks } from './controller-quirks.js';

export interface Advertising {
  readonly intervalMs: number;
  /** 0 connectable, 3 neither connectable nor scannable. */
  readonly type: number;
  readonly ownAddressType: number;
}

export interface Initiating {
  readonly address: string;
  readonly addressType: number;
  readonly ownAddressType: number;
  readonly intervalMs: number;
  readonly latency: number;
  /** Share of the time in which it listens. */
  readonly duty: number;
  readonly supervisionMs: number;
}

/** One side of a link, with a handle of its own. */
export interface LinkEnd {
  readonly controller: Station;
  readonly handle: number;
  readonly waiting: Uint8Array[];
}

export interface StationLink {
  readonly central: LinkEnd;
  readonly peripheral: LinkEnd;
  other(end: LinkEnd): LinkEnd;
  send(end: LinkEnd, packet: Uint8Array): void;
  /** Ends it on both sides, each with its reason. */
  drop(centralReason: number, peripheralReason: number): void;
  /** Nothing arrives any more; both sides notice after the supervision timeout. */
  lose(): void;
  reachChanged(): void;
}

export interface Airspace {
  /** 0: as fast as possible. 1: at the intervals that were asked for. */
  readonly timeScale: 0 | 1;
  readonly packetsPerEvent: number;
  readonly time: AirTime;
  readonly controllers: Set<Station>;
  readonly links: Set<StationLink>;
  hears(a: Station, b: Station): boolean;
  rssi(a: Station, b: Station): number;
  advertMs(askedMs: number): number;
  supervisionMs(askedMs: number): number;
  /** Whether who listens for a share of the time receives this advert. */
  catches(duty: number): boolean;
  /** Whether a packet on a link is lost, and with it what is left of its connection event. */
  losesPacket(): boolean;
  /** Whether a connection event does not take place. */
  missesEvent(): boolean;
}

/** A controller as the air, its links and its commands see it. */
export interface Station {
  readonly air: Airspace;
  readonly name: string;
  readonly publicAddress: string;
  readonly maxLinks: number;
  readonly aclBytes: number;
  readonly aclBuffers: number;
  readonly quirks: ControllerQuirks;
  readonly violations: string[];
  readonly linkCount: number;
  readonly isAdvertising: boolean;
  randomAddress: string;
  advertising: Advertising;
  advertData: Uint8Array;
  isScanning: boolean;
  /** Share of the time in which it listens: window by interval. */
  scanDuty: number;
  initiating: Initiating | undefined;
  toHost(packet: Uint8Array): void;
  /** The end of a link by its handle here. */
  find(handle: number): { readonly end: LinkEnd; readonly link: StationLink } | undefined;
  isLinkedTo(address: string): boolean;
  ownAddress(type: number): string;
  newHandle(): number;
  adopt(end: LinkEnd, link: StationLink): void;
  /** Packets left it; their buffers are free. */
  completed(count: number): void;
  linkEnded(end: LinkEnd, reason: number): void;
  /** `report`: the event for the host, but for how loud it is. */
  hearAdvert(from: Station, report: Uint8Array): void;
  setAdvertising(on: boolean): void;
  connected(status: number, handle: number, role: number, peer: { address: string; type: number }, p: Initiating): void;
  reset(): void;
  vanish(): void;
}
