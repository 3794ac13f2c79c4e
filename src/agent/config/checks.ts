import { readFileSync, statSync } from 'node:fs';
import { EdgeError, messageOf } from '../../core/errors.js';
import { isLoopbackHost } from '../../core/loopback.js';
import { parseRadioSpec, sharesDevice } from '../../radios/radio-spec.js';
import type { KeyPath } from './keys.js';
import { type Origin, type Raw, valueAt } from './origins.js';
import { conflict, place } from './problems.js';
import type { HostPort, ParsedFile } from './schema.js';

/** What a radio means is decided where radios are made; here a wrong one is only named with its place. */
export function checkRadios(radios: readonly string[], origin: (path: string, key: KeyPath) => Origin): void {
  for (const [i, radio] of radios.entries()) checkRadio(radio, i, radios, origin);
}

function checkRadio(
  radio: string,
  index: number,
  all: readonly string[],
  origin: (path: string, key: KeyPath) => Origin,
): void {
  const where = origin(`radios[${index}]`, 'radios');
  if (all.indexOf(radio) !== index) throw conflict('radios', where, `names ${radio} twice`, 'Name each radio once.');
  try {
    const spec = parseRadioSpec(radio);
    const other = all.slice(0, index).find((earlier) => sharesDevice(parseRadioSpec(earlier), spec));
    if (other !== undefined)
      throw conflict('radios', where, `names one device twice: ${other} and ${radio}`, 'Name each device once.');
  } catch (error) {
    if (error instanceof EdgeError && error.code !== 'radio.spec') throw error;
    const fix = error instanceof EdgeError && error.fix !== undefined ? { fix: error.fix } : {};
    throw new EdgeError('config.value', `${place(where)}: ${messageOf(error)}`, {
      ...fix,
      details: { key: `radios[${index}]`, origin: where },
      cause: error,
    });
  }
}

/** Values that are good each, but not together. */
export function checkTogether(parsed: ParsedFile, raw: Raw, origin: (key: KeyPath) => Origin): void {
  const { mesh_timing: timing, limits, http, spaces } = parsed;
  // Blame the key that was set rather than the one left at its default.
  const refuse = (key: KeyPath, other: KeyPath, why: string, fix: string): never => {
    const blamed = valueAt(raw, key) === undefined && valueAt(raw, other) !== undefined ? other : key;
    throw conflict(blamed, origin(blamed), why, fix);
  };
  const heartbeat = 'mesh_timing.heartbeat_interval';
  const timeout = 'mesh_timing.peer_timeout';
  if (timing.peer_timeout < 2 * timing.heartbeat_interval) {
    refuse(
      timeout,
      heartbeat,
      `does not fit: ${timeout} must be at least twice ${heartbeat}`,
      `Set both, such as 5s and 30s.`,
    );
  }
  if (timing.forget_after < timing.peer_timeout) {
    refuse(
      'mesh_timing.forget_after',
      timeout,
      `does not fit: forget_after must not be shorter than peer_timeout`,
      `Set both, such as 30s and 24h.`,
    );
  }
  if (limits.detection_bytes > limits.store) {
    refuse(
      'limits.store',
      'limits.detection_bytes',
      'does not fit: limits.store must hold limits.detection_bytes',
      'Raise limits.store or lower limits.detection_bytes.',
    );
  }
  if (http.token !== undefined && http.token_file !== undefined) {
    refuse('http.token', 'http.token_file', 'and http.token_file are both set', 'Keep one of them.');
  }
  if (new Set(spaces.map(({ name }) => name)).size < spaces.length) {
    refuse('spaces', 'spaces', 'name the same space twice', 'Give each space a name of its own.');
  }
}

/** Whoever is in reach could use an agent that listens beyond this machine without a token. */
export function checkListen(
  listen: HostPort | null,
  token: string | undefined,
  origin: (key: KeyPath) => Origin,
): void {
  if (listen === null || token !== undefined || isLoopbackHost(listen.host)) return;
  throw conflict(
    'http.listen',
    origin('http.listen'),
    `is ${listen.host}, which others reach, and there is no token`,
    'Set EDGE_AGENT_TOKEN or http.token_file, or listen on 127.0.0.1.',
  );
}

/** The token in `http.token_file`. */
export function readToken(file: string, origin: (key: KeyPath) => Origin): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw conflict(
      'http.token_file',
      origin('http.token_file'),
      `cannot be read: ${messageOf(cause)}`,
      'Name a readable file.',
    );
  }
  if (/^\S{16,256}$/.test(token)) return token;
  throw conflict(
    'http.token_file',
    origin('http.token_file'),
    'holds no usable token: expected 16 to 256 characters without spaces',
    `Make one: (umask 077; head -c 24 /dev/urandom | base64 > ${file})`,
  );
}

export function tokenFileWarnings({ http }: ParsedFile): string[] {
  if (http.token_file === undefined || (statSync(http.token_file).mode & 0o077) === 0) return [];
  return [`${http.token_file} can be read by others than its owner; mend it with: chmod 600 ${http.token_file}`];
}
