import type { RadioStatus } from '../agent/contract.js';
import type { SegmentView } from '../agent/segment-contract.js';
import { byteCount, inline, plural } from './format.js';
import type { NodeLabel } from './nodes.js';
import { facts, say, sayJson, table } from './output.js';
import { clean } from './report.js';

/** A condition is a word and a colour: never a colour alone. */
const CONDITION_STYLE = { up: 'green', retrying: 'yellow', down: 'red' } as const;

/** With what mends it below the table, where nothing is cut off. */
export function radioTable(radios: readonly RadioStatus[]): string {
  const fixes = radios.flatMap(({ name, fix }) => (fix === undefined ? [] : [`${name}: ${clean(fix)}`]));
  return [radioRows(radios), ...(fixes.length > 0 ? ['', ...fixes] : [])].join('\n');
}

const radioRows = (radios: readonly RadioStatus[]): string =>
  table(
    [
      { title: 'RADIO', value: ({ name }) => name },
      { title: 'CONDITION', value: ({ condition }) => condition, style: ({ condition }) => CONDITION_STYLE[condition] },
      { title: 'LINKS', value: ({ links }) => links, right: true },
      { title: 'IN', value: ({ counters }) => byteCount(counters.bytesIn), right: true },
      { title: 'OUT', value: ({ counters }) => byteCount(counters.bytesOut), right: true },
      { title: 'ERRORS', value: ({ counters }) => counters.errors, right: true },
      { title: 'ADDRESSES', value: ({ addresses }) => addresses.join(' '), cut: true },
      { title: 'MODE', value: ({ mode }) => mode ?? '' },
      { title: 'WHY', value: ({ reason, detail }) => reason ?? detail ?? '', cut: true },
    ],
    radios,
  );

/** Where this node stands in a mesh too large to be one. */
export function segmentText(segment: SegmentView | undefined, label: NodeLabel = (id) => id): string | undefined {
  if (!segment) return undefined;
  const { head, members, segments, nodes } = segment;
  const own = head === undefined ? 'in none yet' : `${plural(members, 'node')}, ${label(head)} speaks for it`;
  return `${own}; ${plural(segments, 'segment')} of ${plural(nodes, 'node')} in all`;
}

/** The answer to a call that has little to say: its fields, or a sentence when it has none. */
export function sayOutcome(json: boolean | undefined, body: unknown, sentence: string): void {
  if (json) sayJson(body);
  else say(sentence);
}

/** Any object as lines of `key  value`. */
export const fieldsOf = (body: object): string =>
  facts(Object.entries(body).map(([key, value]) => [key, inline(value)] as const));
