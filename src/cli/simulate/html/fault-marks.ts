import { faultsOf } from '../../../sim/scenario/events.js';
import type { Fault, Scenario } from '../../../sim/scenario/scenario.js';
import { forPeople } from '../../format.js';
import type { Mark } from './charts.js';

/** With more than these only what the scenario names itself is marked: churn shows in the nodes that are up. */
const MARKS_MAX = 40;
const NODES_SHOWN = 6;

const nodesText = (nodes: readonly number[]): string =>
  nodes.length > NODES_SHOWN ? `${nodes.length} nodes` : nodes.join(', ');

/** `crash 4`, `stall 2 for 3 s`, `cut 0–1`, `heal`. */
function faultText(fault: Fault): string {
  const forText = 'forMs' in fault ? ` for ${forPeople(fault.forMs)}` : '';
  if ('nodes' in fault) return `${fault.do} ${nodesText(fault.nodes)}${forText}`;
  if ('link' in fault) return `${fault.do} ${fault.link.join('–')}`;
  return fault.do === 'partition' ? `partition ${fault.groups.map(nodesText).join(' | ')}` : fault.do;
}

/** What befell nodes and when, for curves over time. What happens in one moment is one mark. */
export function faultMarks(scenario: Scenario, seed: number): Mark[] {
  const all = faultsOf(scenario, seed).filter(({ atMs }) => atMs < scenario.durationMs);
  const shown = all.length > MARKS_MAX ? [...scenario.faults] : all;
  const moments = new Map<number, Fault[]>();
  for (const fault of shown.sort((a, b) => a.atMs - b.atMs))
    moments.set(fault.atMs, [...(moments.get(fault.atMs) ?? []), fault]);
  return [...moments].map(([atMs, faults]) => ({
    at: atMs / 1_000,
    word: [...new Set(faults.map(({ do: what }) => what))].join(', '),
    title: `${forPeople(atMs)}: ${faults.map(faultText).join('; ')}`,
  }));
}
