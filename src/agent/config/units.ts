const DURATION_MS = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const SIZE_BYTES = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

export const DURATION_PATTERN = /^\d{1,12}(?:\.\d{1,6})? ?(?:ms|s|m|min|h|d)$/;
export const SIZE_PATTERN = /^\d{1,15}(?:\.\d{1,6})? ?(?:B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

function scaled(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  if (!pattern.test(text)) return undefined;
  const unitAt = text.search(/[A-Za-z]/);
  const value = Number(text.slice(0, unitAt)) * (units[text.slice(unitAt)] as number);
  return Number.isSafeInteger(Math.round(value)) ? Math.round(value) : undefined;
}

/** Milliseconds of `500ms`, `5s`, `1.5h`, `30d`; `undefined` when it is not a duration with its unit. */
export const parseDuration = (text: string): number | undefined => scaled(text, DURATION_PATTERN, DURATION_MS);

/** Bytes of `512MiB`, `1.5GB`, `4096B`; `undefined` when it is not a size with its unit. */
export const parseSize = (text: string): number | undefined => scaled(text, SIZE_PATTERN, SIZE_BYTES);

function inLargestUnit(value: number, units: Readonly<Record<string, number>>, names: readonly string[]): string {
  for (const name of names) {
    const size = units[name] as number;
    if (value % size === 0 && value >= size) return `${value / size}${name}`;
  }
  return `${value}${names.at(-1)}`;
}

/** The shortest text that `parseDuration` reads back as the same milliseconds. */
export const formatDuration = (ms: number): string => inLargestUnit(ms, DURATION_MS, ['d', 'h', 'm', 's', 'ms']);

/** The shortest text that `parseSize` reads back as the same bytes. */
export const formatSize = (bytes: number): string =>
  inLargestUnit(bytes, SIZE_BYTES, ['TiB', 'GiB', 'MiB', 'KiB', 'B']);
