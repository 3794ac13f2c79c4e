import { seededRandom } from '../../system/seeded-random.js';
import type { Position } from '../lora/landscape.js';
import type { Pair } from '../topologies.js';
import { eventsOf, type ScenarioEvent } from './events.js';
import { pairsOf, placesOf } from './places.js';
import type { Fault, Scenario, ScenarioRadio, Traffic } from './scenario.js';

/** A scenario in which nothing is left to be drawn but what radios and engines draw: each event by itself, each node in its place. */
export interface Concrete {
  /** Without traffic and faults. */
  readonly base: Scenario;
  readonly events: readonly ScenarioEvent[];
}

/** The same run, written out: played with its seed it transmits the very same frames. */
export function concrete(scenario: Scenario, seed: number): Concrete {
  const random = seededRandom(`scenario ${seed}`);
  const positions = placesOf(scenario.nodes, random.fork('places'));
  const radios = scenario.radios.map((radio, i): ScenarioRadio => {
    const { shape, ...rest } = radio;
    return shape === undefined ? radio : { ...rest, links: pairsOf(radio, positions, random.fork(`radio ${i}`)) };
  });
  const { churn: _drawn, ...rest } = scenario;
  const base = { ...rest, seeds: [seed], nodes: { ...scenario.nodes, positions }, radios, traffic: [], faults: [] };
  return { base, events: eventsOf(scenario, seed) };
}

const trafficOf = ({ act }: Extract<ScenarioEvent, { act: unknown }>): Traffic => ({
  send: act.send,
  atMs: [act.atMs],
  fromMs: 0,
  from: [act.from],
  to: [act.to],
  bytes: act.bytes,
  priority: act.priority,
  ack: act.ack,
  ...(act.keepMs !== undefined && { keepMs: act.keepMs }),
  ...((act.send === 'record' || act.send === 'erase') && { name: act.name }),
});

export const scenarioOf = ({ base, events }: Concrete): Scenario => ({
  ...base,
  traffic: events.flatMap((event) => ('act' in event ? [trafficOf(event)] : [])),
  faults: events.flatMap((event) => ('fault' in event ? [event.fault] : [])),
});

/** Without some nodes: those that stay are counted anew, and what names only lost ones is gone. */
export function withNodes({ base, events }: Concrete, kept: readonly number[]): Concrete {
  const numbers = new Map(kept.map((node, i) => [node, i]));
  const all = (nodes: readonly number[]): number[] => nodes.flatMap((node) => numbers.get(node) ?? []);
  const pair = ([a, b]: Pair): Pair | undefined => {
    const [x, y] = [numbers.get(a), numbers.get(b)];
    return x === undefined || y === undefined ? undefined : [x, y];
  };
  const radios = base.radios.map(
    (radio): ScenarioRadio => ({
      ...radio,
      ...(radio.nodes && { nodes: all(radio.nodes) }),
      ...(radio.links && { links: radio.links.flatMap((link) => (pair(link) ? [pair(link) as Pair] : [])) }),
    }),
  );
  const places = base.nodes.positions as readonly Position[];
  const positions = kept.map((node) => places[node] as Position);
  return {
    base: { ...base, nodes: { ...base.nodes, count: kept.length, positions }, radios },
    events: events.flatMap((event) => eventOf(event, numbers, all, pair)),
  };
}

function eventOf(
  event: ScenarioEvent,
  numbers: ReadonlyMap<number, number>,
  all: (nodes: readonly number[]) => number[],
  pair: (link: Pair) => Pair | undefined,
): ScenarioEvent[] {
  if ('act' in event) {
    const { act } = event;
    const [from, to] = [numbers.get(act.from), numbers.get(act.to)];
    if (from === undefined || (act.send === 'directed' && to === undefined)) return [];
    return [{ act: { ...act, from, to: to ?? (from === 0 ? 1 : 0) } }];
  }
  const fault = faultOf(event.fault, all, pair);
  return fault ? [{ fault }] : [];
}

function faultOf(
  fault: Fault,
  all: (nodes: readonly number[]) => number[],
  pair: (link: Pair) => Pair | undefined,
): Fault | undefined {
  if (fault.do === 'heal') return fault;
  if (fault.do === 'partition') {
    const groups = fault.groups.map(all).filter((group) => group.length > 0);
    return groups.length === 0 ? undefined : { ...fault, groups };
  }
  if (fault.do === 'cut' || fault.do === 'join') {
    const link = pair(fault.link);
    return link && { ...fault, link };
  }
  const nodes = all(fault.nodes);
  return nodes.length === 0 ? undefined : { ...fault, nodes };
}
