import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { EdgeError, messageOf } from '../../core/errors.js';
import { KEY_PATHS, type KeyPath, keySpec, OTHER_ENVIRONMENT, optionPath } from './keys.js';
import { nearest } from './nearest.js';
import { isTable, type Raw, valueAt } from './origins.js';
import { suggestion } from './problems.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration is small; anything larger is some other file. */
const MAX_CONFIG_BYTES = 2 ** 20;
const MAX_DEPTH = 32;

/** Values by key, as they would stand in the file. */
export type Values = ReadonlyMap<KeyPath, unknown>;

export function readConfigFile(file: string): string {
  try {
    if (statSync(file).size > MAX_CONFIG_BYTES) throw new Error(`it is larger than ${MAX_CONFIG_BYTES} bytes`);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new EdgeError('config.file', `The configuration file ${file} cannot be read: ${messageOf(cause)}`, {
      fix: 'Name a readable file with --config or EDGE_AGENT_CONFIG, or leave it out for the defaults.',
      cause,
    });
  }
}

/** The tree of a TOML text. Throws `config.syntax` with line and column. */
export function parseToml(text: string, file: string): Raw {
  const name = basename(file);
  if (text.length > MAX_CONFIG_BYTES) {
    throw new EdgeError('config.file', `${name} is larger than ${MAX_CONFIG_BYTES} bytes`, {
      fix: 'Give a configuration file.',
    });
  }
  try {
    return parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: MAX_DEPTH });
  } catch (cause) {
    const { line, column } = cause instanceof TomlError ? cause : { line: undefined, column: undefined };
    const why = messageOf(cause).split('\n')[0]?.replace('Invalid TOML document: ', '') ?? 'not TOML';
    const where = line === undefined ? name : `${name} line ${line} column ${column}`;
    throw new EdgeError('config.syntax', `${where}: ${why}`, {
      fix: 'Mend the line; the file is TOML: `key = "text"`, `key = 5`, `[table]`.',
      details: { file, line, column },
      cause,
    });
  }
}

/** A comma also stands between the interfaces of one radio (`udp@eth0,wlan0`): only one before a kind separates radios. */
export const splitRadios = (text: string): string[] =>
  text
    .split(/,(?=\s*(?:udp|ble|serial|quic|memory)\s*(?:[:@,]|$))/)
    .map((radio) => radio.trim())
    .filter((radio) => radio !== '');

const SWITCH: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
};

/** What a text of the environment or the command line would be in the file; odd texts pass through and fail validation. */
function fromText(key: KeyPath, text: string): unknown {
  switch (keySpec(key).kind) {
    case 'count':
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case 'switch':
      return SWITCH[text.toLowerCase()] ?? text;
    case 'list':
      return key === 'radios' ? splitRadios(text) : text.split(',').map((item) => item.trim());
    default:
      return text;
  }
}

/** An empty variable is an unset one. */
export function valuesFromEnvironment(env: Environment): Values {
  const values = new Map<KeyPath, unknown>();
  for (const key of KEY_PATHS) {
    const { env: name } = keySpec(key);
    const text = name === undefined ? undefined : env[name];
    if (text !== undefined && text !== '') values.set(key, fromText(key, text));
  }
  return values;
}

/** Lines about `EDGE_AGENT_*` variables that nothing reads: warned about only, because an environment is inherited. */
export function unknownVariables(env: Environment): string[] {
  const known = KEY_PATHS.flatMap((key) => keySpec(key).env ?? []);
  const all = new Set<string>([...known, ...OTHER_ENVIRONMENT]);
  return Object.keys(env)
    .filter((name) => name.startsWith('EDGE_AGENT_') && !all.has(name))
    .map((name) => {
      const meant = nearest(name, known);
      return `${name} is not a known variable${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

/** The command line's flags, as the parser of the command line gives them. */
export interface ConfigFlags {
  readonly name?: string;
  readonly mesh?: string;
  readonly data?: string;
  readonly logLevel?: string;
  readonly radio?: readonly string[];
  readonly http?: string;
}

export function valuesFromFlags(flags: ConfigFlags): Values {
  const given: readonly (readonly [KeyPath, unknown])[] = [
    ['name', flags.name],
    ['mesh', flags.mesh],
    ['data_dir', flags.data],
    ['log_level', flags.logLevel],
    ['radios', flags.radio],
    ['http.listen', flags.http],
  ];
  return new Map(given.filter(([, value]) => value !== undefined));
}

const isHostPort = (value: unknown): value is { host: string; port: number } =>
  isTable(value) && typeof value['host'] === 'string' && typeof value['port'] === 'number';

function addressText(value: unknown): unknown {
  if (!isHostPort(value)) return value;
  return value.host.includes(':') ? `[${value.host}]:${value.port}` : `${value.host}:${value.port}`;
}

/** How an option's value would stand in the file. */
function fromOption(key: KeyPath, value: unknown): unknown {
  const { kind } = keySpec(key);
  if (kind === 'duration' && typeof value === 'number') return `${value}ms`;
  if (kind === 'size' && typeof value === 'number') return `${value}B`;
  if (key === 'http.listen') return value === null ? 'off' : addressText(value);
  if (key === 'peers.static' && Array.isArray(value)) return value.map(addressText);
  return value;
}

function refuseUnknownOptions(options: Raw, prefix: string, known: ReadonlyMap<string, KeyPath>): void {
  for (const [name, value] of Object.entries(options)) {
    const path = `${prefix}${name}`;
    if (known.has(path) || value === undefined) continue;
    const inside = [...known.keys()].some((key) => key.startsWith(`${path}.`));
    if (inside && isTable(value)) {
      refuseUnknownOptions(value, `${path}.`, known);
      continue;
    }
    const meant = nearest(path, known.keys()) ?? suggestion(name, []);
    throw new EdgeError(
      'config.key',
      `Unknown option ${path}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      {
        fix: `Use one of ${[...known.keys()].join(', ')}.`,
        details: { key: path },
      },
    );
  }
}

/** Options of the library: the shape of `Config`, every part optional. Throws `config.key` for an unknown one. */
export function valuesFromOptions(options: Raw): Values {
  const known = new Map(KEY_PATHS.map((key) => [optionPath(key), key] as const));
  refuseUnknownOptions(options, '', known);
  const values = new Map<KeyPath, unknown>();
  for (const [path, key] of known) {
    const value = valueAt(options, path);
    if (value !== undefined) values.set(key, fromOption(key, value));
  }
  return values;
}
