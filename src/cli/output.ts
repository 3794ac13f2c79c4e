import { styleText } from 'node:util';
import { clean, safeJson } from './report.js';

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

const DEFAULT_WIDTH = 100;
/** No column is squeezed below this. */
const MIN_COLUMN = 6;

const isColoured = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && !process.env['NO_COLOR'];

/** Colours only for a terminal that wants them. */
export const paint = (style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string =>
  isColoured(stream) ? styleText(style, text) : text;

export const say = (text: string): boolean => process.stdout.write(`${text}\n`);
export const note = (text: string): boolean => process.stderr.write(`${text}\n`);

/** One JSON document: indented for a person, one line for a program. */
export const sayJson = (value: unknown): boolean => say(safeJson(value, process.stdout.isTTY ? 2 : undefined));

/** Columns a text takes in a terminal: marks take none, wide scripts two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const c of text) {
    if (/\p{Mn}/u.test(c)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        c,
      )
        ? 2
        : 1;
  }
  return width;
}

function fit(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  for (const c of text) {
    if (displayWidth(kept + c) >= width) break;
    kept += c;
  }
  return `${kept}…`;
}

const pad = (text: string, width: number, right: boolean): string => {
  const gap = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? gap + text : text + gap;
};

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | undefined;
  /** Numbers stand right. */
  readonly right?: true;
  /** May be cut with `…` when the terminal is narrow; ids may not. */
  readonly cut?: true;
  readonly style?: (row: Row) => Style | undefined;
}

/** Widths that fit the terminal: cuttable columns give way, the widest first. */
function fittedWidths(widths: readonly number[], cuttable: readonly boolean[], total: number): number[] {
  const fitted = [...widths];
  let over = fitted.reduce((sum, width) => sum + width, 2 * (fitted.length - 1)) - total;
  while (over > 0) {
    let widest = -1;
    fitted.forEach((width, i) => {
      if (cuttable[i] && width > MIN_COLUMN && (widest < 0 || width > (fitted[widest] as number))) widest = i;
    });
    if (widest < 0) break;
    fitted[widest] = (fitted[widest] as number) - 1;
    over -= 1;
  }
  return fitted;
}

/** Lines of an aligned table; piped it is never cut. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map(({ value }) => clean(String(value(row) ?? '-'))));
  const natural = columns.map(({ title }, i) =>
    Math.max(displayWidth(title), ...cells.map((line) => displayWidth(line[i] as string))),
  );
  const total = process.stdout.isTTY ? (process.stdout.columns ?? DEFAULT_WIDTH) : Number.POSITIVE_INFINITY;
  const widths = fittedWidths(
    natural,
    columns.map(({ cut }) => cut === true),
    total,
  );
  const draw = (texts: readonly string[], style: (i: number) => Style | undefined): string =>
    texts
      .map((text, i) => {
        const drawn = pad(fit(text, widths[i] as number), widths[i] as number, columns[i]?.right === true);
        const chosen = style(i);
        return chosen === undefined ? drawn : paint(chosen, drawn);
      })
      .join('  ')
      .trimEnd();
  const head = draw(
    columns.map(({ title }) => title),
    () => 'bold',
  );
  return [head, ...cells.map((line, r) => draw(line, (i) => columns[i]?.style?.(rows[r] as Row)))].join('\n');
}

/** `label  value` lines, labels aligned; those without a value are left out. */
export function facts(pairs: readonly (readonly [string, string | number | undefined])[]): string {
  const known = pairs.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...known.map(([label]) => label.length));
  return known.map(([label, value]) => `${paint('dim', label.padEnd(width))}  ${clean(String(value))}`).join('\n');
}
