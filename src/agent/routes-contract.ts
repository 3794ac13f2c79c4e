export type { TraceHop, TracePath, TraceRequest, TraceResult, TraceStop } from '../services/trace/path.js';

/** A neighbour over which a destination may be reached. */
export interface RouteAlternative {
  readonly nextHop: string;
  readonly radio: string;
  readonly cost: number;
  /** It is nearer to the destination than this node. Only such neighbours are used: so no frame goes in a circle. */
  readonly feasible: boolean;
}

/** A route that a person set. */
interface RoutePin {
  readonly nextHop: string;
  /** It serves while no way is known that costs less; without it always. */
  readonly cost?: number;
}

export interface RouteView {
  readonly destination: string;
  readonly nextHop: string;
  readonly cost: number;
  readonly radio: string;
  /** 0 for a pinned route. */
  readonly expiresAt: number;
  /** A person set it, and it serves. */
  readonly pinned: boolean;
  /** 0 when that is not known. */
  readonly hops: number;
  /** False: only traffic from there told of the way, and it serves until the states of the nodes on it arrive. */
  readonly confirmed: boolean;
  /** What a person set, also while its next hop is not there or another way costs less. */
  readonly pin?: RoutePin;
  /** Other ways, the cheapest first; the feasible ones serve at once when the best one fails. */
  readonly alternatives: readonly RouteAlternative[];
}

/** `nextHop: null` takes the pin away. */
export interface PinOptions {
  /** 1 to 65,535: the pin serves only while no way is known that costs less. Without it, always. */
  readonly cost?: number;
}
