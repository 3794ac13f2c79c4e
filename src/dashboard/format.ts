const DASH = '–';

export const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });

export function fixed(value: number | undefined, digits: number, unit: string): string {
  return value === undefined ? DASH : `${value.toFixed(digits)}${unit}`;
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${scaled.toFixed(unit === 0 || scaled >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** `4 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. Never negative: two clocks rarely agree to the second. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

export const ago = (thenMs: number, nowMs: number): string =>
  nowMs - thenMs < 2_000 ? 'now' : `${duration(nowMs - thenMs)} ago`;

export const shortId = (id: string): string => (id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id);

const clockTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** Day and time as the reader's own clock would show it. */
export const timeOf = (ms: number): string => clockTime.format(ms);

/** The carrier of a radio's name: `udp` of `udp:9999@eth0`. */
export const kindOf = (radio: string): string => /^[a-z]+/.exec(radio)?.[0] ?? radio;

/** JSON on one line, cut to a length. */
export function brief(value: unknown, max: number): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}
