import test, { type ExecutionContext } from 'ava';
import type { MessageId } from '../dist/core/ids.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { createSerialRadio } from '../dist/radios/serial/serial-radio.js';
import { nodeCrypto } from '../dist/system/node-crypto.js';
import { systemClock } from '../dist/system/system-clock.js';
import { systemRandom } from '../dist/system/system-random.js';
import { cableTrouble, SerialCable } from '../dist/testing/serial-cable.js';
import { BleField } from './ble-field.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';
import { figure } from './figures.js';
import { MeshNode, TAG_KEY } from './mesh-node.js';
import { until } from './wait.js';

const BYTES = 20_000;
/** Bytes of all frames that carry it, beside the payload as many times as there are hops. */
const OVERHEAD_MAX = 1.6;
const LINKED_MS = 30_000;
const ACQUAINTED_MS = 45_000;
const DELIVERED_MS = 60_000;
/** Longer than it takes to notice that a link is gone. */
const CUT_MS = 4_000;
const BAUD = 115_200;

interface Shipment {
  readonly id: MessageId;
  readonly body: Uint8Array;
  readonly from: MeshNode;
  readonly to: MeshNode;
  /** What all had sent before. */
  readonly before: number;
  readonly nodes: readonly MeshNode[];
}

const sentBy = (nodes: readonly MeshNode[]): number => nodes.reduce((sum, { carriedBytes }) => sum + carriedBytes, 0);

/** What the fragments that reached a node weigh, about. */
function fragmentsAt({ mesh }: MeshNode): number {
  const mtuBytes = Math.min(...[...mesh.links.all()].map((link) => link.mtuBytes));
  return (mesh.counters.received.get('message') ?? 0) * mtuBytes;
}

/** Sends, and comes back when about `share` of it is there. */
async function ship(nodes: readonly MeshNode[], from: MeshNode, to: MeshNode, share = 0.5): Promise<Shipment> {
  const body = nodeCrypto().randomBytes(BYTES);
  const [before, start] = [sentBy(nodes), fragmentsAt(to)];
  const id = from.send(to, body, { keep: true });
  await until('half of it', () => fragmentsAt(to) - start >= share * BYTES, DELIVERED_MS);
  return { id, body, from, to, before, nodes };
}

async function arrives(t: ExecutionContext, { id, body, from, to, before, nodes }: Shipment, hops: number) {
  await until('it is there', () => to.delivered.has(id), DELIVERED_MS);
  await until('its sender knows', () => from.outcomes.has(id), DELIVERED_MS);
  const share = (sentBy(nodes) - before) / (hops * BYTES);
  t.log(figure(`${t.title}: bytes sent on each hop`, share, 'times the payload'));
  t.log(`${from.mesh.counters.delivery.retries} tries, ${from.mesh.counters.delivery.repairs} repairs`);
  t.is(to.delivered.get(id), 1);
  t.is(from.outcomes.get(id), 'delivered');
  t.is(Buffer.compare(to.arrivals.get(id)?.body as Uint8Array, body), 0);
  t.true(share < OVERHEAD_MAX, `${share} times the payload on each hop`);
}

async function inField(shape: readonly string[], size: number, body: (field: BleField) => Promise<void>) {
  const interval = { oneLinkIntervalMs: 15, someLinksMinMs: 15, someLinksMaxMs: 15 };
  const field = new BleField({ size, shape, timeScale: 1, settings: interval });
  try {
    await field.open();
    await field.until('every link', () => field.isWhole(), LINKED_MS);
    await field.until('all acquainted', () => field.isAcquainted(), ACQUAINTED_MS);
    await body(field);
  } finally {
    await field.close();
  }
}

test.serial('over BLE: the rest of 20 kB takes the other way when the first is cut midway', async (t) => {
  t.timeout(290_000);
  await inField(['0-1', '1-3', '0-2', '2-3'], 4, async (field) => {
    const [first, last] = [field.node(0), field.node(3)];
    const via = field.nodes.find(({ id }) => id === first.mesh.routing.path(last.id)?.nextHop) ?? field.node(1);
    const shipment = await ship(field.nodes, first, last);
    field.cut(via.index, 3);
    await arrives(t, shipment, 2);
  });
});

test.serial('over BLE: 20 kB go on where they were when the only way is cut midway and comes back', async (t) => {
  t.timeout(290_000);
  await inField(['0-1', '1-2'], 3, async (field) => {
    const [first, last] = [field.node(0), field.node(2)];
    const shipment = await ship(field.nodes, first, last);
    field.cut(1, 2);
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    field.mend();
    await arrives(t, shipment, 2);
  });
});

/** Nodes in a line, joined by a cable or BLE, and what joins them. */
class MixedLine {
  readonly cable = new SerialCable();
  readonly nodes: MeshNode[] = [];
  readonly #air = new Air({ timeScale: 1 });
  /** The radios' timers keep no process alive. */
  readonly #alive = setInterval(() => {}, 1_000);

  serial(name: string, end: 0 | 1): MeshNode {
    return this.#add(name, (_id, log) => [this.#serial(end, log)]);
  }

  ble(name: string): MeshNode {
    return this.#add(name, (id, log) => [this.#ble(name, id, log)]);
  }

  both(name: string, end: 0 | 1): MeshNode {
    return this.#add(name, (id, log) => [this.#ble(name, id, log), this.#serial(end, log)]);
  }

  /** Nothing goes through the air any more. */
  cutAir(): void {
    this.#air.setReach(() => false);
  }

  async open(): Promise<void> {
    await this.cable.plug();
    await Promise.all(this.nodes.map(({ runner }) => runner.start()));
    const knowEachOther = (): boolean =>
      this.nodes.every((one) => this.nodes.every((other) => one === other || one.knows(other)));
    await until('all acquainted', knowEachOther, ACQUAINTED_MS);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ runner }) => runner.stop()));
    this.#air.close();
    await this.cable.remove();
    clearInterval(this.#alive);
  }

  #add(name: string, radio: ConstructorParameters<typeof MeshNode>[0]['radio']): MeshNode {
    const node = new MeshNode({ name, radio });
    this.nodes.push(node);
    return node;
  }

  #serial(end: 0 | 1, log: Parameters<ConstructorParameters<typeof MeshNode>[0]['radio']>[1]) {
    const path = this.cable.ends[end];
    return createSerialRadio({ path, baud: BAUD, log, clock: systemClock, random: systemRandom() });
  }

  #ble(name: string, id: string, log: Parameters<ConstructorParameters<typeof MeshNode>[0]['radio']>[1]) {
    const controller = new EmulatedController(this.#air, { name });
    const identity = { key: TAG_KEY, id };
    return createBleRadio({ identity, log, clock: systemClock, port: () => new EmulatedPort(controller) });
  }
}

async function onCable(body: (line: MixedLine) => Promise<void>): Promise<void> {
  const line = new MixedLine();
  try {
    await body(line);
  } finally {
    await line.close();
  }
}

async function replug(line: MixedLine): Promise<void> {
  await line.cable.unplug();
  await new Promise((resolve) => setTimeout(resolve, CUT_MS));
  await line.cable.plug();
}

const CABLE_TESTS: Readonly<Record<string, (t: ExecutionContext, line: MixedLine) => Promise<void>>> = {
  'over a serial cable: 20 kB go on where they were when it is pulled midway and put back': async (t, line) => {
    const [a, b] = [line.serial('a', 0), line.serial('b', 1)];
    await line.open();
    const shipment = await ship(line.nodes, a, b);
    await replug(line);
    await arrives(t, shipment, 1);
  },
  'over BLE and then a cable: 20 kB go on where they were when the cable is pulled midway and put back': async (
    t,
    line,
  ) => {
    const [a, b, c] = [line.ble('a'), line.both('b', 0), line.serial('c', 1)];
    await line.open();
    t.is(a.mesh.routing.path(c.id)?.nextHop, b.id);
    const shipment = await ship(line.nodes, a, c);
    await replug(line);
    await arrives(t, shipment, 2);
  },
  'over BLE or a cable: the rest of 20 kB takes the other when the first is cut midway': async (t, line) => {
    const [a, b] = [line.both('a', 0), line.both('b', 1)];
    await line.open();
    await until('both ways', () => a.mesh.links.upTo(b.id).length === 2, LINKED_MS);
    const first = a.mesh.links.best(b.id)?.carrier.name ?? '';
    const shipment = await ship(line.nodes, a, b);
    if (first.startsWith('ble')) line.cutAir();
    else await line.cable.unplug();
    t.log(`cut: ${first}`);
    await arrives(t, shipment, 1);
  },
};

const trouble = cableTrouble();
for (const [title, body] of Object.entries(CABLE_TESTS)) {
  if (trouble !== undefined) test.skip(`${title} (skipped: ${trouble})`, () => {});
  else
    test.serial(title, async (t) => {
      t.timeout(290_000);
      await onCable((line) => body(t, line));
    });
}
