import { HybridClock } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import type { MeshInput, MeshOutput } from '../mesh/contract.js';
import { Mesh } from '../mesh/mesh.js';
import type { MeshTiming } from '../mesh/types.js';
import type { Timer } from '../ports/clock.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';
import type { HotPath } from '../ports/hot-path.js';
import type { Radio, RadioCondition } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import { DEFAULT_RETENTION_MS, DEFAULT_WEAVE_LIMITS } from '../replication/limits.js';
import { Weave } from '../replication/weave.js';
import type { MemoryStore } from '../storage/memory.js';
import { nodeIdOfKey } from '../trust/identity.js';
import type { ObservedNode } from './observer.js';
import type { Observers } from './observers.js';
import type { SimClock } from './sim-clock.js';

/** As on a device: the engine is never woken sooner than this. */
const WAKE_MIN_MS = 1;

/** What all nodes of a world share. */
export interface NodeWorld {
  readonly clock: SimClock;
  readonly crypto: Crypto;
  readonly hotPath: HotPath;
  readonly tagKey: Uint8Array;
  readonly timing: MeshTiming;
  readonly maxPeers: number;
  readonly dedupCapacity: number;
  readonly maxLinks?: number;
  readonly segmentNodes?: number;
  readonly observers: Observers;
  /** One for each of the node's radios. */
  radiosOf(index: number): Radio[];
}

/** One simulated device: what outlives a crash (keys, boot counter, store, clock offset) and the engine while it runs. */
export class SimNode implements ObservedNode {
  readonly index: number;
  readonly id: NodeId;
  readonly keys: KeyPair;
  readonly store: MemoryStore;
  /** How far its wall clock is ahead of the truth. */
  skewMs = 0;
  /** Without a clock it is 1970 whenever it starts. */
  hasClock = true;
  /** Steps of all lives. */
  steps = 0;
  readonly #world: NodeWorld;
  readonly #random: Random;
  #boots = 0;
  #mesh: Mesh | undefined;
  #weave: Weave | undefined;
  #radios: Radio[] = [];
  #queue: MeshInput[] = [];
  #stepping = false;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #stalledUntil = 0;
  /** Its own milliseconds in one of the world's. */
  #rate = 1;
  #startedAt = 0;

  constructor(index: number, world: NodeWorld, random: Random, store: MemoryStore) {
    this.index = index;
    this.#world = world;
    this.#random = random;
    this.store = store;
    this.keys = world.crypto.keyPairOf(random.fork('keys').bytes(32));
    this.id = nodeIdOfKey(world.crypto, this.keys.publicKey);
  }

  get running(): boolean {
    return this.#mesh !== undefined;
  }

  /** How often it has started. */
  get life(): number {
    return this.#boots;
  }

  get mesh(): Mesh {
    if (!this.#mesh) throw new RangeError(`node ${this.index} does not run`);
    return this.#mesh;
  }

  get weave(): Weave {
    if (!this.#weave) throw new RangeError(`node ${this.index} does not run`);
    return this.#weave;
  }

  get radios(): readonly Radio[] {
    return this.#radios;
  }

  wall(): number {
    const { clock } = this.#world;
    if (!this.hasClock) return (clock.now() - this.#startedAt) * this.#rate;
    return clock.wall() + clock.now() * (this.#rate - 1) + this.skewMs;
  }

  /** Its clocks run faster than the world's by so many millionths. Throws RangeError while it runs. */
  drift(ppm: number): void {
    if (this.#mesh) throw new RangeError(`node ${this.index} runs: its clock cannot change its pace`);
    this.#rate = 1 + ppm / 1e6;
  }

  /** Does nothing for so long; what comes meanwhile waits. */
  stall(ms: number): void {
    const until = this.#world.clock.now() + ms;
    if (!this.#mesh || until <= this.#stalledUntil) return;
    this.#stalledUntil = until;
    this.#wakeAt(until);
  }

  start(): void {
    if (this.#mesh) return;
    this.#boots++;
    this.#startedAt = this.#world.clock.now();
    this.#stalledUntil = 0;
    this.#makeEngine();
    for (const observer of this.#world.observers) observer.started?.(this, this.#world.clock.now());
    this.#radios = this.#world.radiosOf(this.index);
    this.#radios.forEach((radio, index) => {
      this.#open(radio, index, this.#boots);
    });
    this.submit({ kind: 'custody', input: { kind: 'restore' } });
  }

  /** As `kill -9` or a power cut: nothing is said, and what is not on disk is lost. */
  crash(): void {
    if (!this.#mesh) return;
    for (const observer of this.#world.observers) observer.ended?.(this, this.#world.clock.now());
    this.#mesh = undefined;
    this.#weave = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#queue = [];
    for (const radio of this.#radios) void radio.close();
    this.store.crash();
  }

  /** Feeds the engine. Inputs that come while effects are executed wait their turn. */
  submit(input: MeshInput): void {
    if (!this.#mesh) return;
    this.#queue.push(input);
    if (this.#stepping || this.#world.clock.now() < this.#stalledUntil) return;
    this.#stepping = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#stepping = false;
    }
    this.#schedule();
  }

  #makeEngine(): void {
    const { crypto, hotPath, tagKey, timing, maxPeers, maxLinks, dedupCapacity, segmentNodes } = this.#world;
    const random = this.#random.fork(`life ${this.#boots}`);
    const clock = new HybridClock();
    const boot = { salt: random.fork('salt').bytes(16), counter: this.#boots };
    const self = { id: this.id, keys: this.keys, boot };
    this.#weave = new Weave({
      self: this.id,
      keys: this.keys,
      boot,
      crypto,
      store: this.store,
      random: random.fork('weave'),
      clock,
      limits: DEFAULT_WEAVE_LIMITS,
      retentionMs: DEFAULT_RETENTION_MS,
      shareVectors: true,
    });
    this.#mesh = new Mesh({
      self,
      name: `n${this.index}`,
      version: '0.0.0-sim',
      tagKey,
      firstSequence: random.u32() >>> 1,
      crypto,
      random: random.fork('mesh'),
      hotPath,
      clock,
      timing,
      maxPeers,
      ...(maxLinks !== undefined && { maxLinks }),
      ...(segmentNodes !== undefined && { segmentNodes }),
      dedupCapacity,
      weave: this.#weave,
      store: this.store,
    });
  }

  #open(radio: Radio, index: number, life: number): void {
    let up = false;
    const now = (input: MeshInput): void => {
      if (life === this.#boots) this.submit(input);
    };
    const condition = (to: RadioCondition, reason?: string): void => {
      if ((to === 'up') === up) return;
      up = to === 'up';
      if (up) now({ kind: 'carrier-up', radio: index, name: radio.name, traits: radio.traits });
      else now({ kind: 'carrier-down', radio: index, reason: reason ?? to });
    };
    // A memory radio is open when the call returns; its promise only says so.
    void radio.open({
      heard: (frames) => now({ kind: 'heard', radio: index, frames }),
      linkUp: (address, mtuBytes) => now({ kind: 'link-up', radio: index, address, mtuBytes }),
      linkDown: (address, reason) => now({ kind: 'link-down', radio: index, address, reason }),
      condition,
    });
  }

  #step(input: MeshInput): void {
    const mesh = this.#mesh;
    if (!mesh) return;
    const now = this.#world.clock.now();
    this.steps++;
    for (const output of mesh.step(input, { mono: now * this.#rate, wall: this.wall() })) this.#execute(output, now);
    for (const observer of this.#world.observers.stepped) observer.stepped(this, now);
  }

  #execute(output: MeshOutput, now: number): void {
    const { observers } = this.#world;
    switch (output.kind) {
      case 'transmit': {
        const { radio, to, frame } = output;
        // What a radio had no room for never went: it comes again, or as another copy.
        if (this.#radios[radio]?.send(frame, to) === 'full')
          this.submit({ kind: 'refused', radio, ...(to !== undefined && { to }), frame });
        else for (const observer of observers.transmitted) observer.transmitted(this, output, now);
        return;
      }
      case 'drop-link':
        this.#radios[output.radio]?.drop(output.address);
        return;
      case 'deliver':
        for (const observer of observers) observer.delivered?.(this, output.message, now);
        return;
      case 'outcome':
        for (const observer of observers) observer.outcome?.(this, output.id, output.outcome, now, output);
        return;
      case 'peer':
        for (const observer of observers) observer.peer?.(this, output.node, output.change, now);
        return;
      case 'records':
        for (const observer of observers) observer.records?.(this, output.effect, now);
        if (output.effect.kind === 'store') this.#write(output.effect.ticket, output.effect.ops, this.#boots);
        return;
      case 'keep':
        this.#keep(output.ticket, output.ops, this.#boots);
        return;
      case 'progress':
        for (const observer of observers) observer.progress?.(this, output, now);
        return;
      case 'trail':
        for (const observer of observers) observer.trail?.(this, output, now);
        return;
      case 'trace':
        for (const observer of observers) observer.trace?.(this, output, now);
        return;
      case 'receipt':
        for (const observer of observers) observer.receipt?.(this, output, now);
        return;
      default:
        return;
    }
  }

  #keep(ticket: number, ops: Parameters<MemoryStore['batch']>[0], life: number): void {
    const answer = (input: MeshInput) => (): void => {
      if (life === this.#boots) this.submit(input);
    };
    this.store
      .batch(ops)
      .then(
        answer({ kind: 'custody', input: { kind: 'kept', ticket } }),
        answer({ kind: 'custody', input: { kind: 'keep-failed', ticket, code: 'store.full' } }),
      );
  }

  #write(ticket: number, ops: Parameters<MemoryStore['batch']>[0], life: number): void {
    const answer = (input: MeshInput) => (): void => {
      if (life === this.#boots) this.submit(input);
    };
    this.store
      .batch(ops)
      .then(
        answer({ kind: 'records', input: { kind: 'stored', ticket } }),
        answer({ kind: 'records', input: { kind: 'store-failed', ticket, code: 'store.full' } }),
      );
  }

  #schedule(): void {
    const { clock } = this.#world;
    const deadline = this.#mesh?.nextDeadline();
    const at = deadline === undefined ? undefined : deadline / this.#rate;
    for (const observer of this.#world.observers.rested) observer.rested(this, at, clock.now());
    if (at !== undefined && (!this.#timer || this.#timerAt > at)) this.#wakeAt(at);
  }

  #wakeAt(at: number): void {
    const { clock } = this.#world;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = clock.timer('engine', Math.max(WAKE_MIN_MS, at - clock.now()), () => {
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.submit({ kind: 'tick' });
    });
  }
}
