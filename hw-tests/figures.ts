import { appendFileSync } from 'node:fs';

/** A measured value for `hw-test --json`, which names the file. Returns it as a line for people. */
export function figure(name: string, value: number, unit: string): string {
  const file = process.env['RIG_FIGURES'];
  const rounded = Number(value.toPrecision(4));
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, value: rounded, unit })}\n`);
  return `${name} ${rounded} ${unit}`;
}
