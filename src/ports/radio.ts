export const RadioKind = { Udp: 'udp', Ble: 'ble', Serial: 'serial', Quic: 'quic', Memory: 'memory' } as const;
export type RadioKind = (typeof RadioKind)[keyof typeof RadioKind];

/** Opaque to everyone but the radio that made it: `[::1]:4242`, a BLE handle, `peer`. At most 128 characters. */
export type LinkAddress = string;

export interface RadioTraits {
  /** Largest frame in bytes that one send takes. A link may have less (see `linkUp`). */
  readonly mtuBytes: number;
  /** True when `send` without an address reaches everybody in earshot. */
  readonly broadcast: boolean;
  /**
   * Largest frame that `send` without an address puts out beside the links, for those in earshot who have none: slow,
   * lossy, bounded, for what is urgent; what has no room is dropped (`down`), never `full`. Absent: none.
   */
  readonly shoutBytes?: number;
  /** True when links are made by the radio (`linkUp`), false when any heard neighbour is a link (UDP). */
  readonly connected: boolean;
  /** True when a frame sent on an open link is not lost without `linkDown`. */
  readonly reliable: boolean;
  /** What the carrier itself sends; all links of a radio share it. */
  readonly bitsPerSecond: number;
  /** Time in ms from a frame's last byte sent until it is heard, at worst: a connection interval, a turn on a shared air. Default 0. */
  readonly latencyMs?: number;
  /** Time in ms that a frame takes besides its bytes: preamble, header, turn-around. Default 0. */
  readonly frameOverheadMs?: number;
  /** Lowest signal-to-noise ratio in dB at which a frame is still received, where the radio measures it (`HeardFrame.snrDb`). */
  readonly snrFloorDb?: number;
  /** What is for another is heard and handed over, too, as `overheard`. */
  readonly overhears?: true;
  /** Share of time the radio may transmit, 0 to 1. */
  readonly dutyCycle: number;
  /** Relative cost of a byte; UDP is 1. */
  readonly costPerByte: number;
}

export interface RadioProbe {
  readonly ok: boolean;
  /** What was found, one line for people. */
  readonly detail: string;
  /** The command or setting that mends it. */
  readonly fix?: string;
  /** Which way of working the hardware allows, where there are several. */
  readonly mode?: string;
}

export type RadioCondition = 'up' | 'retrying' | 'down';

export interface HeardFrame {
  readonly from: LinkAddress;
  /** It came over no link but from anybody in earshot, put together from what was heard; `from` cannot be answered. */
  readonly shouted?: true;
  /** It was for another: a radio that `overhears` hands it over all the same. */
  readonly overheard?: true;
  /** Signal-to-noise ratio of this copy in dB, where the radio measures it. */
  readonly snrDb?: number;
  /** Owned by the receiver. A plain Uint8Array, never a Buffer, whose slice() would share memory. */
  readonly bytes: Uint8Array;
}

/** Frames that arrived together, in memory of the radio's own: good during the call only. */
export interface HeardBatch {
  readonly slab: Uint8Array;
  /** Frame i is `slab[offsets[i], offsets[i + 1])`. */
  readonly offsets: Uint32Array;
  readonly count: number;
  /** Frame i came from `addresses[sources[i]]`. */
  readonly sources: Uint32Array;
  readonly addresses: readonly LinkAddress[];
  /** Of frame i, in dB, where the radio measures it; NaN where it did not. */
  readonly snrDb?: Float32Array;
}

export interface RadioEvents {
  /** Frames in order of arrival. */
  heard(frames: readonly HeardFrame[]): void;
  /** The same without an object for each frame, from radios that can; left out, they call `heard`. */
  heardBatch?(batch: HeardBatch): void;
  /** Only radios with `connected` links. */
  linkUp(address: LinkAddress, mtuBytes: number): void;
  linkDown(address: LinkAddress, reason: string): void;
  condition(condition: RadioCondition, reason?: string): void;
}

export type SendResult = 'queued' | 'full' | 'down';

export interface RadioCounters {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly errors: number;
  /** Frames said to those in earshot without a link, heard so, and not said because there was no time left for them. */
  readonly shouts?: { readonly said: number; readonly heard: number; readonly dropped: number };
}

/**
 * One way of reaching others. A radio moves whole frames, knows nothing of their content, and never throws after
 * `open`: trouble is a `condition`, and it retries by itself.
 */
export interface Radio {
  readonly kind: RadioKind;
  /** As the user wrote it, for people: `udp:9999@lo`. */
  readonly name: string;
  readonly traits: RadioTraits;
  /** What `probe` would say, for status pages, once it is open; absent where the way of working is always the same. */
  readonly standing?: RadioProbe | undefined;
  probe(): Promise<RadioProbe>;
  /** Resolves once opened, or once the first attempt has failed and retries are running. */
  open(events: RadioEvents): Promise<void>;
  /** Without `to`: to everybody in earshot (`down` when the carrier has no broadcast and does not shout). The frame is copied or sent before the call returns control of it. */
  send(frame: Uint8Array, to?: LinkAddress): SendResult;
  /** The engine no longer wants this link. A no-op where links are not made by the radio. */
  drop(address: LinkAddress): void;
  /** Where a neighbour that was not heard can be tried by hand, e.g. host and port; `undefined` when the carrier has no such thing. */
  addressOf?(host: string, port: number): Promise<LinkAddress>;
  /** Where others reach this radio, for people and for `POST peers`. */
  localAddresses(): readonly string[];
  counters(): RadioCounters;
  close(): Promise<void>;
}
