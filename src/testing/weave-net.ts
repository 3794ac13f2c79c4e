import { utf8 } from '../core/bytes.js';
import { HybridClock } from '../core/hlc.js';
import { type NodeId, nodeIdOf } from '../core/ids.js';
import type { Random } from '../ports/random.js';
import type { RecordDraft, WeaveEffect, WeaveInput } from '../replication/effects.js';
import { DEFAULT_RETENTION_MS, DEFAULT_WEAVE_LIMITS, type WeaveLimits } from '../replication/limits.js';
import { Weave } from '../replication/weave.js';
import { createMemoryStore, type MemoryStore } from '../storage/memory.js';
import { nodeCrypto } from '../system/node-crypto.js';
import { seededRandom } from '../system/seeded-random.js';

export const EPOCH = 1_800_000_000_000;
export const crypto = nodeCrypto();

const HEARTBEAT_MS = 500;
const STORE_DELAY_MS = 2;

export interface WeaveNetOptions {
  readonly seed: number | string;
  /** Share of frames lost. */
  readonly loss?: number;
  readonly limits?: Partial<WeaveLimits>;
}

export interface NetNode {
  readonly id: NodeId;
  readonly store: MemoryStore;
  weave: Weave;
  up: boolean;
  /** Milliseconds by which its wall clock is ahead. */
  skewMs: number;
  /** Told of every effect. */
  readonly listeners: ((effect: WeaveEffect) => void)[];
  readonly counts: Map<string, number>;
  readonly settled: Map<number, Extract<WeaveEffect, { kind: 'settled' }>>;
  readonly changes: Extract<WeaveEffect, { kind: 'changed' }>[];
  readonly evidence: Extract<WeaveEffect, { kind: 'evidence' }>[];
  /** Bodies sent, by frame type. */
  readonly sent: Map<number, { frames: number; bytes: number; longest: number }>;
}

interface NodeOptions {
  readonly shareVectors?: boolean;
  readonly skewMs?: number;
  readonly limits?: Partial<WeaveLimits>;
  readonly secret?: Uint8Array;
  readonly salt?: Uint8Array;
}

interface Member extends NetNode {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  generation: number;
  restart(): Weave;
}

interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Weaves in one process on virtual time: links with loss, heartbeats that compare digests, disks that take a while. */
export class WeaveNet {
  readonly nodes: NetNode[] = [];
  readonly #random: Random;
  readonly #options: WeaveNetOptions;
  readonly #links = new Set<string>();
  #events: Event[] = [];
  #ticket = 0;
  now = 0;
  loss: number;

  constructor(options: WeaveNetOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.loss = options.loss ?? 0;
    this.#beat();
  }

  add(options: NodeOptions = {}): NetNode {
    const keys = crypto.keyPairOf(options.secret ?? this.#random.bytes(32));
    const salt = options.salt ?? this.#random.bytes(16);
    const id = nodeIdOf(crypto.sha256(keys.publicKey));
    const store = createMemoryStore({ settle: (write) => this.after(STORE_DELAY_MS, write) });
    let boots = 0;
    const restart = (): Weave =>
      new Weave({
        self: id,
        keys,
        boot: { salt: boots++ === 0 ? salt : this.#random.bytes(16), counter: boots },
        crypto,
        store,
        random: this.#random.fork(`${id}${boots}`),
        clock: new HybridClock(),
        limits: { ...DEFAULT_WEAVE_LIMITS, ...this.#options.limits, ...options.limits },
        retentionMs: DEFAULT_RETENTION_MS,
        shareVectors: options.shareVectors ?? true,
      });
    const node: Member = {
      id,
      store,
      weave: restart(),
      restart,
      up: true,
      skewMs: options.skewMs ?? 0,
      generation: 0,
      secret: keys.secretKey,
      salt,
      listeners: [],
      counts: new Map(),
      settled: new Map(),
      changes: [],
      evidence: [],
      sent: new Map(),
    };
    this.nodes.push(node);
    return node;
  }

  /** A node with the same keys and the same salt, as of a copied card that forged its boot. */
  cloneOf(node: NetNode): NetNode {
    const { secret, salt } = node as Member;
    return this.add({ secret, salt });
  }

  /** `bytesPerSecond` is what the nodes are told; frames take no longer for it. */
  link(a: NetNode, b: NetNode, bytesPerSecond = 1e7): void {
    if (this.isLinked(a, b) || a === b) return;
    this.#links.add(linkName(a, b));
    this.input(a, { kind: 'neighbour-up', peer: b.id, bytesPerSecond });
    this.input(b, { kind: 'neighbour-up', peer: a.id, bytesPerSecond });
  }

  unlink(a: NetNode, b: NetNode): void {
    if (!this.#links.delete(linkName(a, b))) return;
    this.input(a, { kind: 'neighbour-down', peer: b.id });
    this.input(b, { kind: 'neighbour-down', peer: a.id });
  }

  isLinked(a: NetNode, b: NetNode): boolean {
    return this.#links.has(linkName(a, b));
  }

  /** A power cut: what was not durable is gone, and the node starts again from its store at once. */
  crash(node: NetNode): void {
    const member = node as Member;
    const peers = this.nodes.filter((other) => this.isLinked(node, other));
    for (const peer of peers) this.unlink(node, peer);
    member.generation += 1;
    member.store.crash();
    member.weave = member.restart();
    for (const peer of peers) this.link(node, peer);
  }

  put(node: NetNode, drafts: readonly RecordDraft[]): number {
    const ticket = ++this.#ticket;
    this.input(node, { kind: 'put', ticket, drafts });
    return ticket;
  }

  erase(node: NetNode, hash: Uint8Array): number {
    const ticket = ++this.#ticket;
    this.input(node, { kind: 'erase', ticket, hash });
    return ticket;
  }

  wall(node: NetNode): number {
    return EPOCH + this.now + node.skewMs;
  }

  input(node: NetNode, input: WeaveInput): void {
    for (const effect of node.weave.step(input, { mono: this.now, wall: this.wall(node) }))
      this.#execute(node as Member, effect);
  }

  after(delayMs: number, run: () => void): void {
    const at = this.now + delayMs;
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1] as Event).at > at) index -= 1;
    this.#events.splice(index, 0, { at, run });
  }

  async run(forMs: number): Promise<void> {
    const end = this.now + forMs;
    await new Promise((done) => setImmediate(done));
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.now = Math.max(this.now, next);
      while (this.#events[0] && this.#events[0].at <= this.now) this.#events.shift()?.run();
      await new Promise((done) => setImmediate(done));
      for (const node of this.nodes)
        if ((node.weave.nextDeadline() ?? Number.POSITIVE_INFINITY) <= this.now) this.input(node, { kind: 'tick' });
    }
    this.now = end;
  }

  /** Runs until all nodes have the same digest and nothing is on its way, at most `forMs`. */
  async converge(forMs: number): Promise<boolean> {
    for (const end = this.now + forMs; this.now < end; ) {
      await this.run(100);
      if (this.agreed()) return true;
    }
    return false;
  }

  agreed(): boolean {
    const first = this.nodes[0]?.weave.digest();
    return this.nodes.every((node) => node.weave.digest() === first);
  }

  #next(end: number): number | undefined {
    let next = this.#events[0]?.at ?? Number.POSITIVE_INFINITY;
    for (const node of this.nodes) next = Math.min(next, node.weave.nextDeadline() ?? Number.POSITIVE_INFINITY);
    return next <= end ? next : undefined;
  }

  #execute(node: Member, effect: WeaveEffect): void {
    for (const listener of node.listeners) listener(effect);
    switch (effect.kind) {
      case 'send':
        this.#send(node, effect);
        break;
      case 'store': {
        const { generation } = node;
        const answer = (input: WeaveInput) => () => generation === node.generation && this.input(node, input);
        node.store
          .batch(effect.ops)
          .then(
            answer({ kind: 'stored', ticket: effect.ticket }),
            answer({ kind: 'store-failed', ticket: effect.ticket, code: 'store.full' }),
          );
        break;
      }
      case 'settled':
        node.settled.set(effect.ticket, effect);
        break;
      case 'counted':
        node.counts.set(effect.reason, (node.counts.get(effect.reason) ?? 0) + effect.count);
        break;
      case 'changed':
        node.changes.push(effect);
        break;
      case 'evidence':
        node.evidence.push(effect);
        break;
    }
  }

  #send(from: Member, { peer, type, body }: Extract<WeaveEffect, { kind: 'send' }>): void {
    const stats = from.sent.get(type) ?? { frames: 0, bytes: 0, longest: 0 };
    from.sent.set(type, {
      frames: stats.frames + 1,
      bytes: stats.bytes + body.length,
      longest: Math.max(stats.longest, body.length),
    });
    if (this.#random.chance(this.loss)) return;
    this.after(1 + this.#random.below(10), () => {
      const to = this.nodes.find((node) => node.id === peer);
      if (to && this.isLinked(from, to)) this.input(to, { kind: 'received', peer: from.id, type, body });
    });
  }

  /** Heartbeats carry digests; a lost one is made good by the next. */
  #beat(): void {
    this.after(HEARTBEAT_MS, () => {
      for (const a of this.nodes)
        for (const b of this.nodes)
          if (this.isLinked(a, b) && a.weave.digest() !== b.weave.digest())
            this.input(a, { kind: 'mismatch', peer: b.id });
      this.#beat();
    });
  }
}

const linkName = (a: NetNode, b: NetNode): string => (a.id < b.id ? `${a.id}-${b.id}` : `${b.id}-${a.id}`);

export const hashNamed = (name: string | number): Uint8Array => crypto.sha256(utf8(`hash ${name}`)).subarray(0, 16);

export const draftNamed = (name: string | number, more: Partial<RecordDraft> = {}): RecordDraft => ({
  hash: hashNamed(name),
  type: 'person',
  metadata: utf8('{"camera":"gate"}'),
  purpose: '',
  ...more,
});

/** A draft with a vector of 8 components, quantised as the services do it. */
export function vectorDraft(name: string | number, seed: number): RecordDraft {
  const random = seededRandom(seed);
  const exact = Float32Array.from({ length: 8 }, () => random.below(2_001) - 1_000 || 1);
  const norm = Math.hypot(...exact);
  const unit = exact.map((x) => x / norm);
  const scale = Math.fround(Math.max(...unit.map(Math.abs)) / 127);
  const int8 = Int8Array.from(unit, (x) => Math.round(x / scale));
  return draftNamed(name, {
    vector: {
      space: '0011223344556677',
      int8: new Uint8Array(int8.buffer),
      scale,
      exact: new Uint8Array(exact.buffer),
      sketch: new Uint8Array(1),
    },
  });
}
