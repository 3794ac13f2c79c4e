import type { ReportRow } from '../../../sim/suite/judge.js';
import type { GoalReport } from '../goals.js';
import { machineText } from '../machine.js';
import { type Cell, escaped, page, tableHtml } from './page.js';

const WIDTH = 720;
const BAR_HEIGHT = 18;
const LABEL = 210;

/** Ours, and the peers', as bars on one scale. */
function bars({ ours, peers, unit }: ReportRow): string {
  const all = Object.entries({ ours: ours ?? Number.NaN, ...peers }).filter(([, value]) => Number.isFinite(value));
  const most = Math.max(...all.map(([, value]) => value));
  if (all.length < 2 || !(most > 0)) return '';
  const drawn = all.map(([name, value], i) => {
    const y = i * (BAR_HEIGHT + 4);
    const wide = Math.max(1, ((WIDTH - LABEL - 90) * value) / most);
    const text = `<text x="${LABEL - 6}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`;
    const number = `<text x="${LABEL + wide + 6}" y="${y + 13}">${value} ${escaped(unit)}</text>`;
    return `${text}<rect x="${LABEL}" y="${y}" width="${wide.toFixed(1)}" height="${BAR_HEIGHT}" rx="3" fill="var(${i === 0 ? '--blue' : '--grey'})"/>${number}`;
  });
  const label = `${escaped(all.map(([name, value]) => `${name} ${value}`).join(', '))}`;
  return `<figure><svg viewBox="0 0 ${WIDTH} ${all.length * (BAR_HEIGHT + 4)}" role="img" aria-label="${label}">${drawn.join('')}</svg></figure>`;
}

function section(row: ReportRow): string {
  const spread = row.spread === null ? '' : `, ${row.spread.min} – ${row.spread.max} over ${row.spread.samples} seeds`;
  const verdict = row.met ? '<span class="good">met</span>' : '<span class="bad">not met</span>';
  const details = Object.entries(row.details ?? {}).map(([name, value]): Cell[] => [
    { text: name },
    { text: typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value), isNumber: true },
  ]);
  const table = details.length === 0 ? '' : tableHtml([{ text: 'figure' }, { text: 'value', isNumber: true }], details);
  return `<h2>${escaped(row.id)} ${verdict}</h2><p>${escaped(row.what)}</p>
<p>Ours ${row.ours ?? '–'} ${escaped(row.unit)}${escaped(spread)}; target ${escaped(row.target)}</p>
${row.note === '' ? '' : `<p class="soft">${escaped(row.note)}</p>`}${bars(row)}${table}`;
}

/** The goals and their figures as one file. */
export function goalPage(report: GoalReport): string {
  const heads: Cell[] = ['', 'row', 'ours', 'target', 'unit'].map((text) => ({ text, isNumber: text === 'ours' }));
  const rows = report.rows.map((row): Cell[] => [
    { text: row.met ? '✔' : '✘', tone: row.met ? 'good' : 'bad' },
    { text: row.id },
    { text: String(row.ours ?? '–'), isNumber: true },
    { text: row.target },
    { text: row.unit },
  ]);
  const met = report.rows.filter((row) => row.met).length;
  const head = `<h1>Mesh goals: ${met} of ${report.rows.length} met</h1><p class="soft">${escaped(machineText(report.machine))}${report.commit === null ? '' : `, commit ${escaped(report.commit)}`}</p>`;
  return page('Mesh goals', `${head}${tableHtml(heads, rows)}${report.rows.map(section).join('')}`);
}
