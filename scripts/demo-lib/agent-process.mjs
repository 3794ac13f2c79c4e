// A real agent as a child process: the command line `run`, a data directory of its own, HTTP on loopback.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { START_MS } from '../lib/patience.mjs';
import { apiOf } from './api.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
/** Preloaded into a process of Node, it ends that one when this one is gone. */
export const TETHER = pathToFileURL(join(import.meta.dirname, 'tether.mjs')).href;
const STOP_MS = 10_000;
const LOOK_EVERY_MS = 20;
/** Of what an agent wrote, the end is kept: an error is there. */
const LOG_CHARS = 16_384;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `condition()` answers something true, and gives it back; `undefined` when it does not come in time. */
export async function until(condition, limitMs, everyMs = LOOK_EVERY_MS) {
  for (const end = performance.now() + limitMs; ; await sleep(everyMs)) {
    const value = await condition();
    if (value) return value;
    if (performance.now() >= end) return undefined;
  }
}

export async function freeUdpPort() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** `wanted` if it is free, else any free one. */
export async function freeTcpPort(wanted = 0) {
  const server = createServer();
  try {
    server.listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  } catch (error) {
    if (wanted === 0) throw error;
    return freeTcpPort();
  } finally {
    server.close();
  }
}

/** Nothing of this machine's settings reaches the agents. */
function environment(extra) {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('EDGE_AGENT_') && name !== 'NODE_OPTIONS',
  );
  return { ...Object.fromEntries(own), ...extra };
}

function readRuntime(data) {
  try {
    return JSON.parse(readFileSync(join(data, 'runtime.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** The command line of this checkout, tied to this process. */
const OWN_COMMAND = [process.execPath, '--import', TETHER, join(ROOT, 'dist/cli/main.js')];

export class AgentProcess {
  /**
   * @param {{name: string, mesh: string, radios: readonly string[], data: string, httpPort?: number, logLevel?: string,
   *   env?: Record<string, string>, removeOnCut?: string, command?: readonly string[], cwd?: string}} options
   * `removeOnCut`: a temporary folder to remove when this process dies without stopping the agent. `command`: what to
   * run instead of the agent of this checkout.
   */
  constructor(options) {
    const { name, mesh, radios, data, httpPort = 0, logLevel = 'warn', env = {}, removeOnCut, cwd } = options;
    this.name = name;
    this.data = data;
    this.log = '';
    const [program, ...args] = options.command ?? OWN_COMMAND;
    const flags = [...radios.flatMap((radio) => ['--radio', radio]), '--mesh', mesh, '--name', name, '--data', data];
    const http = ['--http', `127.0.0.1:${httpPort}`, '--log-level', logLevel];
    this.child = spawn(program, [...args, 'run', ...flags, ...http], {
      env: environment({ ...env, ...(removeOnCut && { TETHER_REMOVE: removeOnCut }) }),
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      // In a group of its own, so that Ctrl-C reaches only the one that stops them in order.
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (chunk) => {
        this.log = (this.log + chunk).slice(-LOG_CHARS);
      });
    }
    this.child.stdin.on('error', () => {});
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      this.child.once('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with code ${code}`));
    });
    void this.exited.then((how) => {
      this.ended = how;
    });
  }

  get pid() {
    return this.child.pid;
  }

  /** Waits until it serves. Throws with the end of its log when it does not. */
  async ready() {
    const runtime = await until(() => this.ended !== undefined || readRuntime(this.data), START_MS);
    if (this.ended !== undefined) throw new Error(`${this.name} ${this.ended}\n${this.log.trimEnd()}`);
    if (!runtime) throw new Error(`${this.name} did not serve within ${START_MS / 1000} s\n${this.log.trimEnd()}`);
    this.api = apiOf(runtime.url);
    this.nodeId = runtime.nodeId;
    this.agentPid = runtime.pid;
    return this;
  }

  /** Asks it to stop, and insists after a while. Answers how it ended. */
  async stop() {
    if (this.ended !== undefined) return this.ended;
    // A launcher such as npx may stand before the agent: it ends with it.
    signal(this.agentPid ?? this.pid, 'SIGTERM');
    const timer = setTimeout(() => signal(-this.pid, 'SIGKILL'), STOP_MS);
    const how = await this.exited;
    clearTimeout(timer);
    return how;
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
