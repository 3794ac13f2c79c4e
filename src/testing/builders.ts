import { HybridClock } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { AirView } from '../mesh/air-policy.js';
import { type Carrier, makeCarrier } from '../mesh/carrier.js';
import { Counters } from '../mesh/counters.js';
import type { Link, Links } from '../mesh/links.js';
import { Pulse } from '../mesh/pulse.js';
import type { MeshContext, MeshEffect } from '../mesh/types.js';
import type { Crypto } from '../ports/crypto.js';
import type { RadioTraits } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import { nodeCrypto } from '../system/node-crypto.js';
import { seededRandom } from '../system/seeded-random.js';
import { nodeIdOfKey, type Self } from '../trust/identity.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import type { Header } from '../wire/header.js';

export const TEST_EPOCH_MS = 1_800_000_000_000;
export const TEST_TAG_KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 7);

/** A moment: virtual ms, with the wall clock going along. */
export const at = (mono: number): Instant => ({ mono, wall: TEST_EPOCH_MS + mono });

/** An id that sorts by its number. */
export const nodeNamed = (n: number): NodeId => n.toString(16).padStart(16, '0') as NodeId;

export const FAST_TRAITS: RadioTraits = {
  mtuBytes: 1_200,
  broadcast: true,
  connected: false,
  reliable: false,
  bitsPerSecond: 10_000_000,
  dutyCycle: 1,
  costPerByte: 1,
};

export const carrierWith = (traits: Partial<RadioTraits> = {}, index = 0): Carrier =>
  makeCarrier(index, `test${index}`, { ...FAST_TRAITS, ...traits });

/** Of a node that knows nobody. */
export const blindView = (self: NodeId): AirView => ({
  self,
  neighbours: new Map(),
  isBlind: true,
  distanceFrom: () => undefined,
  settledAt: (now) => now,
  marginDb: () => undefined,
  earshot: () => undefined,
});

export const headerWith = (fields: Partial<Header> = {}): Header => ({
  version: 1,
  type: FrameType.Message,
  flags: 0,
  priority: Priority.Medium,
  ttl: 5,
  hops: 0,
  epoch: 0,
  source: nodeNamed(0xa1),
  saltHint: 0xabcd,
  sequence: 1,
  ...fields,
});

/** Real cryptography, and repeatable randomness: for tests of rooms that may not look for them themselves. */
export const testCrypto: Crypto = nodeCrypto();
export const testRandom = (seed: number | string): Random => seededRandom(seed);

/** A node with real keys, the same for the same number. */
export function selfNamed(n: number, boot: { counter?: number; salt?: Uint8Array } = {}): Self {
  const keys = testCrypto.keyPairOf(seededRandom(`self ${n}`).bytes(32));
  const counter = boot.counter ?? 1;
  const salt = boot.salt ?? seededRandom(`salt ${n} ${counter}`).bytes(16);
  return { id: nodeIdOfKey(testCrypto, keys.publicKey), keys, boot: { salt, counter } };
}

export interface TestContext extends MeshContext {
  readonly effects: MeshEffect[];
  readonly carriers: Map<number, Carrier>;
  /** The frames transmitted since the last call. */
  transmitted(): Uint8Array[];
  refused(reason: string): number;
}

export function testContext(more: Partial<MeshContext> = {}): TestContext {
  const effects: MeshEffect[] = [];
  const counters = new Counters();
  return {
    self: selfNamed(1),
    crypto: testCrypto,
    random: seededRandom('context'),
    tagKey: TEST_TAG_KEY,
    counters,
    pulse: new Pulse(counters, true),
    timing: { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 86_400_000 },
    emit: (effect) => void effects.push(effect),
    ...more,
    carriers: new Map(),
    effects,
    transmitted: () => effects.splice(0).flatMap((effect) => (effect.kind === 'transmit' ? [effect.frame] : [])),
    refused: (reason) => counters.refused.get(reason) ?? 0,
  };
}

/** A link in use, as after a greeting. */
export function upLink(links: Links, peer: NodeId, carrier = carrierWith(), mtuBytes?: number): Link {
  const link = links.add(carrier, `to ${peer}`, mtuBytes ?? carrier.traits.mtuBytes, at(0));
  if (!link) throw new RangeError('no room for a link');
  link.peer = peer;
  links.markUp(link);
  return link;
}

export const snapshotOf = (author: NodeId, more: Partial<NodeSnapshot> = {}): NodeSnapshot => ({
  author,
  hlc: new HybridClock().tick(TEST_EPOCH_MS),
  counter: 1,
  name: 'node',
  condition: 'active',
  fields: {},
  custom: {},
  neighbours: [],
  updatedAtMs: TEST_EPOCH_MS,
  version: '1.0.0',
  ...more,
});

/** Sequence numbers from 1. */
export function sequences(): () => number {
  let last = 0;
  return () => ++last;
}

/** An id that sorts by its number, too, and whose alias no other of them has. */
export const airNode = (n: number): NodeId => n.toString(16).padStart(4, '0').padEnd(16, '0') as NodeId;

/** An air as one node would see it that knew all: `edges` by number of the nodes, equally good in both directions. */
export function viewOf(self: NodeId, edges: readonly (readonly [number, number, number?])[]): AirView {
  const earshots = new Map<NodeId, Map<NodeId, number>>();
  const join = (a: NodeId, b: NodeId, chance: number): void => {
    const earshot = earshots.get(a) ?? new Map<NodeId, number>();
    earshots.set(a, earshot.set(b, chance));
  };
  for (const [a, b, chance = 0.95] of edges) {
    join(airNode(a), airNode(b), chance);
    join(airNode(b), airNode(a), chance);
  }
  return {
    self,
    neighbours: earshots.get(self) ?? new Map(),
    isBlind: false,
    distanceFrom: () => undefined,
    settledAt: (now) => now,
    marginDb: () => undefined,
    earshot: (node) => earshots.get(node),
  };
}
