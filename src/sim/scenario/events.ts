import type { Random } from '../../ports/random.js';
import { seededRandom } from '../../system/seeded-random.js';
import type { Priority } from '../../wire/frame-types.js';
import type { Chosen, Fault, Scenario, ScenarioChurn, Traffic, TrafficKind } from './scenario.js';

/** Something a user does, at a time and a node that are settled. */
export interface Act {
  readonly atMs: number;
  readonly send: TrafficKind;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly priority: Priority;
  readonly ack: boolean;
  readonly keepMs?: number;
  /** Of records and erasures. */
  readonly name: string;
}

export type ScenarioEvent = { readonly act: Act } | { readonly fault: Fault };

const STEPS = 2 ** 32;
/** Acts and faults of one run; further ones are left out. */
export const EVENTS_MAX = 200_000;

/** A time drawn from the exponential distribution, whole ms. */
const gap = (random: Random, meanMs: number): number =>
  Math.max(1, Math.round(-meanMs * Math.log(1 - random.u32() / STEPS)));

const choose = (chosen: Chosen, count: number, random: Random): number =>
  chosen === 'any' ? random.below(count) : (chosen[random.below(chosen.length)] as number);

function* timesOf({ everyMs, atMs, fromMs, untilMs }: Traffic, durationMs: number, random: Random): Iterable<number> {
  if (atMs) yield* atMs;
  if (everyMs === undefined) return;
  const until = Math.min(untilMs ?? durationMs, durationMs);
  for (let at = fromMs + gap(random, everyMs); at < until; at += gap(random, everyMs)) yield at;
}

function actsOf(traffic: Traffic, index: number, { durationMs, nodes }: Scenario, random: Random): Act[] {
  const acts: Act[] = [];
  const { send, bytes, priority, ack, keepMs, name } = traffic;
  const keep = keepMs === undefined ? {} : { keepMs };
  for (const atMs of timesOf(traffic, durationMs, random)) {
    if (acts.length >= EVENTS_MAX) break;
    const from = choose(traffic.from, nodes.count, random);
    const to = choose(traffic.to, nodes.count, random);
    // Whoever would write to itself writes to the next.
    const other = to === from ? (from + 1) % nodes.count : to;
    const called = name ?? `record ${index} ${acts.length}`;
    acts.push({ atMs, send, from, to: other, bytes, priority, ack, ...keep, name: called });
  }
  return acts;
}

function churnOf({ meanUpMs, meanDownMs, nodes }: ScenarioChurn, { durationMs, ...rest }: Scenario, random: Random) {
  const faults: Fault[] = [];
  for (const node of nodes ?? Array.from({ length: rest.nodes.count }, (_, i) => i)) {
    const own = random.fork(`churn ${node}`);
    for (let at = gap(own, meanUpMs); at < durationMs; ) {
      const back = at + gap(own, meanDownMs);
      faults.push({ do: 'crash', atMs: at, nodes: [node] }, { do: 'start', atMs: back, nodes: [node] });
      at = back + gap(own, meanUpMs);
    }
  }
  return faults;
}

const timeOf = (event: ScenarioEvent): number => ('act' in event ? event.act.atMs : event.fault.atMs);

/** What befalls nodes in a run of one seed, churn included; not in order. */
export const faultsOf = (scenario: Scenario, seed: number): Fault[] => [
  ...scenario.faults,
  ...(scenario.churn ? churnOf(scenario.churn, scenario, seededRandom(`events ${seed}`)) : []),
];

/** All that happens in a run of one seed, in order of time: nothing in it depends on how the run goes. */
export function eventsOf(scenario: Scenario, seed: number): ScenarioEvent[] {
  const random = seededRandom(`events ${seed}`);
  const acts = scenario.traffic.flatMap((traffic, i) => actsOf(traffic, i, scenario, random.fork(`traffic ${i}`)));
  const events: ScenarioEvent[] = [
    ...faultsOf(scenario, seed).map((fault) => ({ fault })),
    ...acts.map((act) => ({ act })),
  ];
  return events.sort((a, b) => timeOf(a) - timeOf(b)).slice(0, EVENTS_MAX);
}
