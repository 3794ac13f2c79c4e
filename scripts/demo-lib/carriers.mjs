// What stands around the agents in place of hardware: BLE controllers and their air in a process of their own, and
// pairs of pseudo terminals as serial cables.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TETHER } from './agent-process.mjs';
import { HelperProcess } from './helper-process.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const SOURCES = join(ROOT, 'hw-tests/emulation');
const BUILT = join(ROOT, 'dist-hw/emulation/main.js');

const newest = (folder) => Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs));

/** Compiles the emulated controllers when that was not done since they changed. Throws with what the compiler says. */
export function buildEmulation(say) {
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs >= newest(SOURCES)) return;
  say('building the emulated BLE controllers …');
  const { status, stdout, error } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'hw-tests'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  // It writes what it can even when a test beside them has a fault.
  if (error || !existsSync(BUILT))
    throw new Error(error?.message ?? `the compiler ended with ${status}: ${stdout.trim()}`);
}

/** In a process of its own: the stacks leave handlers in the one that loads them. */
function stackTrouble() {
  const packages = pathToFileURL(join(ROOT, 'dist/radios/ble/packages.js')).href;
  const script = `const { loadStacks } = await import(${JSON.stringify(packages)});
    try { loadStacks(); } catch (error) { console.log(error.message + '; fix: ' + (error.fix ?? 'npm ci')); }
    process.exit();`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim();
  return said === '' ? undefined : said;
}

function bleTrouble(say) {
  try {
    buildEmulation(say);
    return stackTrouble();
  } catch (error) {
    return `the emulated controllers cannot be built: ${error.message.split('\n')[0]}; fix: ./scripts/build`;
  }
}

/** Why there can be no serial cable here, or `undefined`. */
export const cableTrouble = () =>
  spawnSync('socat', ['-V']).status === 0 ? undefined : 'socat is missing; fix: sudo apt-get install socat';

/** Kinds of radio that cannot be had on this machine, and why, with the command that mends it. */
export function lackingCarriers(say) {
  const found = { ble: bleTrouble(say), serial: cableTrouble() };
  return new Map(Object.entries(found).filter(([, trouble]) => trouble !== undefined));
}

/** Emulated controllers at `sockets`, at real intervals, and who hears whom: pairs like `n1-n2` of the files' names. */
export function startAir(sockets, reach) {
  const heard = reach.length === 0 ? [] : ['--reach', reach.join(',')];
  const args = ['--import', TETHER, BUILT, '--real-time', ...heard, ...sockets];
  const air = new HelperProcess('the emulated air', process.execPath, args);
  return air.ready(() => sockets.every((path) => existsSync(path)));
}

/** A cable between two device files. */
export function startCable(ends) {
  const ptys = ends.map((path) => `pty,rawer,link=${path}`);
  // socat knows nothing of its parent: the kernel ends it with this process.
  const cable = new HelperProcess('the serial cable', 'setpriv', ['--pdeathsig', 'TERM', 'socat', ...ptys]);
  return cable.ready(() => ends.every((path) => existsSync(path) && existsSync(readlinkSync(path))));
}

/** All that `carriersOf` names. Throws when one does not come up; those that did are then stopped. */
export async function startCarriers({ sockets, reach, cables }) {
  const helpers = [];
  const started = await Promise.allSettled([
    ...(sockets.length > 0 ? [startAir(sockets, reach)] : []),
    ...cables.map(startCable),
  ]);
  for (const { value } of started) if (value) helpers.push(value);
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed === undefined) return helpers;
  await Promise.all(helpers.map((helper) => helper.stop()));
  throw failed.reason;
}
