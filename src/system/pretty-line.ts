import { styleText } from 'node:util';

const COLOURS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red', fatal: 'red' } as const;
const LEVEL_WIDTH = 5;
// Names and texts come from other nodes: what would move the cursor or recolour a terminal is shown, not obeyed.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

/** A JSON log line as `12:30:01.250 WARN  mesh  what happened  key=value`; other text unchanged. */
export function prettyLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, name, msg, ...fields } = entry;
  const label = String(level);
  const colour = COLOURS[label as keyof typeof COLOURS] ?? 'white';
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`);
  const parts = [
    styleText('gray', timeOfDay(time)),
    styleText(colour, label.toUpperCase().padEnd(LEVEL_WIDTH)),
    ...(name === undefined ? [] : [styleText('cyan', safe(String(name)))]),
    safe(String(msg ?? '')),
    ...(rest.length === 0 ? [] : [styleText('gray', safe(rest.join(' ')))]),
  ];
  return `${parts.join('  ')}\n`;
}

const show = (value: unknown): string =>
  typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value);

const safe = (text: string): string =>
  text.replace(CONTROLS, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);

function timeOfDay(time: unknown): string {
  const date = new Date(typeof time === 'number' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) return '--:--:--.---';
  const two = (n: number): string => String(n).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
