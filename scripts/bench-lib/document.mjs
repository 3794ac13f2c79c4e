// docs/performance.md: the last figures of each row, between two marks; what is said about them stands outside and stays.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineText } from './machine.mjs';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const PAGE = join(DOCS, 'performance.md');
/** The figures themselves, so that a run of some rows leaves the others as they were. */
const KEPT = join(DOCS, 'performance.json');
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
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md lacks ${BEGIN} or ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${page.slice(end)}`;
}

/** @param {{machine: object, commit: string, rows: readonly object[]}} report @param {string} command that gave it */
export function writeDocument(report, { command, curve }) {
  const kept = existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, 'utf8')) : [];
  const groups = merged(kept, { command, ...report });
  if (curve !== undefined) writeFileSync(join(DOCS, CURVE), curve);
  const page = withFigures(readFileSync(PAGE, 'utf8'), figuresText(groups, existsSync(join(DOCS, CURVE))));
  writeFileSync(KEPT, `${JSON.stringify(groups, null, 2)}\n`);
  writeFileSync(PAGE, page);
}
