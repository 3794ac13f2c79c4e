import test, { type ExecutionContext } from 'ava';
import type { MessageId } from '../dist/core/ids.js';
import type { LinkAddress, Radio, RadioCondition } from '../dist/ports/radio.js';
import { silentLog } from '../dist/testing/radio-world.js';
import { figure } from './figures.js';
import { MeshNode } from './mesh-node.js';
import { type Attached, attach, chosenRig, type RigEnd } from './rig.js';
import { pause, until } from './wait.js';

// Two nodes on whatever radios the rig has: nothing here needs more than that they hear each other.

const rig = chosenRig();
const FLOODS = 25;
const MESSAGES = 10;
const BIG_BYTES = 600;
const ROUND_TRIPS = 50;
const ROUND_TRIP_BYTES = 60;
const BURST_MS = 2_000;
const LINK_MS = 60_000;
const ACQUAINTED_MS = 60_000;
const MESSAGES_MS = 90_000;
const TEST_MS = 240_000;

test.beforeEach((t) => t.timeout(TEST_MS));

async function withEnds(body: (ends: Attached) => Promise<void>): Promise<void> {
  const attached = await attach(rig);
  try {
    await body(attached);
  } finally {
    await attached.detach();
  }
}

/** Two nodes of one mesh that know each other. */
async function withNodes(body: (a: MeshNode, b: MeshNode, ends: Attached) => Promise<void>): Promise<void> {
  await withEnds(async (ends) => {
    const node = (name: string, end: RigEnd): MeshNode => new MeshNode({ name, radio: (id, log) => end.make(id, log) });
    const [a, b] = [node('a', ends.a), node('b', ends.b)];
    // The radios' timers keep no process alive.
    const alive = setInterval(() => {}, 1_000);
    try {
      await Promise.all([a.runner.start(), b.runner.start()]);
      await until('both know each other', () => a.knows(b) && b.knows(a), LINK_MS + ACQUAINTED_MS);
      await body(a, b, ends);
    } finally {
      await Promise.all([a.runner.stop(), b.runner.stop()]);
      clearInterval(alive);
    }
  });
}

async function flood(from: MeshNode, to: MeshNode): Promise<boolean> {
  const id = from.flood(200);
  await until('the flood there', () => to.delivered.has(id), MESSAGES_MS);
  await pause(rig.pauseMs);
  return to.delivered.get(id) === 1;
}

test.serial(`two nodes on ${rig.about} meet, and every flood arrives once`, (t) =>
  withNodes(async (a, b) => {
    t.deepEqual([a.neighbours, b.neighbours], [[b.id], [a.id]]);
    for (let i = 0; i < FLOODS; i++) t.true(await flood(...((i % 2 === 0 ? [a, b] : [b, a]) as [MeshNode, MeshNode])));
  }),
);

test.serial(`messages of ${BIG_BYTES} bytes are acknowledged both ways`, (t) =>
  withNodes(async (a, b) => {
    const sent: { from: MeshNode; to: MeshNode; id: MessageId }[] = [];
    for (let i = 0; i < MESSAGES; i++) {
      const [from, to] = (i % 2 === 0 ? [a, b] : [b, a]) as [MeshNode, MeshNode];
      sent.push({ from, to, id: from.send(to, BIG_BYTES, { timeoutMs: MESSAGES_MS }) });
      await pause(rig.pauseMs * 3);
    }
    const isDone = (): boolean => sent.every(({ from, id }) => from.outcomes.has(id));
    await until('every outcome', isDone, MESSAGES_MS);
    for (const { from, to, id } of sent)
      t.deepEqual([from.outcomes.get(id), to.delivered.get(id)], ['delivered', 1], `message ${id}`);
  }),
);

/** A radio alone. */
class Side {
  readonly radio: Radio;
  readonly conditions: RadioCondition[] = [];
  readonly reasons: (string | undefined)[] = [];
  address: LinkAddress | undefined;
  heard: (bytes: Uint8Array, from: LinkAddress) => void = () => {};

  constructor(id: string, end: RigEnd) {
    this.radio = end.make(id, silentLog());
  }

  async open(): Promise<void> {
    await this.radio.open({
      heard: (frames) => {
        for (const { bytes, from } of frames) this.heard(bytes, from);
      },
      linkUp: (address) => {
        this.address = address;
      },
      linkDown: () => {
        this.address = undefined;
      },
      condition: (condition, reason) => {
        this.conditions.push(condition);
        this.reasons.push(reason);
      },
    });
  }

  /** Where links are made, one is there. */
  get isLinked(): boolean {
    return this.conditions.at(-1) === 'up' && (!this.radio.traits.connected || this.address !== undefined);
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (;;) {
      const result = this.radio.send(bytes, this.address);
      if (result === 'queued') return;
      if (result === 'down') throw new Error('the link is down');
      await pause(1);
    }
  }
}

async function withSides(body: (a: Side, b: Side, ends: Attached) => Promise<void>): Promise<void> {
  await withEnds(async (ends) => {
    const [a, b] = [new Side('a', ends.a), new Side('b', ends.b)];
    const alive = setInterval(() => {}, 1_000);
    try {
      await Promise.all([a.open(), b.open()]);
      await until('the link', () => a.isLinked && b.isLinked, LINK_MS);
      await body(a, b, ends);
    } finally {
      await Promise.all([a.radio.close(), b.radio.close()]);
      clearInterval(alive);
    }
  });
}

test.serial('a small frame comes back: the round trip', (t) =>
  withSides(async (a, b) => {
    b.heard = (bytes, from) => void b.radio.send(bytes, from);
    const times: number[] = [];
    for (let i = 0; i < ROUND_TRIPS; i++) {
      const frame = new Uint8Array(ROUND_TRIP_BYTES).fill(i);
      let came: Uint8Array | undefined;
      a.heard = (bytes) => {
        came = bytes;
      };
      const from = performance.now();
      await a.send(frame);
      while (came === undefined && performance.now() - from < LINK_MS) await new Promise((next) => setImmediate(next));
      times.push(performance.now() - from);
      t.deepEqual(came, frame);
      await pause(rig.pauseMs);
    }
    times.sort((x, y) => x - y);
    t.log(figure('round trip p50', times[times.length >> 1] as number, 'ms'));
    t.log(figure('round trip p95', times[Math.floor(times.length * 0.95)] as number, 'ms'));
  }),
);

test.serial('a burst of full frames arrives in order, and none is lost on a reliable radio: the throughput', (t) =>
  withSides(async (a, b) => {
    const size = a.radio.traits.mtuBytes;
    let heard = 0;
    let next = 0;
    let isInOrder = true;
    b.heard = (bytes) => {
      const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      isInOrder &&= number >= next;
      next = number + 1;
      heard++;
    };
    const from = performance.now();
    let sent = 0;
    while (performance.now() - from < BURST_MS) {
      const frame = new Uint8Array(size).fill(sent);
      new DataView(frame.buffer).setUint32(0, sent);
      await a.send(frame);
      sent++;
      // Queues take more than the air does in this time.
      await until('most of it there', () => sent - heard < 32, MESSAGES_MS);
      await pause(rig.pauseMs);
    }
    await until('the last one', () => next === sent, MESSAGES_MS);
    const seconds = (performance.now() - from) / 1_000;
    t.log(figure('throughput', (heard * size) / seconds / 1_000, 'kB/s'));
    t.true(isInOrder);
    if (a.radio.traits.reliable) t.is(heard, sent);
    else t.true(heard >= sent * 0.9, `${heard} of ${sent}`);
  }),
);

const plugTitle = 'a plug that is pulled is said, and the link comes back when it is put back';
if (rig.emulate === undefined || rig.emulate === 'btvirt') {
  test.skip(`${plugTitle} (skipped: nobody pulls it on this rig)`, () => {});
} else test.serial(plugTitle, (t) => withSides((a, b, ends) => pullThePlug(t, a, b, ends)));

async function pullThePlug(t: ExecutionContext, a: Side, b: Side, ends: Attached): Promise<void> {
  await ends.a.unplug?.();
  await until('it is said', () => a.conditions.includes('retrying'), LINK_MS);
  t.log(a.reasons[a.conditions.indexOf('retrying')]);
  t.regex(a.reasons[a.conditions.indexOf('retrying')] ?? '', /unplug|gone|no device/);
  await until('the other side lost it', () => b.address === undefined || a.isLinked, LINK_MS);
  await ends.a.plug?.();
  const took = await until('the link again', () => a.isLinked && b.isLinked, LINK_MS);
  t.log(figure('link after plugging in', took, 'ms'));
  let came: Uint8Array | undefined;
  b.heard = (bytes) => {
    came = bytes;
  };
  const frame = Uint8Array.of(1, 2, 3);
  await a.send(frame);
  await until('a frame crosses', () => came !== undefined, LINK_MS);
  t.deepEqual(came, frame);
}
