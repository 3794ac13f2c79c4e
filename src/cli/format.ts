const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A duration for people: `3 min`, `1.5 s`, `12 ms`. */
export function forPeople(ms: number): string {
  const size = Math.abs(ms);
  for (const [unit, length] of UNITS) {
    if (size < length) continue;
    const value = ms / length;
    return `${Math.abs(value) < 10 && unit !== 'd' && value % 1 !== 0 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
  return `${ms < 10 && ms % 1 !== 0 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** A moment seen from now: `5 s ago`, `in 2 h`, `now`. */
export function relative(atMs: number, nowMs: number = Date.now()): string {
  const ago = nowMs - atMs;
  if (Math.abs(ago) < 1_000) return 'now';
  const text = forPeople(Math.round(Math.abs(ago) / 1_000) * 1_000);
  return ago > 0 ? `${text} ago` : `in ${text}`;
}

export function byteCount(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1_024) return `${unit === 'B' || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
    value /= 1_024;
  }
  return `${value.toFixed(1)} TiB`;
}

export const percent = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `${Math.round(value)} %`;

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** `once`, `3 times`. */
export const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** One line of JSON, for a cell. */
export const inline = (value: unknown): string =>
  value === null || value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
