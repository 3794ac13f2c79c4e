// The libraries of native/bench: installed when a row asks for them, each one only if it can be.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'native', 'bench');
const STAMP = join(FOLDER, 'node_modules', '.edge-agent-bench.json');
/** They come without a binary; the others bring theirs. */
const COMPILED = ['hnswlib-node', 'better-sqlite3'];
const MINUTE_MS = 60_000;
const DOWNLOAD_MS = 4 * MINUTE_MS;
const COMPILE_MS = 6 * MINUTE_MS;
const OUTPUT_KEPT = 4_000;
const REASON_CHARACTERS = 120;

/** The adapters of native/bench/peers, and the packages they need. */
const PACKAGES = {
  usearch: ['usearch'],
  'hnswlib-node': ['hnswlib-node'],
  'sqlite-vec': ['better-sqlite3', 'sqlite-vec'],
  simsimd: ['simsimd'],
  'lru-cache': ['lru-cache'],
};
/** Here and not further up, where another version may lie. */
const isInstalled = (name) => existsSync(join(FOLDER, 'node_modules', name));

/** Why it did not work, in a line, or undefined. */
function run(command, args, timeoutMs) {
  return new Promise((resolve) => {
    // An update notice is no reason, and none of their funding requests is.
    const env = {
      ...process.env,
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
    };
    const child = spawn(command, args, { cwd: FOLDER, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let output = '';
    const keep = (data) => {
      output = (output + data).slice(-OUTPUT_KEPT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(undefined);
      const lines = output.split('\n').filter((line) => /\b(error|ERR!|not found)\b/i.test(line));
      resolve(
        (lines[0] ?? `${command} ended with ${signal ?? code}`).replace(/^npm (error|ERR!)\s*/i, '').slice(0, 160),
      );
    });
  });
}

const lockState = () =>
  `${createHash('sha256')
    .update(readFileSync(join(FOLDER, 'package-lock.json')))
    .digest('hex')} ${process.arch} ${process.versions.modules}`;

/** What was done for this very lock file: the packages are there, and which of them are compiled. */
function readStamp(state) {
  const stamp = existsSync(STAMP) ? JSON.parse(readFileSync(STAMP, 'utf8')) : {};
  return stamp.state === state ? stamp : undefined;
}

/**
 * Installs and compiles what is missing. Answers by name why a package could not be compiled, or as `all` why nothing could
 * be installed; either is tried again by the next run.
 */
async function install(say) {
  const state = lockState();
  let stamp = readStamp(state);
  if (stamp === undefined) {
    say('installing the libraries to compare with, into native/bench (once; about two minutes) …');
    const failed = await run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], DOWNLOAD_MS);
    if (failed !== undefined) return { all: `not installed: ${failed}` };
    stamp = { state, compiled: [] };
  }
  const missing = COMPILED.filter((name) => !stamp.compiled.includes(name));
  if (missing.length === 0) return {};
  say(`compiling ${missing.join(' and ')} …`);
  const reasons = {};
  const compile = async (name) => {
    const reason = await run('npm', ['rebuild', name, '--loglevel=error'], COMPILE_MS);
    if (reason === undefined) stamp.compiled.push(name);
    else reasons[name] = `not compiled: ${reason}`;
  };
  await Promise.all(missing.map(compile));
  writeFileSync(STAMP, JSON.stringify(stamp));
  return reasons;
}

/** Peers by name, and of those that are not there the reason. */
export class Peers {
  #modules = new Map();
  #missing = new Map();

  /** @param {(text: string) => void} say */
  static async open(say) {
    const reasons = await install(say);
    const peers = new Peers();
    for (const [name, packages] of Object.entries(PACKAGES)) {
      const why = (each) => reasons[each] ?? (isInstalled(each) ? undefined : (reasons.all ?? 'not installed'));
      await peers.#add(name, packages.map(why).find(Boolean));
    }
    return peers;
  }

  async #add(name, reason) {
    try {
      if (reason !== undefined) throw new Error(reason);
      this.#modules.set(name, await import(pathToFileURL(join(FOLDER, 'peers', `${name}.mjs`)).href));
    } catch (error) {
      this.#missing.set(name, error.message.split('\n')[0].slice(0, REASON_CHARACTERS));
    }
  }

  /** The adapter of native/bench/peers, or undefined. */
  get(name) {
    return this.#modules.get(name);
  }

  /** For a row's note: which of `names` are left out, and why. */
  missing(...names) {
    const gone = names.filter((name) => this.#missing.has(name));
    return gone.map((name) => `left out: ${name} (${this.#missing.get(name)})`).join('; ');
  }
}

/** Once a run, whichever rows want them. */
export const peersOf = ({ shared, say }) => shared('hot-peers', () => Peers.open(say));
