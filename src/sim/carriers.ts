import type { Radio, RadioTraits } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import { createMemoryAir, type MemoryAir } from '../radios/memory/air.js';
import type { AirConditions } from '../radios/memory/conditions.js';
import type { Position } from './lora/landscape.js';
import { LoraAir, type LoraPhysics } from './lora/lora-air.js';
import { LoraRadio, type TurnTaking } from './lora/lora-radio.js';
import { type ModemName, modemOf } from './lora/modem.js';
import { type RegionName, regionOf } from './lora/regions.js';
import type { SimClock } from './sim-clock.js';
import type { Pair } from './topologies.js';

/** One kind of radio, and who hears whom over it. */
export interface CarrierPlan {
  readonly kind?: 'edges';
  readonly pairs: readonly Pair[];
  readonly air?: Partial<AirConditions>;
  readonly traits?: Partial<RadioTraits>;
}

/** LoRa: who hears whom follows from where they stand. */
export interface LoraPlan {
  readonly kind: 'lora';
  readonly preset: ModemName;
  readonly region: RegionName;
  /** One for each node. */
  readonly positions: readonly Position[];
  readonly physics?: Partial<LoraPhysics>;
  readonly turns?: Partial<TurnTaking>;
  /** The radio says who sent, and takes only what is for it or for all. Default true. */
  readonly addresses?: boolean;
  /** With addresses: it takes what is for others too. */
  readonly overhears?: boolean;
}

export type AnyCarrierPlan = CarrierPlan | LoraPlan;

/** One carrier of a world. A node is its number. */
export interface SimCarrier {
  /** Only of carriers made of edges. */
  readonly air?: MemoryAir;
  /** Only of LoRa. */
  readonly lora?: LoraAir;
  /** Timers it keeps at most. */
  readonly timersMax: number;
  radio(node: number): Radio;
  /** In range, or (LoRa) nothing between them. */
  join(a: number, b: number): void;
  cut(a: number, b: number): void;
  partition(groups: readonly (readonly number[])[]): void;
  /** The node moved; only where positions matter. Whether anybody's range may have changed. */
  move?(node: number, position: Position): void;
  /** Who hears each other now. */
  pairs(): Iterable<Pair>;
}

export interface CarrierContext {
  readonly clock: SimClock;
  readonly random: Random;
}

/** What a radio's neighbours call it; the same on every carrier. */
export const addressOf = (node: number): string => `n${node}`;

export function makeCarrier(plan: AnyCarrierPlan, context: CarrierContext): SimCarrier {
  return plan.kind === 'lora' ? loraCarrier(plan, context) : edgeCarrier(plan, context);
}

function edgeCarrier({ pairs, air: defaults, traits }: CarrierPlan, { clock, random }: CarrierContext): SimCarrier {
  const air = createMemoryAir({ clock, random, connectivity: 'none', ...(defaults && { defaults }) });
  return {
    air,
    timersMax: 1,
    radio: (node) => air.radio(addressOf(node), traits),
    join: (a, b) => air.connect(addressOf(a), addressOf(b)),
    cut: (a, b) => air.cut(addressOf(a), addressOf(b)),
    partition: (groups) => air.partition(groups.map((group) => group.map(addressOf))),
    pairs: () => pairs,
  };
}

function loraCarrier(plan: LoraPlan, { clock, random }: CarrierContext): SimCarrier {
  const { positions, physics, turns, addresses = true, overhears = false } = plan;
  const lora = new LoraAir({
    clock,
    random,
    modem: modemOf(plan.preset),
    region: regionOf(plan.region),
    positions,
    ...(physics && { physics }),
  });
  let lives = 0;
  return {
    lora,
    // For each node the frame it sends, and the turn it waits for.
    timersMax: 2 * positions.length,
    radio: (node) => {
      const options = { air: lora, node, clock, addresses, overhears };
      return new LoraRadio({ ...options, random: random.fork(`radio ${node} ${lives++}`), ...(turns && { turns }) });
    },
    join: (a, b) => lora.block(a, b, false),
    cut: (a, b) => lora.block(a, b, true),
    partition: (groups) => lora.partition(groups),
    move: (node, position) => lora.move(node, position),
    pairs: () => mutualPairs(lora),
  };
}

/** Nodes that hear each other, in both directions. */
export function* mutualPairs(lora: LoraAir): Iterable<Pair> {
  const heard = Array.from({ length: lora.size }, (_, node) => new Set(lora.listeners(node).map(({ to }) => to)));
  for (let a = 0; a < lora.size; a++)
    for (const b of heard[a] ?? []) if (b > a && heard[b]?.has(a) === true) yield [a, b];
}
