import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces, userInfo } from 'node:os';
import { type Check, fail, ok, warn } from './check.js';

/** A clock before this (the project's first year) was never set. */
const EARLIEST_CREDIBLE_MS = Date.UTC(2026, 0, 1);
const LATEST_CREDIBLE_MS = Date.UTC(2100, 0, 1);
/** Left by systemd-timesyncd once it has set the clock. */
const SYNCHRONISED = '/run/systemd/timesync/synchronized';

const parts = (version: string): readonly number[] => version.split('.').map(Number);

/** Whether a version is at least another, by major, minor and patch. */
export function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [parts(version), parts(least)];
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

export function checkNode(): Check {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const least = (JSON.parse(text) as { engines: { node: string } }).engines.node.replace('>=', '');
  const detail = `Node.js ${process.versions.node} on ${process.platform} ${process.arch}`;
  if (!isAtLeast(process.versions.node, least)) return fail('node', detail, `Install Node.js ${least} or newer.`);
  if (process.platform !== 'linux') return fail('node', detail, 'Run it on Linux: the radios need it.');
  return ok('node', detail);
}

export function checkClock(nowMs: number = Date.now()): Check {
  const shown = new Date(nowMs).toISOString();
  if (nowMs < EARLIEST_CREDIBLE_MS || nowMs > LATEST_CREDIBLE_MS) {
    return fail(
      'clock',
      `the clock says ${shown}`,
      'Set it: sudo timedatectl set-ntp true, or sudo date -s "2026-03-01 12:00"',
    );
  }
  return ok('clock', `${shown}, ${existsSync(SYNCHRONISED) ? 'synchronised' : 'not known to be synchronised'}`);
}

export function checkInterfaces(): Check {
  const usable = Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
    const outside = (addresses ?? []).filter(({ internal }) => !internal);
    return outside.length === 0 ? [] : [`${name} (${outside.map(({ address }) => address).join(', ')})`];
  });
  if (usable.length > 0) return ok('network', usable.join('; '));
  return warn(
    'network',
    'no interface but loopback is up',
    'Bring one up: sudo ip link set IFACE up   On one device alone: --radio udp@lo',
  );
}

export function checkUser(): Check {
  const uid = process.getuid?.() ?? -1;
  let name = String(uid);
  try {
    name = userInfo().username;
  } catch {
    // A container may run under a number that has no name.
  }
  return ok('privileges', `runs as ${name}${uid === 0 ? ', with all rights' : ''}; the UDP radio needs none`);
}
