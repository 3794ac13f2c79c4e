import type { Priority } from '../../wire/frame-types.js';
import type { Position } from '../lora/landscape.js';
import type { ModemName } from '../lora/modem.js';
import type { RegionName } from '../lora/regions.js';
import type { Pair } from '../topologies.js';

/** How nodes stand, before anything moves them. */
export const PLACEMENTS = ['line', 'ring', 'grid', 'scatter'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** Who is linked to whom, where it does not follow from where they stand. */
export const SHAPES = ['line', 'ring', 'star', 'grid', 'clique', 'tree'] as const;
export type Shape = (typeof SHAPES)[number];

const RADIO_KINDS = ['udp', 'ble', 'serial', 'lora'] as const;
type ScenarioRadioKind = (typeof RADIO_KINDS)[number];

/** By number; `'any'` is drawn by the seed each time. */
export type Chosen = readonly number[] | 'any';

export interface ScenarioNodes {
  readonly count: number;
  readonly placement: Placement;
  /** Between neighbours of a line, a ring or a grid, metres. */
  readonly spacingM: number;
  /** Of the square that a scatter fills and that those who move stay in, metres. */
  readonly sideM: number;
  /** Instead of a placement: one for each node. */
  readonly positions?: readonly Position[];
  /** They start one after the other, over so long. */
  readonly startOverMs: number;
}

/** Numbers that a kind of radio has by itself are left out where the scenario says nothing. */
export interface ScenarioRadio {
  readonly kind: ScenarioRadioKind;
  /** Who has one; absent: all. */
  readonly nodes?: readonly number[];
  /** Who is nearer than this is in range. Of udp, ble and serial. */
  readonly rangeM?: number;
  readonly shape?: Shape;
  readonly links?: readonly Pair[];
  /** Share of frames (udp, serial) or of packets that are sent again (ble), 0 to 1. */
  readonly loss?: number;
  readonly delayMs?: readonly [least: number, most: number];
  readonly reorder?: number;
  readonly bitsPerSecond?: number;
  /** Connection interval of ble. */
  readonly intervalMs?: number;
  /** Links a ble node keeps at most. */
  readonly linksMax?: number;
  readonly preset?: ModemName;
  readonly region?: RegionName;
  /** Of lora: deviation of what the ground adds or takes, dB. */
  readonly shadowDb?: number;
}

/** Random waypoint: a node walks to a place drawn by the seed, rests, and walks on. */
export interface ScenarioMobility {
  readonly speedMps: readonly [least: number, most: number];
  /** Longest rest. */
  readonly pauseMs: number;
  /** Of the nodes, 0 to 1. */
  readonly share: number;
}

/** Nodes that crash and come back, at random. */
export interface ScenarioChurn {
  readonly meanUpMs: number;
  readonly meanDownMs: number;
  readonly nodes?: readonly number[];
}

interface At {
  readonly atMs: number;
}
interface Those extends At {
  readonly nodes: readonly number[];
}

export type Fault =
  | ({ readonly do: 'crash' } & Those)
  | ({ readonly do: 'start' } & Those)
  | ({ readonly do: 'stop' } & Those)
  | ({ readonly do: 'partition'; readonly groups: readonly (readonly number[])[] } & At)
  | ({ readonly do: 'heal' } & At)
  /** `radio` counts from 0; cut is over all radios. */
  | ({ readonly do: 'cut'; readonly link: Pair } & At)
  | ({ readonly do: 'join'; readonly link: Pair; readonly radio: number } & At)
  | ({ readonly do: 'stall'; readonly forMs: number } & Those)
  | ({ readonly do: 'skew'; readonly aheadMs: number } & Those)
  | ({ readonly do: 'unplug'; readonly radio: number; readonly forMs: number } & Those)
  | ({
      readonly do: 'flood';
      readonly perSecond: number;
      readonly bytes: number;
      readonly forMs: number;
    } & Those);

const TRAFFIC_KINDS = ['broadcast', 'directed', 'alert', 'record', 'erase', 'state'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

export interface Traffic {
  readonly send: TrafficKind;
  /** At random times, so far apart in the mean; or `atMs`. */
  readonly everyMs?: number;
  readonly atMs?: readonly number[];
  readonly fromMs: number;
  /** Absent: until the scenario ends. */
  readonly untilMs?: number;
  readonly from: Chosen;
  readonly to: Chosen;
  readonly bytes: number;
  readonly priority: Priority;
  readonly ack: boolean;
  /** Of directed ones: stored and forwarded where the way is cut, for so long. */
  readonly keepMs?: number;
  /** Of a record or an erasure: its name; absent: by number. */
  readonly name?: string;
}

/** What has to hold at the end; what is absent is not asked for. */
export interface Expectations {
  /** Least share of deliveries, of those that could be: to nodes up and in the same component when it was sent. */
  readonly delivered?: number;
  /** Least share of acknowledged messages whose sender learned that they arrived. */
  readonly acknowledged?: number;
  /** Least share of messages to be kept that arrived by the end of the run. */
  readonly kept?: number;
  readonly medianMs?: number;
  readonly p95Ms?: number;
  readonly p99Ms?: number;
  readonly alertP95Ms?: number;
  /** Most frame bytes a node sends in a minute, in the mean. */
  readonly bytesPerNodeMinute?: number;
  /** At the end: least share of nodes that hold the same as most of their segment; … */
  readonly agreement?: number;
  /** … most segments, and most nodes of one. */
  readonly segments?: number;
  readonly largestSegment?: number;
  /** Most that checkers find wrong. */
  readonly findings?: number;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly seeds: readonly number[];
  /** Traffic and faults happen in so long … */
  readonly durationMs: number;
  /** … and then it comes to rest. */
  readonly restMs: number;
  readonly nodes: ScenarioNodes;
  readonly radios: readonly ScenarioRadio[];
  readonly timing: { readonly heartbeatMs?: number; readonly peerTimeoutMs?: number };
  readonly mobility?: ScenarioMobility;
  readonly churn?: ScenarioChurn;
  readonly faults: readonly Fault[];
  readonly traffic: readonly Traffic[];
  readonly expect: Expectations;
}
