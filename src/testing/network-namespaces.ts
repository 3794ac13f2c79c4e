import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { threadId } from 'node:worker_threads';

const run = promisify(execFile);

/** Of all namespaces made here; the process id after it tells whose they are. */
const PREFIX = 'edge-test-';
/** What is kept of a child's lines; more of them fail the test. */
const MAX_LINES = 100_000;
const UP_POLL_MS = 20;
const MAX_UP_POLLS = 500;

export interface WireOptions {
  readonly ipv4: boolean;
  /** Link-local addresses only. */
  readonly ipv6: boolean;
}

/** One line of JSON that a child printed. */
export type ChildLine = Readonly<Record<string, unknown>>;

export interface NamespaceChild {
  readonly lines: readonly ChildLine[];
  tell(command: ChildLine): void;
  /** The first line that fits, past or to come. Rejects when the child ends before. */
  line(fits: (line: ChildLine) => boolean): Promise<ChildLine>;
  stop(): Promise<void>;
}

export interface Namespace {
  readonly name: string;
  /** IPv4 address, when it has one. */
  readonly address: string;
  /** Runs `ip` inside. */
  ip(...args: readonly string[]): Promise<void>;
  /** Runs a compiled module of `src/testing` inside; it talks JSON lines on stdin and stdout. */
  start(module: string, argument: unknown): NamespaceChild;
}

/** Name of the interface on both ends of the wire; in a line, of each namespace's first one. */
export const WIRE = 'wire0';
const SECOND_WIRE = 'wire1';

/** Why namespaces cannot be made here, `undefined` when they can. */
export function namespaceTrouble(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const probe = `${PREFIX}${process.pid}-${threadId}-probe`;
  try {
    execFileSync('ip', ['netns', 'add', probe], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', probe], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `ip netns add fails: ${(error as Error).message.split('\n').at(-1)}`;
  }
}

let made = 0;
const standing = new Set<string>();
process.on('exit', () => {
  for (const name of standing) {
    try {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    } catch {
      // Gone already.
    }
  }
});

/** Two namespaces joined by a wire, removed whatever becomes of `body`. */
export const withWire = (
  options: WireOptions,
  body: (left: Namespace, right: Namespace) => Promise<void>,
): Promise<void> =>
  withLine(options, ['left', 'right'], ([left, right]) => body(left as Namespace, right as Namespace));

/** Namespaces of which each shares a wire with the one before it and the one after it, and none with any other. */
export async function withLine(
  options: WireOptions,
  labels: readonly string[],
  body: (spaces: readonly Namespace[]) => Promise<void>,
): Promise<void> {
  await sweep();
  const stem = `${PREFIX}${process.pid}-${threadId}-${made++}`;
  const names = labels.map((label) => `${stem}-${label}`);
  const children = new Set<NamespaceChild>();
  try {
    for (const name of names) await addNamespace(name, options);
    for (const [i, name] of names.slice(1).entries()) {
      // All but the first have their own wire to the one before by then.
      const end = ['name', i === 0 ? WIRE : SECOND_WIRE, 'netns', names[i] as string];
      await run('ip', ['link', 'add', ...end, 'type', 'veth', 'peer', 'name', WIRE, 'netns', name]);
    }
    const spaces: Namespace[] = [];
    for (const [i, name] of names.entries()) spaces.push(await bringUp(name, options, i, names.length, children));
    for (const name of names) await untilUp(name, options);
    await body(spaces);
  } finally {
    await Promise.all([...children].map((child) => child.stop()));
    for (const name of names) await removeNamespace(name);
  }
}

/** What a killed test run left behind: its process id is in the name. */
async function sweep(): Promise<void> {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await removeNamespace(name);
  }
}

async function addNamespace(name: string, { ipv6 }: WireOptions): Promise<void> {
  standing.add(name);
  await run('ip', ['netns', 'add', name]);
  // Without duplicate address detection a link-local address serves at once.
  const knob = ipv6 ? 'accept_dad' : 'disable_ipv6';
  const value = ipv6 ? 0 : 1;
  const set = ['all', 'default'].map((scope) => `echo ${value} > /proc/sys/net/ipv6/conf/${scope}/${knob}`).join('; ');
  await run('ip', ['netns', 'exec', name, 'sh', '-c', set]);
}

async function removeNamespace(name: string): Promise<void> {
  await run('ip', ['netns', 'del', name]).catch(() => {});
  standing.delete(name);
}

/** The `place`-th of `count` in a line: wire n has the subnet 10.77.n.0/24, and its left end the host number 1. */
async function bringUp(
  name: string,
  { ipv4 }: WireOptions,
  place: number,
  count: number,
  children: Set<NamespaceChild>,
): Promise<Namespace> {
  const ip = async (...args: readonly string[]): Promise<void> => void (await run('ip', ['-n', name, ...args]));
  const ends = [...(place > 0 ? [`10.77.${place - 1}.2`] : []), ...(place < count - 1 ? [`10.77.${place}.1`] : [])];
  await ip('link', 'set', 'lo', 'up');
  for (const [i, end] of ends.entries()) {
    const wire = i === 0 ? WIRE : SECOND_WIRE;
    if (ipv4) await ip('addr', 'add', `${end}/24`, 'dev', wire);
    await ip('link', 'set', wire, 'up');
  }
  const address = ends[0] as string;
  const start = (module: string, argument: unknown): NamespaceChild => {
    const child = startChild(name, module, argument);
    children.add(child);
    return child;
  };
  return { name, address, ip, start };
}

/** The kernel brings a link up and gives it its IPv6 address a moment after it was told to. */
async function untilUp(name: string, { ipv6 }: WireOptions): Promise<void> {
  for (let left = MAX_UP_POLLS; left > 0; left--) {
    const { stdout } = await run('ip', ['-n', name, '-oneline', 'addr', 'show', 'dev', WIRE, 'up']);
    const { stdout: link } = await run('ip', ['-n', name, 'link', 'show', 'dev', WIRE]);
    const addressed = !ipv6 || (stdout.includes('inet6 fe80:') && !stdout.includes('tentative'));
    if (link.includes('LOWER_UP') && link.includes('state UP') && addressed) return;
    await new Promise((resolve) => setTimeout(resolve, UP_POLL_MS));
  }
  throw new Error(`The wire in ${name} does not come up`);
}

function startChild(namespace: string, module: string, argument: unknown): NamespaceChild {
  const path = fileURLToPath(new URL(module, import.meta.url));
  const args = ['netns', 'exec', namespace, process.execPath, path, JSON.stringify(argument)];
  const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: ChildLine[] = [];
  const waiting = new Set<() => void>();
  const wakeAll = (): void => {
    for (const wake of [...waiting]) wake();
  };
  let ended = false;
  const exit = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true;
      wakeAll();
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (lines.length >= MAX_LINES) return child.kill('SIGKILL');
    lines.push(JSON.parse(text) as ChildLine);
    return wakeAll();
  });
  child.stdin.on('error', () => {});
  const line = async (fits: (line: ChildLine) => boolean): Promise<ChildLine> => {
    for (;;) {
      const found = lines.find(fits);
      if (found !== undefined) return found;
      if (ended) throw new Error(`The child in ${namespace} ended early; it said ${JSON.stringify(lines)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  const tell = (command: ChildLine): void => void child.stdin.write(`${JSON.stringify(command)}\n`);
  return { lines, line, tell, stop: () => stopChild(child, exit) };
}

function stopChild(child: ChildProcessByStdio<Writable, Readable, null>, exit: Promise<void>): Promise<void> {
  child.stdin.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  return exit.finally(() => clearTimeout(timer));
}
