import { EXPECTATION_KEYS, type Shortfall } from '../../sim/scenario/expectations.js';
import { forPeople } from '../format.js';

const DIGITS_MAX = 12;
/** Beyond so many times what was asked for nobody wants the digits. */
const FAR = 2;
const TIME_UNITS = [
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

type Bound = 'at least' | 'at most';
/** What came and what was expected, in one unit. */
type Said = readonly [came: string, wanted: string];

interface Wanted {
  readonly bound: Bound;
  readonly say: (found: number | undefined, expected: number) => Said;
}

const NOTHING = 'nothing to measure';

/** With as many digits as it takes to miss what was expected: rounding never makes it look met. */
function missing(found: number, expected: number, bound: Bound, digits: number): string {
  for (let shown = digits; shown <= DIGITS_MAX; shown++) {
    const rounded = Number(found.toFixed(shown));
    if (bound === 'at least' ? rounded < expected : rounded > expected) return String(rounded);
  }
  return String(found);
}

const exact = (value: number): string => String(Number(value.toPrecision(DIGITS_MAX)));

const inUnit = (bound: Bound, scale: number, unit: string, digits: number): Wanted => ({
  bound,
  say: (found, expected) => [
    found === undefined ? NOTHING : `${missing(found * scale, expected * scale, bound, digits)}${unit}`,
    `${exact(expected * scale)}${unit}`,
  ],
});

/** In the largest unit in which what was expected has one decimal at most. */
const delay: Wanted = {
  bound: 'at most',
  say: (found, expected) => {
    const [unit, ms] = TIME_UNITS.find(([, length]) => expected >= length && (expected * 10) % length === 0) ?? [
      'ms',
      1,
    ];
    const [came, wanted] = inUnit('at most', 1 / ms, ` ${unit}`, ms === 1 ? 0 : 1).say(found, expected);
    return [found !== undefined && found > FAR * expected ? forPeople(found) : came, wanted];
  },
};
const share = inUnit('at least', 100, ' %', 1);
const count = inUnit('at most', 1, '', 0);

const WANTED: Readonly<Record<Shortfall['name'], Wanted>> = {
  delivered: share,
  acknowledged: share,
  kept: share,
  medianMs: delay,
  p95Ms: delay,
  p99Ms: delay,
  alertP95Ms: delay,
  bytesPerNodeMinute: inUnit('at most', 1, ' B', 0),
  agreement: share,
  segments: count,
  largestSegment: count,
  findings: count,
};

/** What was expected and did not come, by the key it has in the scenario's file. */
export function shortfallText({ name, expected, found }: Shortfall): string {
  const { bound, say } = WANTED[name];
  const [came, wanted] = say(found, expected);
  return `${EXPECTATION_KEYS[name]}: ${came}, expected ${bound} ${wanted}`;
}
