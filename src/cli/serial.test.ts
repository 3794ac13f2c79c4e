import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { call, EventStream } from '../testing/http-client.js';
import { cableTrouble, SerialCable } from '../testing/serial-cable.js';
import { untilServing } from '../testing/serving.js';

const PULLS = 50;
const trouble = cableTrouble();

interface RunningAgent {
  readonly url: string;
  readonly nodeId: string;
  stop(): Promise<number | null>;
}

/** A whole agent in a process of its own, whose only radio is one end of the cable. */
async function start(name: string, path: string): Promise<RunningAgent> {
  const data = mkdtempSync(join(tmpdir(), 'edge-serial-'));
  const mesh = `serial-test-${process.pid}`;
  const args = ['--radio', `serial:${path}@921600`, '--mesh', mesh, '--http', '127.0.0.1:0', '--data', data];
  const env = { PATH: process.env['PATH'] ?? '', HOME: data, EDGE_AGENT_SENSORS: 'off' };
  const child: ChildProcess = spawn(process.execPath, ['dist/cli/main.js', ...args, '--name', name], {
    env,
    stdio: 'ignore',
  });
  const how = (): string | undefined => child.signalCode ?? child.exitCode?.toString();
  const { url, nodeId } = await untilServing(name, data, child.pid, how);
  return {
    url: `${url}/api/v1`,
    nodeId,
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}

const hashOf = (node: number, n: number): string => (node * 0x10000 + n).toString(16).padStart(32, '0');

/** Pushes detections and sends messages until told to stop; knows which of them were acknowledged. */
class Traffic {
  readonly acknowledged: string[] = [];
  readonly messages: string[] = [];
  readonly #from: RunningAgent;
  readonly #to: RunningAgent;
  readonly #mark: number;
  readonly #done: Promise<void>;
  #going = true;

  constructor(from: RunningAgent, to: RunningAgent, mark: number) {
    this.#from = from;
    this.#to = to;
    this.#mark = mark;
    this.#done = this.#run();
  }

  async end(): Promise<void> {
    this.#going = false;
    await this.#done;
  }

  async #run(): Promise<void> {
    for (let n = 0; this.#going; n++) {
      const hash = hashOf(this.#mark, n);
      const pushed = await call(`${this.#from.url}/detections`, { body: { hash, type: 'person' } });
      if (pushed.status === 202) this.acknowledged.push(hash);
      const message = { to: this.#to.nodeId, type: 'ping', payload: { n }, timeoutMs: 10_000 };
      const sent = await call(`${this.#from.url}/messages`, { body: message });
      if (sent.status < 300) this.messages.push((sent.json as { messageId: string }).messageId);
      await sleep(30);
    }
  }
}

/** Those whose sender was told that they were delivered. */
async function delivered(from: RunningAgent, messages: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of messages) {
    for (;;) {
      const { condition } = (await call(`${from.url}/messages/${id}`)).json as { condition: string };
      if (condition === 'delivered') found.push(id);
      if (condition !== 'sent') break;
      await sleep(100);
    }
  }
  return found;
}

async function holds(agent: RunningAgent, hashes: readonly string[]): Promise<void> {
  for (const hash of hashes) {
    while ((await call(`${agent.url}/detections/${hash}`)).status !== 200) await sleep(50);
  }
}

async function linked(agent: RunningAgent): Promise<boolean> {
  const { peers } = (await call(`${agent.url}/peers`)).json as { peers: { alive: boolean; links: unknown[] }[] };
  return peers.some(({ alive, links }) => alive && links.length > 0);
}

async function pullAndPlug(t: ExecutionContext): Promise<void> {
  t.timeout(120_000);
  const cable = new SerialCable();
  await cable.plug();
  const agents = (await Promise.all(cable.ends.map((path, i) => start(`end ${i}`, path)))) as [
    RunningAgent,
    RunningAgent,
  ];
  const [a, b] = agents;
  try {
    while (!((await linked(a)) && (await linked(b)))) await sleep(20);
    const events = await Promise.all(agents.map(({ url }) => EventStream.open(`${url}/events`)));
    const traffic = [new Traffic(a, b, 1), new Traffic(b, a, 2)] as const;
    let slowest = 0;
    for (let round = 0; round < PULLS; round++) {
      await sleep(100);
      await cable.unplug();
      while ((await linked(a)) || (await linked(b))) await sleep(10);
      await cable.plug();
      const plugged = performance.now();
      while (!((await linked(a)) && (await linked(b)))) await sleep(10);
      slowest = Math.max(slowest, performance.now() - plugged);
    }
    await Promise.all(traffic.map((one) => one.end()));
    t.true(slowest < 3_000, `the slowest reconnect took ${slowest.toFixed(0)} ms`);
    await Promise.all([holds(b, traffic[0].acknowledged), holds(a, traffic[1].acknowledged)]);
    const told = await Promise.all([delivered(a, traffic[0].messages), delivered(b, traffic[1].messages)]);
    for (const [i, ids] of told.entries()) {
      const text = events[1 - i]?.text ?? '';
      t.deepEqual(
        ids.filter((id) => !text.includes(id)),
        [],
        'told delivered, but never arrived',
      );
    }
    const counts = traffic.map(
      (one, i) => `${one.acknowledged.length} detections, ${told[i]?.length} of ${one.messages.length} messages`,
    );
    t.log(`slowest reconnect ${slowest.toFixed(0)} ms; ${counts.join('; ')}`);
    t.true(traffic.every(({ acknowledged }) => acknowledged.length > PULLS));
    for (const stream of events) stream.close();
  } finally {
    t.deepEqual(await Promise.all(agents.map((agent) => agent.stop())), [0, 0]);
    await cable.remove();
  }
}

const title = `two agents over a cable pulled ${PULLS} times lose nothing acknowledged`;
if (trouble === undefined) test(title, pullAndPlug);
else test.skip(`${title} (skipped: ${trouble})`, () => {});
