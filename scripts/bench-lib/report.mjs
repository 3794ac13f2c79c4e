// Rows as a table for people.
import { table } from '../demo-lib/table.mjs';

const right = (title) => ({ title, right: true });
const COLUMNS = [
  { title: '' },
  { title: 'ROW' },
  right('OURS'),
  right('TARGET'),
  { title: 'UNIT' },
  { title: 'SPREAD' },
  right('RATIO'),
  { title: 'PEERS' },
];

const peersText = (peers) =>
  Object.entries(peers)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
const spreadText = (spread) => (spread === null ? '' : `${spread.min} – ${spread.max} (${spread.samples})`);

export function reportText(rows) {
  const cells = rows.map(({ id, unit, target, peers, ours, spread, ratio, met }) => [
    met ? '✔' : '✘',
    id,
    ours ?? '–',
    target,
    unit,
    spreadText(spread),
    ratio ?? '',
    peersText(peers),
  ]);
  const notes = rows.map(({ id, what, note }) => `${id}: ${what}${note === '' ? '' : `\n  ${note}`}`);
  return `${table(COLUMNS, cells)}\n\n${notes.join('\n')}`;
}
