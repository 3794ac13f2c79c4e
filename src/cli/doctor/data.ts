import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../agent/config.js';
import { messageOf } from '../../core/errors.js';
import { byteCount } from '../format.js';
import { type Check, fail, ok, warn } from './check.js';
import { lockHolder } from './lock-holder.js';

/** Less free space than this stops an agent within minutes. */
const LEAST_FREE_BYTES = 64 * 2 ** 20;

function firstExisting(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const mend = (path: string): string =>
  `sudo install -d -o "$USER" -m 0700 ${path}   Or name another with --data or EDGE_AGENT_DATA.`;

function checkDirectory(path: string): Check {
  const exists = existsSync(path);
  const place = exists ? path : firstExisting(path);
  if (!isUsable(place)) {
    const detail = exists ? `${path} cannot be written` : `${path} does not exist and ${place} cannot be written`;
    return fail('data.directory', detail, mend(path));
  }
  return ok('data.directory', exists ? `${path} can be written` : `${path} will be made by the first start`);
}

function checkLock(path: string): Check {
  if (!existsSync(path)) return ok('data.lock', 'free');
  try {
    const holder = lockHolder(path);
    return ok('data.lock', holder === undefined ? 'free' : `held by the agent with pid ${holder}`);
  } catch (error) {
    return fail('data.lock', `${path} cannot be read: ${messageOf(error)}`, mend(path));
  }
}

function checkSpace(config: Config): Check {
  const place = firstExisting(config.dataDir);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const detail = `${byteCount(free)} free at ${place}`;
  if (free < LEAST_FREE_BYTES)
    return fail('data.space', detail, `Free some space there, or use another disk with --data.`);
  if (free < config.limits.storeBytes) {
    const store = byteCount(config.limits.storeBytes);
    return warn(
      'data.space',
      `${detail}; the store may grow to ${store}`,
      'Lower limits.store in the configuration, or free some space.',
    );
  }
  return ok('data.space', detail);
}

export const checkData = (config: Config): Check[] => [
  checkDirectory(config.dataDir),
  checkLock(config.dataDir),
  checkSpace(config),
];
