// Whether a command that is only named exists, with its flags: `edge-agent NAME --flag` and `./scripts/NAME --flag`.
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const FLAG = /(?<=^|\s)--[a-z][a-z-]*/g;
const withoutComment = (text) => text.replaceAll(/(?:^|\s)#.*$/gm, '');
const COMMON = ['--help', '--version'];

/** The script and what it hands its flags to. */
function sourcesOf(root, path) {
  const text = readFileSync(join(root, path), 'utf8');
  const others = [...text.matchAll(/scripts\/[\w./-]+\.mjs/g)].map(([other]) => other);
  return [text, ...others.map((other) => readFileSync(join(root, other), 'utf8'))].join('\n');
}

function scriptFault(root, path, text) {
  try {
    accessSync(join(root, path), path.endsWith('.mjs') ? constants.R_OK : constants.X_OK);
  } catch {
    return `${path} is not there, or cannot be executed`;
  }
  if (!/^scripts\/[\w-]+$/.test(path)) return undefined;
  const sources = sourcesOf(root, path);
  // parseArgs names a flag without its dashes.
  const knows = (flag) => sources.includes(flag) || new RegExp(`\\b${flag.slice(2)}: `).test(sources);
  const unknown = (text.match(FLAG) ?? []).find((flag) => !knows(flag));
  return unknown && `${path} knows no ${unknown}`;
}

/** @returns {Promise<(text: string) => string | undefined>} says what is wrong with a command, if anything */
export async function makeChecker(root) {
  const load = (path) => import(pathToFileURL(join(root, path)).href);
  const [{ COMMANDS }, { Command }] = await Promise.all([load('dist/cli/command-table.js'), import('commander')]);
  const commands = new Map();
  for (const { name, load: loadCommand } of COMMANDS) {
    const command = new Command(name);
    (await loadCommand()).define(command);
    commands.set(name, command);
  }
  return (text) => {
    for (const [, path] of withoutComment(text).matchAll(/(?<=^|\s|\()(?:\.\/)?(scripts\/[\w./-]*[\w-])/g)) {
      const fault = scriptFault(root, path, withoutComment(text));
      if (fault) return fault;
    }
    for (const part of withoutComment(text).split(/&&|\|\||[;|]/)) {
      const fault = commandFault(commands, part);
      if (fault) return fault;
    }
    return undefined;
  };
}

function commandFault(commands, text) {
  const words = /(?:^|[\s/])edge-agent((?:\s+\S+)*)/.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const [first = ''] = words;
  // `edge-agent COMMAND` stands for any, and `edge-agent/hot-path` is no command.
  if (first === '' || /^[^a-z-]/.test(first) || first === 'help') return undefined;
  const name = first.startsWith('-') ? 'run' : first;
  let command = commands.get(name);
  if (command === undefined) return `there is no command edge-agent ${name}`;
  const options = [...command.options];
  for (const word of words.slice(1)) {
    const inner = command.commands.find((other) => other.name() === word);
    if (!inner) break;
    command = inner;
    options.push(...inner.options);
  }
  const unknown = words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.split('=')[0])
    .find((flag) => ![...COMMON, ...options.map(({ long }) => long)].includes(flag));
  return unknown && `edge-agent ${name} knows no ${unknown}`;
}
