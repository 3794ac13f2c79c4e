import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentProcess, allAlive, scratch } from '../dist/testing/agents.js';
import { EventStream } from '../dist/testing/http-client.js';
import { type Namespace, withLine } from '../dist/testing/network-namespaces.js';
import { until } from '../dist/testing/serving.js';
import { figure } from './figures.js';
import { lossOf, lossTrouble, makeLossy } from './lossy-wires.js';

const LOSS = 0.2;
const MESSAGES = 1_000;
/** Requests under way at once. */
const AT_ONCE = 16;
const LOOK_MS = 10;
const JOIN_MS = 60_000;
const ARRIVE_MS = 150_000;
const LONGEST_MS = 290_000;
/** Beside each critical message, so much that nobody waits for. */
const LOW_MESSAGES = 120;
const LOW_TEXT = 'x'.repeat(8_000);
const CRITICAL_MESSAGES = 40;
const CRITICAL_EVERY_MS = 75;

interface Received {
  readonly messageId: string;
  readonly type: string;
  readonly payload: { readonly i: number };
}

/** What an agent was given, from its start on. */
class Inbox {
  readonly #stream: EventStream;
  readonly #looks: NodeJS.Timeout;
  /** When each came, as this process' clock shows: those of agents may differ. */
  readonly at = new Map<string, number>();
  #length = 0;

  private constructor(stream: EventStream) {
    this.#stream = stream;
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
  }

  static async of(agent: AgentProcess): Promise<Inbox> {
    const url = `${agent.url}/api/v1/events?types=message`;
    return new Inbox(await EventStream.open(url, { 'last-event-id': 'start' }, agent.setup.namespace?.socket));
  }

  #look(): void {
    if (this.#stream.text.length === this.#length) return;
    this.#length = this.#stream.text.length;
    const now = performance.now();
    for (const { messageId } of this.get()) if (!this.at.has(messageId)) this.at.set(messageId, now);
  }

  /** All, or those of a type. */
  get(type?: string): Received[] {
    const events = [...this.#stream.text.matchAll(/^event: message\nid: .*\ndata: (.*)$/gm)];
    return events
      .map(([, data]) => JSON.parse(data as string) as Received)
      .filter((each) => type === undefined || each.type === type);
  }

  close(): void {
    clearInterval(this.#looks);
    this.#stream.close();
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** `task` for 0 … count − 1, some at once; the results in that order. */
async function pool<Result>(count: number, task: (i: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) results[i] = await task(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** An agent with the radio it has by default, in a namespace, and the way in. */
async function startIn(t: ExecutionContext, space: Namespace, name: string, data?: string): Promise<AgentProcess> {
  const socket = join(scratch('relay'), 'http');
  const namespace = { name: space.name, socket };
  const setup = { name, mesh: 'lossy-line', radio: 'udp', namespace, longestMs: LONGEST_MS, ...(data && { data }) };
  const agent = await AgentProcess.start(t, setup);
  const relay = space.start('http-relay.js', { socket, port: Number(new URL(agent.url).port) });
  await relay.line((line) => line['listening'] === true);
  return agent;
}

interface Line {
  readonly spaces: readonly Namespace[];
  readonly agents: readonly AgentProcess[];
}

async function onLine(t: ExecutionContext, names: readonly string[], body: (line: Line) => Promise<void>) {
  t.timeout(LONGEST_MS);
  await withLine({ ipv4: true, ipv6: false }, names, async (spaces) => {
    for (const space of spaces) await makeLossy(space, LOSS);
    const agents = await Promise.all(spaces.map((space, i) => startIn(t, space, names[i] as string)));
    await allAlive(agents, JOIN_MS);
    await body({ spaces, agents });
    for (const space of spaces) {
      const share = await lossOf(space);
      t.log(`${space.name}: ${(share * 100).toFixed(1)} % of the datagrams were lost`);
      t.true(share > LOSS / 2 && share < LOSS * 1.5, `${share} was lost`);
    }
  });
}

const send = async (from: AgentProcess, to: AgentProcess, type: string, more: object): Promise<string> =>
  (await from.json('messages', { body: { to: to.nodeId, type, ...more } })).messageId;

async function allDelivered(from: AgentProcess, ids: readonly string[]): Promise<void> {
  const isDelivered = async (id: string) => (await from.json(`messages/${id}`)).condition === 'delivered';
  for (const id of ids) await until(`${id} is delivered`, ARRIVE_MS, () => isDelivered(id));
}

const numbers = (received: readonly Received[]): number[] =>
  received.map(({ payload }) => payload.i).sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

async function thousand(t: ExecutionContext): Promise<void> {
  await onLine(t, ['a', 'b', 'c', 'd'], async ({ agents }) => {
    const [first, last] = [agents[0] as AgentProcess, agents[3] as AgentProcess];
    const inbox = await Inbox.of(last);
    const from = performance.now();
    const ids = await pool(MESSAGES, (i) => send(first, last, 'count', { payload: { i } }));
    await until('all are there', ARRIVE_MS, () => inbox.get('count').length >= MESSAGES);
    t.log(figure(`${MESSAGES} messages over 3 hops at ${LOSS * 100} % loss`, (performance.now() - from) / 1_000, 's'));
    await allDelivered(first, ids);
    t.deepEqual(numbers(inbox.get('count')), upTo(MESSAGES));
    t.is(new Set(ids).size, MESSAGES);

    const sentAt = new Map<string, number>();
    const timed = async (type: 'low' | 'critical', payload: object): Promise<string> => {
      const from = performance.now();
      const id = await send(first, last, type, { payload, priority: type });
      sentAt.set(id, from);
      return id;
    };
    const low = pool(LOW_MESSAGES, (i) => timed('low', { i, text: LOW_TEXT }));
    const critical: Promise<string>[] = [];
    for (let i = 0; i < CRITICAL_MESSAGES; i++) {
      critical.push(timed('critical', { i }));
      await new Promise((resolve) => setTimeout(resolve, CRITICAL_EVERY_MS));
    }
    const all = [...(await low), ...(await Promise.all(critical))];
    await allDelivered(first, all);
    const latencies = (type: string): number[] =>
      inbox.get(type).map(({ messageId }) => (inbox.at.get(messageId) ?? 0) - (sentAt.get(messageId) ?? 0));
    const [ofLow, ofCritical] = [median(latencies('low')), median(latencies('critical'))];
    t.log(figure('median of low messages under load', ofLow, 'ms'));
    t.log(figure('median of critical messages under load', ofCritical, 'ms'));
    t.true(ofCritical < ofLow, `critical ${ofCritical} ms, low ${ofLow} ms`);
    t.deepEqual(numbers(inbox.get('low')), upTo(LOW_MESSAGES));
    t.deepEqual(numbers(inbox.get('critical')), upTo(CRITICAL_MESSAGES));
    inbox.close();
  });
}

const TALK = 50;

async function away(t: ExecutionContext): Promise<void> {
  await onLine(t, ['sender', 'keeper', 'relay', 'away'], async ({ spaces, agents }) => {
    const [sender, keeper, , gone] = agents as [AgentProcess, AgentProcess, AgentProcess, AgentProcess];
    const again = async (agent: AgentProcess): Promise<AgentProcess> =>
      startIn(t, spaces[agents.indexOf(agent)] as Namespace, agent.setup.name, agent.data);
    await gone.kill();
    await until('it is missed', JOIN_MS, async () => !(await sender.alivePeers()).includes(gone.nodeId));
    const ids = await pool(TALK, (i) => send(sender, gone, 'talk', { payload: { i } }));
    const isHeld = async (id: string): Promise<boolean> => {
      const { events } = await sender.json(`messages/${id}`);
      return events.some(
        ({ what, node }: { what: string; node?: string }) => what === 'held' && node === keeper.nodeId,
      );
    };
    for (const id of ids) await until(`the keeper has ${id}`, ARRIVE_MS, () => isHeld(id));
    await sender.kill();
    await keeper.kill();
    const [keeperAgain, back] = [await again(keeper), await again(gone)];
    const inbox = await Inbox.of(back);
    await until('all of the talk', ARRIVE_MS, () => inbox.get('talk').length >= TALK);
    // Nor does the sender, which still has them all, bring them a second time.
    const senderAgain = await again(sender);
    await allAlive([senderAgain, keeperAgain, back], JOIN_MS);
    await allDelivered(senderAgain, ids);
    await allDelivered(senderAgain, [await send(senderAgain, back, 'talk', { payload: { i: TALK } })]);
    await until('the last word', ARRIVE_MS, () => inbox.get('talk').length > TALK);
    t.deepEqual(numbers(inbox.get('talk')), upTo(TALK + 1));
    inbox.close();
  });
}

const SCENES: Readonly<Record<string, (t: ExecutionContext) => Promise<void>>> = {
  'over three hops that lose a fifth, 1,000 of 1,000 messages arrive once, and under load critical ones first':
    thousand,
  'a node that was gone for its peers’ whole talk gets it once, though its keeper was restarted and the sender was gone':
    away,
};

const trouble = lossTrouble();
for (const [title, scene] of Object.entries(SCENES)) {
  if (trouble !== undefined) test.skip(`${title} (skipped: ${trouble})`, () => {});
  else test.serial(title, scene);
}
