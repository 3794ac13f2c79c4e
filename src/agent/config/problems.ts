import type { z } from 'zod';
import { EdgeError } from '../../core/errors.js';
import { KEY_PATHS, KEYS, type KeyPath, type KeySpec, keySpec } from './keys.js';
import { nearest } from './nearest.js';
import { isTable, type Origin } from './origins.js';

/** Problems beyond this many are counted, not listed. */
const MAX_LISTED = 20;
const MAX_SHOWN_CHARACTERS = 60;

/** How the raw tree, the origin of each of its keys and the lines of the file belong together. */
export interface Context {
  readonly raw: unknown;
  originOf(path: string, key: KeyPath | undefined): Origin;
}

interface Problem {
  readonly code: 'config.key' | 'config.value';
  readonly message: string;
  readonly fix: string;
  readonly key: string;
  readonly origin: Origin;
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');

function keyOf(path: readonly PropertyKey[]): KeyPath | undefined {
  for (let length = path.length; length > 0; length--) {
    const text = path.slice(0, length).join('.');
    if (Object.hasOwn(KEYS, text)) return text as KeyPath;
  }
  return undefined;
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (isTable(value)) return 'a table';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

export function place(origin: Origin): string {
  switch (origin.from) {
    case 'default':
      return 'configuration';
    case 'file':
      return origin.line === undefined ? origin.file : `${origin.file} line ${origin.line}`;
    case 'env':
    case 'flag':
      return origin.name;
    case 'option':
      return `option ${origin.name}`;
  }
}

function valueIn(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return value;
}

function fixFor(spec: KeySpec | undefined, found: unknown): string | undefined {
  if (spec === undefined || (typeof found !== 'number' && typeof found !== 'string')) return undefined;
  const bare = /^\d+(\.\d+)?$/.exec(String(found))?.[0];
  if (bare !== undefined && spec.kind === 'duration') {
    return `Add the unit: "${bare}s" for seconds or "${bare}ms" for milliseconds.`;
  }
  if (bare !== undefined && spec.kind === 'size')
    return `Add the unit: "${bare}B" for bytes or "${bare}MiB" for mebibytes.`;
  if (spec.kind === 'switch' && (found === 'true' || found === 'false')) return `Write ${found} without quotes.`;
  if (spec.kind === 'count' && bare !== undefined && typeof found === 'string') return `Write ${bare} without quotes.`;
  if (spec.kind === 'list' && typeof found === 'string') return `Write a list: ["${found}"].`;
  return undefined;
}

function expectedAt(key: KeyPath | undefined, path: string): string {
  if (key !== undefined) return keySpec(key).expected;
  const inside = KEY_PATHS.filter((known) => known.startsWith(`${path}.`)).map((known) => known.slice(path.length + 1));
  return `a table with the keys ${inside.join(', ')}`;
}

function valueProblem(issue: z.core.$ZodIssue, context: Context): Problem {
  const key = keyOf(issue.path);
  const path = pathText(issue.path);
  const found = valueIn(context.raw, issue.path);
  const origin = context.originOf(path, key);
  const spec = key === undefined ? undefined : keySpec(key);
  const expected = expectedAt(key, path);
  const shown = spec?.secret ? 'not a usable secret' : show(found);
  return {
    code: 'config.value',
    key: path,
    origin,
    message: `${place(origin)}: ${path} is ${shown}, expected ${expected}`,
    fix: fixFor(spec, found) ?? `Give ${path} ${expected}.`,
  };
}

const SPACE_KEYS = ['name', 'dimension'];

/** Keys that may stand in the table at this path. */
function knownIn(path: readonly PropertyKey[]): readonly string[] {
  if (path[0] === 'spaces') return SPACE_KEYS;
  const prefix = path.length === 0 ? '' : `${pathText(path)}.`;
  const names = KEY_PATHS.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return [...new Set(names.map((name) => name.split('.')[0] as string))];
}

/** The key that was probably meant: of this table first, else one of the same name in another. */
export function suggestion(written: string, siblings: readonly string[]): string | undefined {
  const close = nearest(written, siblings);
  if (close !== undefined) return close;
  const last = written.split('.').at(-1) as string;
  const leaf = nearest(last, new Set(KEY_PATHS.map((key) => key.split('.').at(-1) as string)));
  return leaf === undefined ? undefined : KEY_PATHS.find((key) => key.split('.').at(-1) === leaf);
}

function keyProblems(issue: z.core.$ZodIssueUnrecognizedKeys, context: Context): Problem[] {
  const siblings = knownIn(issue.path);
  return issue.keys.slice(0, MAX_LISTED).map((name) => {
    const path = pathText([...issue.path, name]);
    const origin = context.originOf(path, undefined);
    const meant = suggestion(name, siblings);
    return {
      code: 'config.key',
      key: path,
      origin,
      message: `${place(origin)}: unknown key ${show(path)}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      fix: meant === undefined ? `Remove it, or use one of ${siblings.join(', ')}.` : `Write ${meant}, or remove it.`,
    };
  });
}

/** The first problem as an error; all of them are in `details.problems`. Unknown keys go first: they are often the cause of the rest. */
export function problemError(issues: readonly z.core.$ZodIssue[], context: Context): EdgeError {
  const problems = issues
    .slice(0, MAX_LISTED)
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys' ? keyProblems(issue, context) : [valueProblem(issue, context)],
    )
    .sort((a, b) => a.code.localeCompare(b.code));
  const [first] = problems as [Problem, ...Problem[]];
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new EdgeError(first.code, first.message + more, {
    fix: first.fix,
    details: {
      key: first.key,
      origin: first.origin,
      problems: problems.map(({ code, message, fix }) => ({ code, message, fix })),
    },
  });
}

/** A value that is good in itself but not together with another. */
export function conflict(key: KeyPath, origin: Origin, message: string, fix: string): EdgeError {
  return new EdgeError('config.value', `${place(origin)}: ${key} ${message}`, { fix, details: { key, origin } });
}
