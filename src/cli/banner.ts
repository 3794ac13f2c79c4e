import type { Status } from '../agent/contract.js';
import { paint } from './output.js';
import { clean } from './report.js';

const CONDITION_STYLE = { up: 'green', retrying: 'yellow', down: 'red' } as const;

/** What a person wants to know once the agent runs; goes to standard error, where the log goes too. */
export function banner({ name, nodeId, version, mesh, radios, http, hotPath }: Status): string {
  const style = (kind: Parameters<typeof paint>[0], text: string): string => paint(kind, text, process.stderr);
  const label = (text: string): string => style('dim', text.padEnd(7));
  const radioLines = radios.map(({ name: radio, condition, reason, addresses }) => {
    const why = condition === 'up' ? addresses.join(' ') : (reason ?? '');
    return `  ${label('radio')} ${clean(radio)}  ${style(CONDITION_STYLE[condition], condition)}  ${clean(why)}`.trimEnd();
  });
  const lines = [
    `${style('bold', 'edge-agent')} ${version}`,
    `  ${label('node')} ${clean(name)}  ${nodeId}`,
    `  ${label('mesh')} ${clean(mesh.name)}`,
    ...radioLines,
    `  ${label('search')} ${hotPath.kind}, ${hotPath.isa}`,
    `  ${label('http')} ${http === undefined ? 'off' : http.url}`,
  ];
  if (mesh.open) {
    lines.push(style('yellow', 'This mesh is open: anyone in reach can join it and read what it carries.'));
  }
  return `${lines.join('\n')}\n`;
}
