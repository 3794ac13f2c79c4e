// docs/performance.md, docs/mesh.md: the last figures of each row, between two marks; what is said about them stands outside and stays.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineText } from './machine.mjs';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const CURVE = 'recall.svg';
const BEGIN = '<!-- figures: begin -->';
const END = '<!-- figures: end -->';

const cell = (value) => String(value ?? '–').replaceAll('|', '\\|');
const peersText = (peers) =>
  Object.entries(peers)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || '–';
const spreadText = (spread) => (spread === null ? '–' : `${spread.min} – ${spread.max}`);

function rowText({ id, ours, unit, spread, target, peers, ratio, met }) {
  const cells = [id, `${ours ?? '–'} ${unit}`, spreadText(spread), target, peersText(peers), ratio, met ? 'yes' : 'no'];
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** Rows measured in one run share a table. */
function groupText({ command, commit, machine, rows }) {
  const notes = rows.map(({ id, what, note }) => `- **${id}**: ${what}${note === '' ? '' : `. ${note}`}`);
  return [
    `\`${command}\` at ${commit} on ${machineText(machine)}`,
    '',
    '| row | ours | spread | target | peers | ratio | met |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(rowText),
    '',
    ...notes,
  ].join('\n');
}

/**
 * `kept` with the rows of this run instead of those of the same name; the newest run stands first.
 * @param {readonly {command: string, commit: string, machine: object, rows: readonly object[]}[]} kept
 */
export function merged(kept, run) {
  const ids = new Set(run.rows.map(({ id }) => id));
  const others = kept.map((group) => ({ ...group, rows: group.rows.filter(({ id }) => !ids.has(id)) }));
  return [run, ...others.filter(({ rows }) => rows.length > 0)];
}

export function figuresText(groups, hasCurve) {
  const curve = `![Recall against CPU time of a search, ours and the graphs at several settings](${CURVE})`;
  return [...(hasCurve ? [curve] : []), ...groups.map(groupText)].join('\n\n');
}

/** The page with other figures; throws where the marks are missing. */
export function withFigures(page, figures) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page lacks ${BEGIN} or ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${page.slice(end)}`;
}

/**
 * @param {{machine: object, commit: string, rows: readonly object[]}} report
 * @param {{command: string, curve?: string, page?: string}} options the command that gave it, and the page's name
 */
export function writeDocument(report, { command, curve, page: name = 'performance' }) {
  const path = join(DOCS, `${name}.md`);
  // The figures themselves, so that a run of some rows leaves the others as they were.
  const file = join(DOCS, `${name}.json`);
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const groups = merged(kept, { command, ...report });
  if (curve !== undefined) writeFileSync(join(DOCS, CURVE), curve);
  const hasCurve = name === 'performance' && existsSync(join(DOCS, CURVE));
  const page = withFigures(readFileSync(path, 'utf8'), figuresText(groups, hasCurve));
  writeFileSync(file, `${JSON.stringify(groups, null, 2)}\n`);
  writeFileSync(path, page);
}
