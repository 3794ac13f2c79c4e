// Tables for a terminal.
/** @param {readonly {title: string, right?: boolean}[]} columns @param {readonly (readonly unknown[])[]} rows */
export function table(columns, rows) {
  const text = rows.map((row) => row.map((value) => (value === undefined || value === null ? '' : String(value))));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...text.map((row) => row[at].length)));
  const line = (cells) =>
    cells
      .map((cell, at) => (columns[at].right ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...text.map(line)].join('\n');
}

const UNITS = ['B', 'kB', 'MB', 'GB'];

/** 1 234 567 → `1.2 MB`. */
export function bytesText(bytes) {
  let [value, unit] = [bytes, 0];
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
