import type { HeardFrame } from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import type { AirConditions } from './conditions.js';
import type { MemoryRadio } from './memory-radio.js';

/** One direction between two places. */
export interface Edge {
  readonly from: Place;
  readonly to: Place;
  /** In range of each other. */
  connected: boolean;
  /** An open link, where radios make links. */
  linked: boolean;
  /** Counts the links made and ended. */
  epoch: number;
  /** The link is no longer wanted; `connect` forgives. */
  dropped: boolean;
  /** Instead of the air's. */
  conditions: AirConditions | undefined;
  /** Frames keep their order on an edge unless the air reorders them. */
  lastArrival: number;
}

/** Where a radio stands. It outlives the radio, so that a restarted node has its surroundings back. */
export interface Place {
  readonly name: string;
  /** Its own stream: what others send does not change what happens to this one's frames. */
  readonly random: Random;
  readonly edges: Map<string, Edge>;
  /** Frames on their way here, at most `MAX_IN_FLIGHT`. */
  inFlight: number;
  /** Links that are up, where radios make links. */
  links: number;
  /** Places of different groups do not hear each other. */
  group: number;
  /** The radio, while it is open and works. */
  radio: MemoryRadio | undefined;
  /** When the transmitter is free again, monotonic ms. */
  freeAt: number;
  /** Heard in this instant, not yet delivered. */
  inbox: HeardFrame[];
}

export const inEarshot = (edge: Edge): boolean => edge.connected && edge.from.group === edge.to.group;

/** Whether a frame sent now along this edge can arrive. */
export function carries(edge: Edge): boolean {
  const { radio } = edge.to;
  if (radio === undefined || edge.from.radio === undefined) return false;
  if (radio.traits.connected || edge.from.radio.traits.connected) return edge.linked;
  return inEarshot(edge);
}
