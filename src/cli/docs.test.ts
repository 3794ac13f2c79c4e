import { readFileSync } from 'node:fs';
import test from 'ava';
import { Command } from 'commander';
import { COMMANDS } from './command-table.js';

const page = readFileSync('docs/cli.md', 'utf8');
/** The options of all commands, told once at the top. */
const SHARED = ['--json', '--url', '--token', '--data', '--ids'];
/** Told in docs/configuration.md and under `run`, and taken by these as well. */
const CONFIGURING = ['run', 'doctor', 'config', 'explain'];

/** A command and the ones below it, each with its full name. */
function tree(command: Command, name: string): (readonly [name: string, command: Command])[] {
  return [[name, command], ...command.commands.flatMap((inner) => tree(inner, `${name} ${inner.name()}`))];
}

const section = (name: string): string => page.split(`\n### \`${name}\`\n`)[1]?.split('\n### ')[0] ?? '';

for (const { name, load } of COMMANDS) {
  test(`the page on the command line tells of ${name}, with an example and every option`, async (t) => {
    const root = new Command(name);
    (await load()).define(root);
    for (const [path, command] of tree(root, `edge-agent ${name}`)) {
      const text = section(path);
      t.true(text.includes(`\n${path}`), `${path} has no section with an example in docs/cli.md`);
      if (CONFIGURING.includes(command.name()) && name !== 'run') continue;
      for (const { long } of command.options) {
        const isToldAbove = SHARED.includes(long ?? '') || /^The same as/.test(text.trim());
        if (!isToldAbove) t.true(text.includes(long ?? ''), `${path}: ${long}`);
      }
    }
  });
}

test('the page names no command that is not there', (t) => {
  const names = [...page.matchAll(/^### `edge-agent ([a-z]+)/gm)].map(([, name]) => name);
  for (const name of names)
    t.true(
      COMMANDS.some((entry) => entry.name === name),
      name,
    );
  t.true(names.length >= COMMANDS.length);
});
