import type { Command } from 'commander';
import type { Status } from '../../agent/contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { forPeople, plural, relative } from '../format.js';
import { facts, paint, say, sayJson } from '../output.js';
import { radioTable, segmentText } from '../views.js';

const SOURCES = {
  own: "this node's own clock, no other to compare with",
  single: 'taken from the only other node',
  none: 'not known yet: no clock here, and none to go by',
} as const;

/** Where the time comes from, and how far off this node's own clock is. */
function timeText({ source, offsetMs, earliestAt, latestAt, clocks, agreeing, ownClock }: Status['pulse']): string {
  const within = `within ${forPeople(latestAt - earliestAt)}`;
  if (source !== 'agreed') {
    if (source === 'own' && clocks > 1) return `this node's own clock: ${clocks} clocks do not agree`;
    return SOURCES[source];
  }
  const agreed = `${agreeing} of ${clocks} clocks agree ${within}`;
  if (!ownClock) return `${agreed}; this node has none`;
  if (offsetMs === 0) return agreed;
  return `${agreed}; this node's own is ${forPeople(Math.abs(offsetMs))} ${offsetMs > 0 ? 'behind' : 'ahead'}`;
}

/** What waits to be delivered, when there is anything. */
function waitingText({ own, others, sending, receiving }: Status['waiting']): string | undefined {
  const parts = [
    own > 0 ? plural(own, 'own message') : '',
    others > 0 ? `${plural(others, 'message')} kept for others` : '',
    sending > 0 ? `${plural(sending, 'large payload')} on the way` : '',
    receiving > 0 ? `${receiving} coming in` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(', ') : undefined;
}

function human(status: Status): string {
  const { mesh, peers, hotPath, storage } = status;
  const lines = [
    facts([
      ['node', `${status.name}  ${status.nodeId}`],
      ['mesh', `${mesh.name}${mesh.open ? ' (open)' : ''}`],
      ['state', status.state],
      ['version', status.version],
      ['started', relative(status.startedAt)],
      ['peers', `${peers.alive} alive of ${peers.total}`],
      ['segment', segmentText(status.segment, (id) => (id === status.nodeId ? 'this node' : id))],
      ['waiting', waitingText(status.waiting)],
      ['detections', plural(status.detections.count, 'detection')],
      ['hot path', hotPath.reason ?? `${hotPath.kind}, ${hotPath.isa}`],
      ['time', timeText(status.pulse)],
      ['http', status.http?.url],
      [
        'storage',
        storage.condition === 'ok' ? undefined : `${storage.condition}: ${storage.reason ?? 'no reason given'}`,
      ],
    ]),
    '',
    radioTable(status.radios),
  ];
  if (mesh.open) {
    lines.push('', paint('yellow', 'This mesh is open: anyone in reach can join it and read what it carries.'));
  }
  return lines.join('\n');
}

export function define(command: Command): void {
  talksToAgent(command).action(async () => {
    const options = optionsOf(command);
    const status = await connect(options).get<Status>('status');
    if (options.json) sayJson(status);
    else say(human(status));
  });
}
