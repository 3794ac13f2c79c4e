import { EdgeError } from '../core/errors.js';
import type { Radio, RadioTraits } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import { createMemoryAir, type MemoryAir } from '../radios/memory/air.js';
import type { AirConditions } from '../radios/memory/conditions.js';
import { BLE_TURNS, type LinkTurns } from '../radios/memory/link-turns.js';
import type { Position } from './lora/landscape.js';
import { LoraAir, type LoraPhysics } from './lora/lora-air.js';
import { LoraRadio, type TurnTaking } from './lora/lora-radio.js';
import { type ModemName, modemOf } from './lora/modem.js';
import { type RegionName, regionOf } from './lora/regions.js';
import { type RangePlan, Reach } from './reach.js';
import type { SimClock } from './sim-clock.js';
import type { Pair } from './topologies.js';

interface Reaching {
  /** Nodes in range of each other wherever they are. */
  readonly pairs?: readonly Pair[];
  /** Besides, those that are near enough. */
  readonly range?: RangePlan;
}

/** One kind of radio, and who hears whom over it. */
export interface CarrierPlan extends Reaching {
  readonly kind?: 'edges';
  readonly pairs: readonly Pair[];
  readonly air?: Partial<AirConditions>;
  readonly traits?: Partial<RadioTraits>;
  /** Frames from the first of each do not reach the second; the other way they do. */
  readonly deaf?: readonly Pair[];
  /** Of all directions this share, chosen at random, loses so much besides. */
  readonly uneven?: { readonly share: number; readonly loss: number };
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
  /** With addresses: it hands over what is for others too, as overheard. Default: it does. */
  readonly overhears?: boolean;
}

/** BLE: links that the radios make, reliable, with a few packets at each meeting. */
export interface BlePlan extends Reaching, Partial<LinkTurns> {
  readonly kind: 'ble';
  /** Links of a node at once, those that came first. Default 7. */
  readonly linksMax?: number;
  readonly mtuBytes?: number;
}

/** UDP: fast, lossy, out of order. */
export interface UdpPlan extends Reaching {
  readonly kind: 'udp';
  /** From a frame's last byte sent to its arrival, at least and at most, ms. Default 1 to 5. */
  readonly delayMs?: readonly [number, number];
  readonly loss?: number;
  readonly reorder?: number;
  readonly duplicate?: number;
  readonly bitsPerSecond?: number;
}

export type AnyCarrierPlan = CarrierPlan | LoraPlan | BlePlan | UdpPlan;

/** One carrier of a world. A node is its number. */
export interface SimCarrier {
  /** Of all kinds but LoRa. */
  readonly air?: MemoryAir;
  readonly lora?: LoraAir;
  /** Timers it keeps at most. */
  readonly timersMax: number;
  radio(node: number): Radio;
  /** In range, or (LoRa) nothing between them. */
  join(a: number, b: number): void;
  cut(a: number, b: number): void;
  partition(groups: readonly (readonly number[])[]): void;
  /** A node is elsewhere; the nodes whose range may have changed thereby. */
  move(node: number, position: Position): number[];
  /** Whether two hear each other, were they on and alone. */
  hasPair(a: number, b: number): boolean;
  pairs(): Iterable<Pair>;
}

export interface CarrierContext {
  readonly nodes: number;
  readonly clock: SimClock;
  readonly random: Random;
}

const BLE_LINKS_MAX = 7;
const BLE_MTU_BYTES = 512;
const UDP_DELAY_MS = [1, 5] as const;
/** The kernel keeps what has come until the process is scheduled. */
const UDP_WAKE_MS = 1;

/** What a radio's neighbours call it; the same on every carrier. */
export const addressOf = (node: number): string => `n${node}`;

/** Throws EdgeError `sim.carrier` where positions are missing. */
export function makeCarrier(plan: AnyCarrierPlan, context: CarrierContext): SimCarrier {
  const positions = plan.kind === 'lora' ? plan.positions : plan.range?.positions;
  if (positions !== undefined && positions.length !== context.nodes) {
    const fix = 'Give a position for each node.';
    throw new EdgeError('sim.carrier', `${positions.length} positions for ${context.nodes} nodes.`, { fix });
  }
  if (plan.kind === 'lora') return loraCarrier(plan, context);
  if (plan.kind === 'ble') return edgeCarrier(blePlan(plan), context, bleAir(plan));
  return edgeCarrier(plan.kind === 'udp' ? udpPlan(plan) : plan, context, {});
}

const rangeOf = ({ pairs = [], range }: Reaching): Pick<CarrierPlan, 'pairs' | 'range'> => ({
  pairs,
  ...(range && { range }),
});

function udpPlan(plan: UdpPlan): CarrierPlan {
  const { delayMs = UDP_DELAY_MS, loss = 0, reorder = 0, duplicate = 0, bitsPerSecond = 100_000_000 } = plan;
  const air = { loss, reorder, duplicate, delayMinMs: delayMs[0], delayMaxMs: delayMs[1], wakeEveryMs: UDP_WAKE_MS };
  return { ...rangeOf(plan), air, traits: { mtuBytes: 1_200, bitsPerSecond } };
}

const turnsOf = (plan: BlePlan): LinkTurns => {
  const { intervalMs, packetsMax, packetBytes, packetMs, loss, missed } = { ...BLE_TURNS, ...plan };
  return { intervalMs, packetsMax, packetBytes, packetMs, loss, missed };
};

const bleAir = (plan: BlePlan) => ({ turns: turnsOf(plan), linksMax: plan.linksMax ?? BLE_LINKS_MAX });

function blePlan(plan: BlePlan): CarrierPlan {
  const { intervalMs, packetsMax, packetBytes } = turnsOf(plan);
  const traits: Partial<RadioTraits> = {
    connected: true,
    reliable: true,
    broadcast: false,
    mtuBytes: plan.mtuBytes ?? BLE_MTU_BYTES,
    bitsPerSecond: Math.round((packetsMax * packetBytes * 8_000) / intervalMs),
    latencyMs: intervalMs,
    costPerByte: 4,
  };
  return { ...rangeOf(plan), air: { delayMinMs: 0, delayMaxMs: 0 }, traits };
}

interface LinkedAir {
  readonly turns?: LinkTurns;
  readonly linksMax?: number;
}

function edgeCarrier(plan: CarrierPlan, { nodes, clock, random }: CarrierContext, linked: LinkedAir): SimCarrier {
  const { air: defaults, traits, range } = plan;
  const air = createMemoryAir({ clock, random, connectivity: 'none', ...(defaults && { defaults }), ...linked });
  const reach = new Reach(nodes, range);
  for (const [a, b] of plan.pairs) reach.join(a, b);
  const settle = (a: number, b: number): void => {
    if (reach.has(a, b)) air.connect(addressOf(a), addressOf(b));
    else air.cut(addressOf(a), addressOf(b));
  };
  for (const [a, b] of reach.pairs()) settle(a, b);
  for (const [a, b] of plan.pairs) settle(a, b);
  makeUneven(plan, air, random, reach);
  return {
    air,
    timersMax: 1,
    radio: (node) => air.radio(addressOf(node), traits),
    join: (a, b) => {
      reach.join(a, b);
      settle(a, b);
    },
    cut: (a, b) => {
      reach.cut(a, b);
      settle(a, b);
    },
    partition: (groups) => air.partition(groups.map((group) => group.map(addressOf))),
    move: (node, position) => {
      if (range === undefined) return [];
      const changed = reach.move(node, position);
      for (const other of changed) settle(node, other);
      return changed;
    },
    hasPair: (a, b) => reach.has(a, b),
    pairs: () => allPairs(plan.pairs, reach),
  };
}

function* allPairs(pairs: readonly Pair[], reach: Reach): Iterable<Pair> {
  yield* pairs;
  yield* reach.pairs();
}

function makeUneven(plan: CarrierPlan, air: MemoryAir, random: Random, reach: Reach): void {
  const { share, loss } = plan.uneven ?? { share: 0, loss: 0 };
  const own = random.fork('uneven');
  const worse = 1 - (1 - (plan.air?.loss ?? 0)) * (1 - loss);
  const shape = (from: number, to: number, lost: number): void =>
    air.shapeEdge(addressOf(from), addressOf(to), { loss: lost });
  for (const [a, b] of share > 0 ? allPairs(plan.pairs, reach) : []) {
    if (own.chance(share)) shape(a, b, worse);
    if (own.chance(share)) shape(b, a, worse);
  }
  for (const [a, b] of plan.deaf ?? []) shape(a, b, 1);
}

function loraCarrier(plan: LoraPlan, { clock, random }: CarrierContext): SimCarrier {
  const { positions, physics, turns, addresses = true, overhears = true } = plan;
  const lora = new LoraAir({
    clock,
    random,
    modem: modemOf(plan.preset),
    region: regionOf(plan.region),
    positions,
    ...(physics && { physics }),
  });
  let lives = 0;
  const near = (node: number): number[] => lora.listeners(node).map(({ to }) => to);
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
    move: (node, position) => {
      const before = near(node);
      lora.move(node, position);
      return [...new Set([...before, ...near(node)])];
    },
    hasPair: (a, b) => lora.canHear(a, b) && lora.canHear(b, a),
    pairs: () => mutualPairs(lora),
  };
}

/** Nodes that hear each other, in both directions. */
function* mutualPairs(lora: LoraAir): Iterable<Pair> {
  for (let a = 0; a < lora.size; a++)
    for (const { to: b } of lora.listeners(a)) if (b > a && lora.canHear(b, a)) yield [a, b];
}
