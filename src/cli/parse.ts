import { formatDuration, parseDuration } from '../agent/config/units.js';
import { usage } from './report.js';

/** A whole number within bounds. Throws `cli.usage`. */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
    throw usage(`${name} is ${JSON.stringify(text)}, expected a whole number from ${min} to ${max}.`);
  };
}

/** Milliseconds of a duration with its unit, within bounds. Throws `cli.usage`. */
export function durationOption(name: string, minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    const is = `${name} is ${JSON.stringify(text)}`;
    const fix = `Give a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}.`;
    if (ms === undefined) throw usage(`${is}, expected a duration with its unit, such as 500ms, 5s or 2h.`, fix);
    if (ms < minMs) throw usage(`${is}, and at least ${formatDuration(minMs)} is expected.`, fix);
    if (ms > maxMs) throw usage(`${is}, and at most ${formatDuration(maxMs)} is possible.`, fix);
    return ms;
  };
}

/** Unix milliseconds of `2h` (ago), an ISO date, or Unix milliseconds. Throws `cli.usage`. */
export function momentOption(name: string): (text: string) => number {
  return (text) => {
    const ago = parseDuration(text);
    if (ago !== undefined) return Date.now() - ago;
    const at = /^\d{10,14}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isSafeInteger(at)) return at;
    throw usage(
      `${name} is ${JSON.stringify(text)}, expected how long ago (2h), a date (2026-03-01T12:00:00Z) or Unix milliseconds.`,
    );
  };
}

/** JSON when it is JSON, else the text itself: `5` is a number, `"5"` and `five` are texts. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Key and value of `key=value`. Throws `cli.usage`. */
export function keyValue(text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw usage(`${JSON.stringify(text)} is not key=value.`);
}

export const collect = <T>(value: T, all: readonly T[] = []): readonly T[] => [...all, value];

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function addressArgument(text: string): Address {
  const match = /^(?:\[([^\]\s]{2,64})\]|([^\s:[\]/]{1,253})):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match && port >= 1 && port <= 65_535) return { host: (match[1] ?? match[2]) as string, port };
  throw usage(`${JSON.stringify(text)} is not an address, expected HOST:PORT or [IPV6]:PORT.`);
}
