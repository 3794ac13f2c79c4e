import { readFileSync } from 'node:fs';
import test from 'ava';
import { KEY_PATHS, type KeyPath, keySpec } from './keys.js';

const page = readFileSync('docs/configuration.md', 'utf8');

const code = (value: unknown): string => `\`${value}\``;

function defaultText(key: KeyPath): string {
  const { fallback, fallbackNote } = keySpec(key);
  return fallback === undefined ? (fallbackNote ?? '') : code(JSON.stringify(fallback));
}

function rowOf(key: KeyPath): string {
  const { expected, env, flag } = keySpec(key);
  const cells = [
    code(key),
    expected,
    defaultText(key),
    env === undefined ? '' : code(env),
    flag === undefined ? '' : code(flag),
  ];
  return `| ${cells.join(' | ')} |`;
}

for (const key of KEY_PATHS) {
  test(`the page on configuration tells what ${key} takes, its default, variable and flag`, (t) => {
    t.true(page.includes(`\n${rowOf(key)}\n`), `expected this line in docs/configuration.md:\n${rowOf(key)}`);
    t.true(page.includes(`\n- ${code(key)}: ${keySpec(key).what}\n`), `expected: - ${code(key)}: ${keySpec(key).what}`);
  });
}
