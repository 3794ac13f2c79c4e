import type { Command } from 'commander';
import type { Status } from '../../agent/contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { plural, relative } from '../format.js';
import { facts, paint, say, sayJson } from '../output.js';
import { radioTable } from '../views.js';

function human(status: Status): string {
  const { mesh, peers, hotPath, storage } = status;
  const reason = hotPath.reason === undefined ? '' : ` (${hotPath.reason})`;
  const lines = [
    facts([
      ['node', `${status.name}  ${status.nodeId}`],
      ['mesh', `${mesh.name}${mesh.open ? ' (open)' : ''}`],
      ['state', status.state],
      ['version', status.version],
      ['started', relative(status.startedAt)],
      ['peers', `${peers.alive} alive of ${peers.total}`],
      ['detections', plural(status.detections.count, 'detection')],
      ['hot path', `${hotPath.kind}, ${hotPath.isa}${reason}`],
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
