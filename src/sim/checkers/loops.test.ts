import test from 'ava';
import { headerWith } from '../../testing/builders.js';
import { buildFrame } from '../../wire/frame.js';
import { Priority } from '../../wire/frame-types.js';
import type { ObservedNode } from '../observer.js';
import { play } from '../scenario/play.js';
import type { Scenario, Traffic } from '../scenario/scenario.js';
import { World } from '../world.js';
import { Findings } from './findings.js';
import { LoopChecker } from './loops.js';

const LINKS = 0;
const AIR = 1;

/** A checker, and what it finds when node 0 says one frame again and again, after so many hops. */
function checked() {
  const positions = Array.from({ length: 9 }, (_, i) => ({ x: 10 * i, y: 0 }));
  const world = new World({
    seed: 1,
    nodes: 9,
    carriers: [
      { kind: 'ble', pairs: [[0, 1]] },
      { kind: 'lora', preset: 'LongFast', region: 'EU868', positions },
    ],
  });
  const findings = new Findings();
  const checker = new LoopChecker(world, findings);
  const node = { index: 0, life: 1 } as ObservedNode;
  const says = (radio: number, hops: number, to?: string): number => {
    const frame = buildFrame(headerWith({ hops }), new Uint8Array(4), world.tagKey);
    checker.transmitted(node, { radio, frame, ...(to !== undefined && { to }) }, 0);
    return findings.total;
  };
  return { says, findings };
}

test('over links a frame leaves in one version, whoever it goes to', (t) => {
  const { says } = checked();
  t.is(says(LINKS, 2, 'n1'), 0);
  t.is(says(LINKS, 2, 'n2'), 0);
  t.is(says(LINKS, 3, 'n1'), 1);
  t.is(says(LINKS, 1, 'n1'), 2);
});

test('over slow air it may be the better copy that came meanwhile, and never a worse one', (t) => {
  const { says } = checked();
  t.is(says(LINKS, 4, 'n1'), 0);
  t.is(says(AIR, 4), 0);
  t.is(says(AIR, 2), 0);
  t.is(says(LINKS, 4, 'n2'), 0);
  t.is(says(AIR, 3), 1, 'it went on after the third hop, and had been at the second');
  const other = checked();
  t.is(other.says(AIR, 3), 0);
  t.is(other.says(LINKS, 5, 'n1'), 0, 'the copy over the link had come first');
  t.is(other.says(LINKS, 1, 'n1'), 1);
});

test('more hops than there are nodes, and the same to the same one for ever, are found', (t) => {
  t.is(checked().says(LINKS, 9, 'n1'), 1);
  const { says } = checked();
  for (let times = 1; times < 32; times++) t.is(says(LINKS, 8, 'n1'), 0);
  t.is(says(LINKS, 8, 'n1'), 1);
});

const message: Traffic = {
  ...{ send: 'broadcast', everyMs: 3_000, fromMs: 30_000, from: 'any', to: 'any' },
  ...{ bytes: 40, priority: Priority.Medium, ack: false },
};

const onFoot: Scenario = {
  ...{ name: 'on foot', about: '', seeds: [1], durationMs: 75_000, restMs: 5_000, timing: {}, faults: [], expect: {} },
  nodes: { count: 20, placement: 'scatter', spacingM: 10, sideM: 150, startOverMs: 0 },
  radios: [{ kind: 'ble', rangeM: 40, loss: 0.05 }, { kind: 'lora' }],
  mobility: { speedMps: [1, 3], pauseMs: 20_000, share: 1 },
  churn: { meanUpMs: 180_000, meanDownMs: 30_000 },
  traffic: [message, { ...message, send: 'directed', ack: true }, { ...message, send: 'alert', everyMs: 15_000 }],
};

test('twenty that walk, fail and come back, with BLE and LoRa, relay each frame once', async (t) => {
  const { findings } = await play(onFoot, 1);
  t.deepEqual(
    findings.list.filter((line) => line.startsWith('[loops]')),
    [],
  );
});
