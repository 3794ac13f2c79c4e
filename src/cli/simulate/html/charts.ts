import { escaped } from './page.js';

const WIDTH = 520;
const HEIGHT = 240;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 22, 30];
const PLOT = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };

/** A round number at or above the value, so that an axis ends well. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]) if (value <= step * unit * (1 + 1e-9)) return step * unit;
  return 10 * unit;
}

const short = (value: number): string => {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  return value >= 1e3 ? `${Number((value / 1e3).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
};

const at = (value: number): string => value.toFixed(1);

interface Axis {
  readonly most: number;
  readonly label: string;
  /** Moments to be marked, of an axis of time, in order. */
  readonly marks?: readonly Mark[];
}

export interface Mark {
  readonly at: number;
  /** Beside the mark, where there is room. */
  readonly word: string;
  /** When it is pointed at. */
  readonly title: string;
}

/** Of a mark's words, about. */
const LETTER = 6;

/** Dashed lines, with their words where these do not run into one another. */
function marksOf({ marks = [], most }: Axis): string {
  let free = LEFT;
  const drawn = marks.map(({ at: value, word, title }) => {
    const across = LEFT + (PLOT.width * value) / most;
    const wide = word.length * LETTER;
    const from = Math.min(across, WIDTH - RIGHT - wide);
    const text = from < free ? '' : `<text x="${at(from)}" y="${TOP - 5}">${escaped(word)}</text>`;
    if (text !== '') free = from + wide + LETTER;
    const line = `<line x1="${at(across)}" x2="${at(across)}" y1="${TOP}" y2="${TOP + PLOT.height}" stroke="var(--soft)" stroke-dasharray="3 3"/>`;
    return `<g class="mark"><title>${escaped(title)}</title>${line}${text}</g>`;
  });
  return drawn.join('');
}

/** Steps between marks, as many as there are room for. */
const TICKS = 5;

/** Round numbers from 0 on, the last at most `most`. */
export function ticks(most: number): number[] {
  const step = roundUp(most / TICKS);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step);
}

function frame(x: Axis, y: Axis, label: string, inside: string): string {
  const levels = ticks(y.most).map((value) => {
    const level = TOP + PLOT.height * (1 - value / y.most);
    const line = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(level)}" y2="${at(level)}" stroke="var(--line)"/>`;
    return `${line}<text x="${LEFT - 6}" y="${at(level + 4)}" text-anchor="end">${short(value)}</text>`;
  });
  const marks = ticks(x.most).map((value) => {
    const across = LEFT + (PLOT.width * value) / x.most;
    return `<text x="${at(across)}" y="${HEIGHT - 14}" text-anchor="middle">${short(value)}</text>`;
  });
  const names = `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 2}" text-anchor="end">${escaped(x.label)}</text><text x="2" y="11">${escaped(y.label)}</text>`;
  const drawing = [...levels, ...marks, names, inside, marksOf(x)].join('');
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(label)}">${drawing}</svg>`;
}

export interface Series {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

const describe = (series: readonly Series[]): string => series.map(({ name }) => name).join(', ');

/** Lines over equal parts of the time; what is no number is a gap. */
export function lineChart(series: readonly Series[], x: Axis, y: Axis): string {
  const count = Math.max(1, ...series.map(({ values }) => values.length));
  const paths = series.map(({ values, colour }) => {
    let path = '';
    let isDown = false;
    values.forEach((value, i) => {
      if (!Number.isFinite(value)) {
        isDown = false;
        return;
      }
      const [px, py] = [LEFT + (PLOT.width * (i + 0.5)) / count, TOP + PLOT.height * (1 - Math.min(1, value / y.most))];
      path += `${isDown ? 'L' : 'M'}${at(px)} ${at(py)}`;
      isDown = true;
    });
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"/>`;
  });
  return frame(x, y, `${describe(series)} over time`, paths.join(''));
}

/** Layers one on the other over equal parts of the time. */
export function stackChart(series: readonly Series[], x: Axis, y: Axis): string {
  const count = Math.max(1, ...series.map(({ values }) => values.length));
  const base = new Array<number>(count).fill(0);
  const bars = series.map(({ values, colour }) => {
    const parts = values.map((value, i) => {
      const from = base[i] as number;
      base[i] = from + value;
      const [bottom, top] = [from, from + value].map((level) => TOP + PLOT.height * (1 - Math.min(1, level / y.most)));
      const [bx, bw] = [LEFT + (PLOT.width * i) / count, PLOT.width / count];
      const height = (bottom as number) - (top as number);
      return height < 0.05 ? '' : `M${at(bx)} ${at(top as number)}h${at(bw)}v${at(height)}h${at(-bw)}z`;
    });
    return `<path d="${parts.join('')}" fill="${colour}"/>`;
  });
  return frame(x, y, `${describe(series)} over time`, bars.join(''));
}

/** What share of the values is at most so large; `values` are sorted. */
export function distributionChart(series: readonly Series[], x: Axis): string {
  const paths = series.map(({ values, colour }) => {
    const points = values.map((value, i) => {
      const px = LEFT + PLOT.width * Math.min(1, value / x.most);
      return `${i === 0 ? 'M' : 'L'}${at(px)} ${at(TOP + PLOT.height * (1 - (i + 1) / values.length))}`;
    });
    return `<path d="${points.join('')}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  });
  return frame(x, { most: 100, label: '%' }, `distribution of ${describe(series)}`, paths.join(''));
}
