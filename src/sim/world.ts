import { fromHex, utf8 } from '../core/bytes.js';
import type { MessageId, NodeId } from '../core/ids.js';
import type { StatePatch } from '../mesh/own-state.js';
import type { MeshTiming } from '../mesh/types.js';
import { createHotPath } from '../native/hot-path.js';
import type { Crypto } from '../ports/crypto.js';
import type { Radio } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import type { MemoryAir } from '../radios/memory/air.js';
import type { RecordDraft } from '../replication/effects.js';
import { createMemoryStore } from '../storage/memory.js';
import { seededRandom } from '../system/seeded-random.js';
import { Body, encode } from '../wire/bodies.js';
import { aliasOf, expandFrame, isCompact } from '../wire/compact.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { type AnyCarrierPlan, addressOf, type CarrierPlan, makeCarrier, type SimCarrier } from './carriers.js';
import { fastCrypto } from './fast-crypto.js';
import { Ground } from './ground.js';
import type { Position } from './lora/landscape.js';
import type { LoraAir } from './lora/lora-air.js';
import type { Observer, Recording, SentMessage } from './observer.js';
import { Observers } from './observers.js';
import { SimClock } from './sim-clock.js';
import { type NodeWorld, SimNode } from './sim-node.js';
import { Trace } from './trace.js';

const SAMPLE_MS = 100;
/** A store batch is durable after this long. */
const STORE_DELAY_MS = 3;
/** A node that leaves has this long to say so. */
const FAREWELL_MS = 500;
const TIMEOUT_MS = 30_000;
/** As an agent's default; where there are more nodes, all of them. */
const MAX_PEERS = 64;
/** Of an alert all but its payload. */
const ALERT_BYTES = 14;
const ALERT_PAYLOAD_BYTES_MIN = 8;

/** Frames a node remembers: as an agent's default, and fewer in a world so large that they would not fit the memory of one machine. */
const DEDUP_CAPACITY = 10_000;
const DEDUP_CAPACITY_LARGE = 4_096;
const LARGE_WORLD = 400;

export type { CarrierPlan };

export interface WorldOptions {
  readonly seed: number | string;
  readonly nodes: number;
  readonly carriers: readonly AnyCarrierPlan[];
  readonly timing?: Partial<MeshTiming>;
  readonly maxPeers?: number;
  /** Links of a node over one radio. Default: the engine's. */
  readonly maxLinks?: number;
  /** Nodes of one segment. Default: the engine's. */
  readonly segmentNodes?: number;
  readonly meshName?: string;
}

/** What a record's hash is, by the name a scenario gives it. */
export const recordHash = (name: string): Uint8Array => utf8(name.padEnd(16, '.').slice(0, 32));

/** Shipped engines in virtual time. All that happens follows from the seed and from what the scenario asks for. */
export class World {
  readonly clock = new SimClock();
  readonly random: Random;
  readonly crypto: Crypto;
  readonly nodes: readonly SimNode[];
  readonly carriers: readonly SimCarrier[];
  readonly ground: Ground;
  readonly timing: MeshTiming;
  readonly tagKey: Uint8Array;
  readonly sent = new Map<MessageId, SentMessage>();
  /** Nodes that misbehave on purpose. */
  readonly hostile = new Set<number>();
  readonly #observers = new Observers();
  readonly #indexes = new Map<NodeId, number>();
  readonly #trace = new Trace();
  #tickets = 0;
  #written = false;
  #sampleAt = SAMPLE_MS;

  constructor(options: WorldOptions) {
    const random = seededRandom(options.seed);
    this.random = random;
    this.crypto = fastCrypto(random.fork('crypto'));
    this.timing = { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 86_400_000, ...options.timing };
    this.tagKey = this.crypto.hkdf(
      utf8(options.meshName ?? 'sim'),
      new Uint8Array(0),
      'edge-agent/1/open-mesh/tag',
      16,
    );
    this.ground = new Ground(options.nodes);
    this.carriers = options.carriers.map((plan, i) =>
      makeCarrier(plan, { nodes: options.nodes, clock: this.clock, random: random.fork(`air ${i}`) }),
    );
    this.#observers.add(this.#trace);
    const world: NodeWorld = {
      clock: this.clock,
      crypto: this.crypto,
      hotPath: createHotPath({ kind: 'js' }),
      tagKey: this.tagKey,
      timing: this.timing,
      maxPeers: options.maxPeers ?? Math.max(MAX_PEERS, options.nodes),
      ...(options.maxLinks !== undefined && { maxLinks: options.maxLinks }),
      ...(options.segmentNodes !== undefined && { segmentNodes: options.segmentNodes }),
      dedupCapacity: options.nodes > LARGE_WORLD ? DEDUP_CAPACITY_LARGE : DEDUP_CAPACITY,
      observers: this.#observers,
      radiosOf: (index) => this.#radiosOf(index),
    };
    this.nodes = Array.from({ length: options.nodes }, (_, index) => {
      const settle = (write: () => void): void =>
        void this.clock.timer('store', STORE_DELAY_MS, () => this.#store(write));
      return new SimNode(index, world, random.fork(`node ${index}`), createMemoryStore({ settle }));
    });
    for (const node of this.nodes) this.#indexes.set(node.id, node.index);
    for (const carrier of this.carriers) for (const [a, b] of carrier.pairs()) this.ground.setPair(a, b, true, 0);
  }

  get now(): number {
    return this.clock.now();
  }

  /** Of each carrier made of edges its air; of others nothing. */
  get airs(): readonly (MemoryAir | undefined)[] {
    return this.carriers.map(({ air }) => air);
  }

  /** Of the first LoRa carrier. */
  get lora(): LoraAir | undefined {
    return this.carriers.find(({ lora }) => lora !== undefined)?.lora;
  }

  /** Whether a radio of this world may fail to reach who is in range, however often it tries: then nobody can be held to it. */
  get isChancy(): boolean {
    return this.lora !== undefined;
  }

  /** What a radio's neighbours call it; the same on every carrier. */
  addressOf(node: number): string {
    return addressOf(node);
  }

  indexOf(id: NodeId): number {
    return this.#indexes.get(id) ?? -1;
  }

  node(index: number): SimNode {
    const node = this.nodes[index];
    if (!node) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  running(): SimNode[] {
    return this.nodes.filter((node) => node.running);
  }

  /** Those that run and have not said goodbye. */
  present(): SimNode[] {
    return this.nodes.filter((node) => node.running && this.ground.isUp(node.index));
  }

  watch(...observers: readonly Observer[]): void {
    for (const observer of observers) this.#observers.add(observer);
  }

  /** The frame that a node has sent in this form: over slow air frames have a short one. */
  fullFrame(form: Uint8Array): Uint8Array {
    if (!isCompact(form)) return form;
    const knownAs = (alias: number): NodeId[] => this.nodes.map(({ id }) => id).filter((id) => aliasOf(id) === alias);
    const read = expandFrame(form, knownAs, this.tagKey);
    return 'frame' in read ? read.frame : form;
  }

  /** Hash over every frame transmitted so far: equal for two runs of one seed. */
  traceHash(): string {
    return this.#trace.hash();
  }

  // ---- the nodes' lives ---------------------------------------------------------------------------------------

  start(...indexes: readonly number[]): void {
    for (const index of indexes.length > 0 ? indexes : this.nodes.keys()) {
      if (this.node(index).running) continue;
      this.ground.setUp(index, true, this.now);
      this.node(index).start();
    }
  }

  crash(index: number): void {
    this.node(index).crash();
    this.ground.setUp(index, false, this.now);
  }

  /** Says goodbye, and is gone a moment later. Nobody is to hold it alive from the goodbye on. */
  stop(index: number): void {
    const node = this.node(index);
    const { life } = node;
    node.submit({ kind: 'patch-state', patch: { condition: 'offline' } });
    this.ground.setUp(index, false, this.now);
    this.clock.timer('farewell', FAREWELL_MS, () => {
      if (node.life === life) this.crash(index);
    });
  }

  /** Its wall clock is so far ahead of the truth. */
  skew(index: number, aheadMs: number): void {
    this.node(index).skewMs = aheadMs;
  }

  /** Its clocks run faster than the truth by so many millionths. Before it starts. */
  drift(index: number, ppm: number): void {
    this.node(index).drift(ppm);
  }

  /** It has no clock: whenever it starts it is 1970. */
  withoutClock(index: number): void {
    this.node(index).hasClock = false;
  }

  /** Its processor does nothing for so long; what comes meanwhile waits. */
  stall(index: number, ms: number): void {
    this.node(index).stall(ms);
  }

  // ---- the surroundings ---------------------------------------------------------------------------------------

  join(a: number, b: number, carrier = 0): void {
    this.carriers[carrier]?.join(a, b);
    this.ground.setPair(a, b, true, this.now);
  }

  /** Over all carriers. */
  cut(a: number, b: number): void {
    for (const carrier of this.carriers) carrier.cut(a, b);
    this.ground.setPair(a, b, false, this.now);
  }

  /** A node is elsewhere: on carriers where positions matter, ranges change with it. */
  move(index: number, position: Position): void {
    const near = new Set(this.carriers.flatMap((carrier) => carrier.move(index, position)));
    for (const other of near) {
      const joined = this.carriers.some((carrier) => carrier.hasPair(index, other));
      this.ground.setPair(index, other, joined, this.now);
    }
  }

  partition(groups: readonly (readonly number[])[]): void {
    for (const carrier of this.carriers) carrier.partition(groups);
    this.ground.setGroups(groups, this.now);
  }

  heal(): void {
    this.partition([]);
  }

  // ---- what users do -------------------------------------------------------------------------------------------

  broadcast(
    from: number,
    options: { priority?: Priority; bytes?: number; type?: FrameType; ttl?: number } = {},
  ): MessageId {
    const { priority = Priority.Medium, bytes = 40, type = FrameType.Message, ttl } = options;
    const { id, sequence } = this.node(from).mesh.reserve();
    const body = type === FrameType.Alert ? this.#alert(id, bytes) : this.#body(id, bytes);
    this.#note({ id, from, at: this.now, ack: false, priority, timeoutMs: 0, body });
    this.node(from).submit({ kind: 'flood', sequence, type, body, priority, ...(ttl !== undefined && { ttl }) });
    return id;
  }

  /** `keep`: stored and forwarded, for as long as `lifeMs`. */
  send(
    from: number,
    to: number,
    options: { priority?: Priority; bytes?: number; ack?: boolean; keep?: boolean; lifeMs?: number } = {},
  ): MessageId {
    const {
      priority = Priority.Medium,
      bytes = 40,
      ack = true,
      keep = false,
      lifeMs: timeoutMs = TIMEOUT_MS,
    } = options;
    const { id, sequence } = this.node(from).mesh.reserve();
    const body = this.#body(id, bytes);
    const message = { type: FrameType.Message, body, priority, ack, keep, timeoutMs };
    this.#note({ id, from, at: this.now, to, ack, keep, priority, timeoutMs, body });
    this.node(from).submit({ kind: 'send', sequence, to: this.node(to).id, ...message });
    return id;
  }

  patch(index: number, patch: StatePatch): void {
    this.node(index).submit({ kind: 'patch-state', patch });
  }

  put(index: number, ...names: readonly string[]): number {
    const ticket = ++this.#tickets;
    this.#record({ kind: 'put', node: index, ticket, hashes: names.map(recordHash) });
    const drafts = names.map(
      (name): RecordDraft => ({ hash: recordHash(name), type: 'sim', metadata: utf8('{}'), purpose: '' }),
    );
    this.node(index).submit({ kind: 'records', input: { kind: 'put', ticket, drafts } });
    return ticket;
  }

  erase(index: number, name: string): number {
    const ticket = ++this.#tickets;
    this.#record({ kind: 'erase', node: index, ticket, hashes: [recordHash(name)] });
    this.node(index).submit({ kind: 'records', input: { kind: 'erase', ticket, hash: recordHash(name) } });
    return ticket;
  }

  // ---- time ----------------------------------------------------------------------------------------------------

  async run(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      const event = this.clock.next() ?? Number.POSITIVE_INFINITY;
      if (this.#sampleAt <= Math.min(event, until)) {
        this.clock.step(this.#sampleAt);
        this.#sampleAt += SAMPLE_MS;
        for (const observer of this.#observers) observer.sampled?.(this.now);
        continue;
      }
      if (!this.clock.step(until)) return;
      if (!this.#written) continue;
      // A store's promise settled: those who wait for it go first.
      this.#written = false;
      await new Promise((done) => setImmediate(done));
    }
  }

  /** Lets the mesh come to rest, and asks every observer for its verdict. */
  async finish(quietMs = 45_000): Promise<void> {
    await this.run(quietMs);
    for (const observer of this.#observers) observer.finished?.(this.now);
  }

  #store(write: () => void): void {
    this.#written = true;
    write();
  }

  #radiosOf(index: number): Radio[] {
    return this.carriers.map((carrier) => carrier.radio(index));
  }

  #note(message: SentMessage): void {
    this.sent.set(message.id, message);
    for (const observer of this.#observers) observer.sent?.(message);
  }

  #record(what: Recording): void {
    for (const observer of this.#observers) observer.recording?.(what);
  }

  /** An alert as nodes hold it for those that come later; about so many bytes. */
  #alert(id: MessageId, bytes: number): Uint8Array {
    const payload = this.#body(id, Math.max(ALERT_PAYLOAD_BYTES_MIN, bytes - ALERT_BYTES));
    return encode(Body.AlertSchema, { type: 'sim', payload, raisedAtMs: BigInt(Math.round(this.clock.wall())) });
  }

  /** Bytes that tell which message they belong to. */
  #body(id: MessageId, bytes: number): Uint8Array {
    const body = this.random.fork(`body ${id}`).bytes(bytes);
    body.set((fromHex(id) as Uint8Array).subarray(0, bytes));
    return body;
  }
}
