import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { ExecutionContext } from 'ava';
import { type Answer, type Call, call } from './http-client.js';
import { type Runtime, START_MS, until, untilServing } from './serving.js';

/** An agent that outlives its test is ended. */
const LONGEST_MS = 150_000;
/** What is kept of an agent's log; a longer one is cut, and `logBytes` still counts it. */
const LOG_KEPT_BYTES = 1024 * 1024;

export interface AgentSetup {
  readonly name: string;
  readonly mesh: string;
  /** As on the command line: `udp:PORT@IFACE[,IFACE]`. */
  readonly radio: string;
  readonly furtherRadios?: readonly string[];
  /** A directory of its own when left out. */
  readonly data?: string;
  /** TOML over the settings all agents of these tests have; see `SETTINGS`. */
  readonly config?: string;
  /** A network namespace to run in, and the path of a Unix socket that leads to the agent's interface from outside. */
  readonly namespace?: { readonly name: string; readonly socket: string };
  /** Before the command: `setpriv …`. */
  readonly wrapper?: readonly string[];
  /** After so long it is ended; 150 s by default. */
  readonly longestMs?: number;
}

type Peer = { readonly nodeId: string; readonly name: string; readonly alive: boolean };

/** No sensors and no DNS-SD: nothing of the machine the tests run on matters. */
const SETTINGS = '[sensors]\nenabled = false\n[udp]\ndns_sd = false\n';

/** Heartbeats and timeouts a tenth as long as by default. */
export const QUICK = '[mesh_timing]\nheartbeat_interval = "500ms"\npeer_timeout = "3s"\n';

let made = 0;

/** A mesh name and a discovery port that no other test process or thread uses. */
export function ownMesh(): { readonly mesh: string; readonly port: number; readonly radio: string } {
  const number = made++;
  const port = 20_000 + ((process.pid * 31 + threadId * 7 + number) % 10_000);
  return { mesh: `test-${process.pid}-${threadId}-${number}`, port, radio: `udp:${port}@lo` };
}

export const scratch = (label: string): string => mkdtempSync(join(tmpdir(), `edge-${label}-`));

/** One real agent as a process of the built command line, spoken to over HTTP. */
export class AgentProcess {
  readonly setup: AgentSetup;
  readonly data: string;
  readonly nodeId: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #log: AgentLog;
  readonly #ended: Promise<number | null>;

  private constructor(
    setup: AgentSetup,
    data: string,
    started: { child: ChildProcess; log: AgentLog; ended: Promise<number | null> },
    runtime: Runtime,
  ) {
    this.setup = setup;
    this.data = data;
    this.nodeId = runtime.nodeId;
    this.url = runtime.url;
    this.#child = started.child;
    this.#log = started.log;
    this.#ended = started.ended;
  }

  /** Started and serving. `t` ends it with the test, whatever becomes of that. */
  static async start(t: Pick<ExecutionContext, 'teardown'>, setup: AgentSetup): Promise<AgentProcess> {
    const data = setup.data ?? join(scratch('agent'), 'data');
    const started = launch(setup, data);
    t.teardown(async () => {
      started.child.kill('SIGKILL');
      await started.ended;
    });
    const { child, log } = started;
    const runtime = await untilServing(`agent ${setup.name}`, data, child.pid, () =>
      child.exitCode === null && child.signalCode === null
        ? undefined
        : `${child.exitCode ?? child.signalCode}, ${log.text}`,
    );
    return new AgentProcess(setup, data, started, runtime);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** What it wrote to standard error. */
  get log(): string {
    return this.#log.text;
  }

  get logBytes(): number {
    return this.#log.bytes;
  }

  call(path: string, options: Call = {}): Promise<Answer> {
    const { namespace } = this.setup;
    const url = path.startsWith('/') ? `${this.url}${path}` : `${this.url}/api/v1/${path}`;
    return call(url, { ...options, ...(namespace ? { socketPath: namespace.socket } : {}) });
  }

  /** The JSON of an answer that is a success; anything else throws. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  async json(path: string, options: Call = {}): Promise<any> {
    const { status, json, text } = await this.call(path, options);
    if (status >= 200 && status <= 299) return json;
    throw new Error(`${options.method ?? ''} ${path} at ${this.setup.name}: ${status} ${text.slice(0, 500)}`);
  }

  async alivePeers(): Promise<readonly string[]> {
    const { peers } = await this.json('peers');
    return peers.flatMap((peer: Peer) => (peer.alive ? [peer.nodeId] : [])).sort();
  }

  /** A process that ends itself at a signal: its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    return this.#ended;
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** The same agent again: its data, name and mesh. */
  restart(t: Pick<ExecutionContext, 'teardown'>): Promise<AgentProcess> {
    return AgentProcess.start(t, { ...this.setup, data: this.data });
  }
}

class AgentLog {
  text = '';
  bytes = 0;

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.text.length < LOG_KEPT_BYTES) this.text += chunk.toString();
  }
}

function launch(setup: AgentSetup, data: string) {
  const { name, mesh, radio, furtherRadios = [], namespace, wrapper = [], longestMs = LONGEST_MS } = setup;
  const home = scratch('home');
  // The wrapper may make it another user's process.
  chmodSync(home, 0o755);
  const config = join(home, 'agent.toml');
  writeFileSync(config, `${SETTINGS}${setup.config ?? ''}`);
  const inside = namespace ? ['ip', 'netns', 'exec', namespace.name] : [];
  const radios = [radio, ...furtherRadios].flatMap((one) => ['--radio', one]);
  const agent = [process.execPath, 'dist/cli/main.js', '--config', config, ...radios, '--mesh', mesh];
  const own = ['--name', name, '--data', data, '--http', '127.0.0.1:0'];
  const [command, ...args] = [...inside, ...wrapper, ...agent, ...own] as [string, ...string[]];
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_STATE_HOME: home };
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  const log = new AgentLog();
  child.stderr?.on('data', (chunk: Buffer) => log.add(chunk));
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve(code));
  });
  return { child, log, ended };
}

/** Agents of one mesh on the loopback, each alive to each. */
export async function startMesh(
  t: Pick<ExecutionContext, 'teardown'>,
  names: readonly string[],
  config: string = QUICK,
): Promise<AgentProcess[]> {
  const { mesh, radio } = ownMesh();
  const agents = await Promise.all(names.map((name) => AgentProcess.start(t, { name, mesh, radio, config })));
  await allAlive(agents);
  return agents;
}

/** Each has heard each, and has its name, which comes a moment later. */
export async function allAlive(agents: readonly AgentProcess[], ms = START_MS): Promise<void> {
  await Promise.all(
    agents.map(async (agent) => {
      const others = agents.filter((other) => other !== agent).map(({ nodeId }) => nodeId);
      await until(`${agent.setup.name} sees ${others.length} others alive, by name`, ms, async () => {
        const { peers } = await agent.json('peers');
        const known = new Set(peers.flatMap((peer: Peer) => (peer.alive && peer.name !== '' ? [peer.nodeId] : [])));
        return others.every((nodeId) => known.has(nodeId));
      });
    }),
  );
}
