import { seededRandom } from '../../system/seeded-random.js';
import type { LoraPhysics } from '../lora/lora-air.js';
import { type ModemName, modemOf, sensitivityDbm } from '../lora/modem.js';
import { reachM } from '../lora/path-loss.js';
import { scatter } from '../lora/placement.js';
import { type RegionName, regionOf } from '../lora/regions.js';
import { type OraclePlan, oraclePlan } from '../rivals/oracle.js';
import type { FloodMesh, FloodPolicy } from './flood-mesh.js';

export interface FloodSetup {
  readonly seed: number;
  readonly nodes: number;
  /** Of the square, metres. */
  readonly sideM: number;
  /** Mean time between two messages of a node, ms; they come at random. */
  readonly periodMs: number;
  /** How long messages are sent. */
  readonly forMs: number;
  /** What a mesh has before the first of them, to find itself. */
  readonly warmUpMs: number;
  /** Later it does not count. */
  readonly deadlineMs: number;
  readonly payloadBytes: number;
  /** How often a message is relayed at most: one transmission more than this. */
  readonly hopLimit: number;
  readonly preset: ModemName;
  readonly region: RegionName;
  readonly physics: Partial<LoraPhysics>;
}

/** The row lora-reach: as in Meshtasticator's defaults. */
export const LORA_FLOOD: Omit<FloodSetup, 'seed' | 'nodes'> = {
  sideM: 15_000,
  periodMs: 900_000,
  forMs: 1_800_000,
  warmUpMs: 3_600_000,
  deadlineMs: 60_000,
  payloadBytes: 40,
  hopLimit: 3,
  preset: 'LongFast',
  region: 'US915',
  physics: {},
};

export interface FloodFigures {
  readonly policy: string;
  readonly seed: number;
  readonly nodes: number;
  readonly meanDegree: number;
  readonly messages: number;
  /** Shares of all other nodes, 0 to 1: reached in time, and that could be within the hop limit were nothing lost. */
  readonly reachedOfAll: number;
  readonly reachableOfAll: number;
  /** Reached in time ÷ reachable: the row lora-reach. */
  readonly reach: number;
  /** Transmissions that carry a message ÷ messages: the row lora-cost. */
  readonly transmissions: number;
  readonly oracleTransmissions: number;
  /** All transmissions while messages were sent ÷ messages, what the mesh says for itself included. */
  readonly allTransmissions: number;
  /** Copies of messages understood ÷ first ones. */
  readonly copies: number;
  readonly oracleCopies: number;
  /** Of what arrived strong enough at somebody who listened, the share lost to collisions. */
  readonly collided: number;
  readonly meanDelayMs: number;
  readonly p95DelayMs: number;
  /** Share of the time a node transmits. */
  readonly airtime: number;
}

const STEPS = 2 ** 32;

interface Sent {
  readonly node: number;
  readonly at: number;
  readonly heard: Map<number, number>;
}

/** One policy on one seed: the same places, links and times of messages for every policy. */
export async function loraFlood(policy: FloodPolicy, setup: FloodSetup): Promise<FloodFigures> {
  const mesh = makeMesh(policy, setup);
  const { air } = mesh;
  const counted = { messages: 0, copies: 0 };
  const sent = new Map<string, Sent>();
  await mesh.run(setup.warmUpMs);
  const plans = plan(mesh, setup.hopLimit);
  const before = { ...air.counters };
  air.watch({
    sent: (_node, frame) => {
      if (mesh.isMessage(frame)) counted.messages += 1;
    },
    heard: (_node, frame) => {
      if (mesh.isMessage(frame)) counted.copies += 1;
    },
  });
  mesh.onDelivered = (message, node, now) => void sent.get(message)?.heard.set(node, now);
  let now = 0;
  for (const { node, at } of schedule(setup)) {
    await mesh.run(at - now);
    now = at;
    sent.set(mesh.send(node), { node, at: setup.warmUpMs + at, heard: new Map() });
  }
  await mesh.run(setup.forMs - now);
  const traffic = { ...air.counters };
  await mesh.run(setup.deadlineMs);
  const meanDegree = plans.links / setup.nodes;
  const delays = [...sent.values()]
    .flatMap((message) => delaysOf(message, plans.of[message.node], setup.deadlineMs))
    .sort((a, b) => a - b);
  const reachable = sum([...sent.values()].map(({ node }) => plans.of[node]?.reachable.length ?? 0));
  const others = sent.size * (setup.nodes - 1);
  const arrived = traffic.received + traffic.collided - before.received - before.collided;
  const perMessage = (count: number): number => count / Math.max(1, sent.size);
  return {
    policy: policy.name,
    seed: setup.seed,
    nodes: setup.nodes,
    meanDegree,
    messages: sent.size,
    reachedOfAll: delays.length / others,
    reachableOfAll: reachable / others,
    reach: delays.length / Math.max(1, reachable),
    transmissions: perMessage(counted.messages),
    oracleTransmissions: perMessage(sum([...sent.values()].map(({ node }) => plans.of[node]?.relays.length ?? 0))),
    allTransmissions: perMessage(air.counters.transmissions - before.transmissions),
    copies: counted.copies / Math.max(1, delays.length),
    oracleCopies: sum([...sent.values()].map(({ node }) => plans.of[node]?.copies ?? 0)) / Math.max(1, reachable),
    collided: (traffic.collided - before.collided) / Math.max(1, arrived),
    meanDelayMs: sum(delays) / Math.max(1, delays.length),
    p95DelayMs: delays[Math.floor(delays.length * 0.95)] ?? 0,
    airtime: (traffic.airtimeMs - before.airtimeMs) / setup.forMs / setup.nodes,
  };
}

function makeMesh(policy: FloodPolicy, setup: FloodSetup): FloodMesh {
  const { seed, nodes, sideM, preset, region, hopLimit, payloadBytes, physics } = setup;
  const random = seededRandom(`lora flood ${seed}`);
  const { powerDbm, frequencyHz } = regionOf(region);
  const budgetDb = powerDbm - sensitivityDbm(modemOf(preset));
  const placement = { nodes, sideM, leastM: 10, reachM: reachM(physics.model ?? 'suburban', frequencyHz, budgetDb) };
  const positions = scatter(random.fork('places'), placement);
  const scene = { seed: `lora flood ${seed}`, random, positions, preset, region, hopLimit, payloadBytes, physics };
  return policy.make(scene);
}

/** When which node sends: as many independent streams as nodes. */
function schedule({ seed, nodes, periodMs, forMs }: FloodSetup): { at: number; node: number }[] {
  const random = seededRandom(`lora flood ${seed}`);
  const times: { at: number; node: number }[] = [];
  for (let node = 0; node < nodes; node++) {
    const own = random.fork(`traffic ${node}`);
    const gap = (): number => -periodMs * Math.log(1 - own.u32() / STEPS);
    for (let at = gap(); at < forMs; at += gap()) times.push({ at, node });
  }
  return times.sort((a, b) => a.at - b.at);
}

function plan({ air }: FloodMesh, hopLimit: number): { of: OraclePlan[]; links: number } {
  const graph = Array.from({ length: air.size }, (_, node) => air.listeners(node).map(({ to }) => to));
  return { of: graph.map((_, node) => oraclePlan(graph, node, hopLimit)), links: sum(graph.map((to) => to.length)) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Of those who count: in time, and within the hop limit (a mesh may go farther, at its own cost). */
function delaysOf({ at, heard }: Sent, oracle: OraclePlan | undefined, deadlineMs: number): number[] {
  return (oracle?.reachable ?? [])
    .map((node) => (heard.get(node) ?? Number.POSITIVE_INFINITY) - at)
    .filter((delay) => delay <= deadlineMs);
}
