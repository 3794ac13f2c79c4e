import type { MessageId } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import { TokenBucket } from '../core/token-bucket.js';
import type { MeshInput, MeshOutput } from '../mesh/contract.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Delivered, MeshEffect } from '../mesh/types.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { HeardBatch, LinkAddress, Radio, RadioCondition } from '../ports/radio.js';
import type { Store, StoreOp } from '../ports/store.js';
import type { WeaveEffect } from '../replication/effects.js';
import { StepTimes } from './step-times.js';

export type RecordsEffect = Exclude<WeaveEffect, { kind: 'send' | 'store' | 'counted' }>;
export type NoticeEffect = Extract<
  MeshEffect,
  { kind: 'peer' | 'link' | 'state' | 'suspect' | 'outcome' | 'receipt' | 'progress' | 'trace' | 'trail' }
>;

export interface RunnerEvents {
  deliver(message: Delivered): void;
  notice(effect: NoticeEffect): void;
  records(effect: RecordsEffect): void;
  radio(radio: Radio, condition: RadioCondition, reason?: string): void;
  storage(condition: 'ok' | 'full' | 'failed', reason?: string): void;
}

interface RadioRecord {
  readonly radio: Radio;
  condition: RadioCondition;
  reason: string | undefined;
  /** Reasons that were warned of since it was last up. */
  readonly told: Set<string>;
}

/** A timer is never set further ahead than this, nor closer than the other. */
const TIMER_MAX_MS = 60_000;
const TIMER_MIN_MS = 1;
/** A timer that would fire in vain is set anew when so much is gained by it, and so often in a second: at work it is less trouble to let it fire. */
const LATER_MS = 10;
const LATER_PER_SECOND = 20;
/** Troubles of one radio that are warned of until it is up again; each once, further ones only shown. */
const TOLD_MAX = 16;

/**
 * Runs the engine: feeds it what the radios hear and what time it is, and executes its effects. Inputs that come while
 * effects are executed wait their turn, so the engine never sees a step within a step.
 */
export class Runner {
  readonly radios: readonly RadioRecord[];
  readonly times = new StepTimes();
  readonly clock: Clock;
  readonly #mesh: Mesh;
  readonly #store: Store;

  readonly #log: Log;
  readonly #events: RunnerEvents;
  readonly #queue: MeshInput[] = [];
  #running = false;
  #stopped = false;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  readonly #later = new TokenBucket(LATER_PER_SECOND, LATER_PER_SECOND);

  constructor(mesh: Mesh, radios: readonly Radio[], store: Store, clock: Clock, log: Log, events: RunnerEvents) {
    this.#mesh = mesh;
    this.radios = radios.map((radio) => ({ radio, condition: 'down', reason: 'not opened yet', told: new Set() }));
    this.#store = store;
    this.clock = clock;
    this.#log = log;
    this.#events = events;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** The moment by the mesh's time. */
  now(): Instant {
    return this.#mesh.pulse.at(this.raw());
  }

  /** The moment by this device's own clocks. */
  raw(): Instant {
    return { mono: this.clock.now(), wall: this.clock.wall() };
  }

  async start(): Promise<void> {
    await Promise.all(this.radios.map((record, index) => this.#open(record, index)));
    this.submit({ kind: 'tick' });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await Promise.all(this.radios.map(({ radio }) => radio.close()));
  }

  /** Reserves the id of the next message; submit its `flood` or `send` right after. */
  reserve(): { readonly id: MessageId; readonly sequence: number } {
    return this.#mesh.reserve();
  }

  submit(input: MeshInput): void {
    if (this.#stopped) return;
    this.#queue.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#running = false;
    }
    this.#schedule();
  }

  /** A batch is the radio's: one that must wait its turn is copied. */
  #heardBatch(radio: number, batch: HeardBatch): void {
    if (!this.#running) return this.submit({ kind: 'heard-batch', radio, batch });
    const { slab, offsets, sources, addresses, count } = batch;
    const frames = Array.from({ length: count }, (_, i) => ({
      from: addresses[sources[i] as number] as LinkAddress,
      bytes: slab.slice(offsets[i], offsets[i + 1]),
    }));
    this.submit({ kind: 'heard', radio, frames });
  }

  #step(input: MeshInput): void {
    const startedAt = this.clock.now();
    const outputs = this.#mesh.step(input, { mono: startedAt, wall: this.clock.wall() });
    this.times.add(this.clock.now() - startedAt);
    for (const output of outputs) this.#execute(output);
  }

  #execute(output: MeshOutput): void {
    switch (output.kind) {
      case 'transmit':
        return this.#transmit(output);
      case 'drop-link':
        this.radios[output.radio]?.radio.drop(output.address);
        return;
      case 'deliver':
        return this.#events.deliver(output.message);
      case 'records':
        return this.#records(output.effect);
      case 'keep':
        return void this.#keep(output.ticket, output.ops);
      default:
        return this.#events.notice(output);
    }
  }

  /** A radio without room says so, and the engine keeps the frame. */
  #transmit({ radio, to, frame }: Extract<MeshOutput, { kind: 'transmit' }>): void {
    if (this.radios[radio]?.radio.send(frame, to) !== 'full') return;
    this.submit({ kind: 'refused', radio, ...(to !== undefined && { to }), frame });
  }

  #records(effect: WeaveEffect): void {
    switch (effect.kind) {
      case 'send':
      case 'counted':
        return;
      case 'store':
        void this.#write(effect.ticket, effect.ops);
        return;
      default:
        return this.#events.records(effect);
    }
  }

  async #write(ticket: number, ops: readonly StoreOp[]): Promise<void> {
    const code = await this.#batch(ops);
    const input =
      code === undefined ? ({ kind: 'stored', ticket } as const) : ({ kind: 'store-failed', ticket, code } as const);
    this.submit({ kind: 'records', input });
  }

  async #keep(ticket: number, ops: readonly StoreOp[]): Promise<void> {
    const code = await this.#batch(ops);
    const input =
      code === undefined ? ({ kind: 'kept', ticket } as const) : ({ kind: 'keep-failed', ticket, code } as const);
    this.submit({ kind: 'custody', input });
  }

  /** The code of what went wrong. */
  async #batch(ops: readonly StoreOp[]): Promise<string | undefined> {
    try {
      await this.#store.batch(ops);
      // Deletions work on a full disk too, so they prove nothing.
      if (ops.some(({ op }) => op === 'put')) this.#events.storage('ok');
      return undefined;
    } catch (error) {
      const code = (error as { code?: string }).code ?? 'store.failed';
      const reason = error instanceof Error ? error.message : String(error);
      this.#events.storage(code === 'store.full' ? 'full' : 'failed', reason);
      return code;
    }
  }

  #schedule(): void {
    if (this.#stopped) return;
    const now = this.clock.now();
    const at = Math.min(this.#mesh.nextDeadline() ?? Number.POSITIVE_INFINITY, now + TIMER_MAX_MS);
    if (this.#timer && this.#timerAt <= at && !(at - this.#timerAt >= LATER_MS && this.#later.take(now))) return;
    this.#timer?.cancel();
    const delay = Math.max(TIMER_MIN_MS, at - now);
    this.#timerAt = at;
    this.#timer = this.clock.timer('engine', delay, () => {
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.submit({ kind: 'tick' });
    });
  }

  async #open(record: RadioRecord, index: number): Promise<void> {
    const { radio } = record;
    await radio.open({
      heard: (frames) => this.submit({ kind: 'heard', radio: index, frames }),
      heardBatch: (batch) => this.#heardBatch(index, batch),
      linkUp: (address, mtuBytes) => this.submit({ kind: 'link-up', radio: index, address, mtuBytes }),
      linkDown: (address, reason) => this.submit({ kind: 'link-down', radio: index, address, reason }),
      condition: (condition, reason) => this.#condition(record, index, condition, reason),
    });
    if (record.condition === 'down' && record.reason === 'not opened yet') this.#condition(record, index, 'up');
  }

  /** A radio that is not up is a warning; not one that was closed, or that is about to come up otherwise. */
  #tell({ radio, condition, reason = '', told }: RadioRecord): void {
    const text = `radio ${radio.name} is ${condition}`;
    const fix = radio.standing?.fix;
    if (condition === 'up') {
      told.clear();
      this.#log.info(text);
    } else if (told.has(reason) || told.size >= TOLD_MAX) return;
    else if (this.#stopped || radio.standing?.ok) this.#log.info(text, { reason });
    else {
      told.add(reason);
      this.#log.warn(text, { reason, ...(fix !== undefined && { fix }) });
    }
  }

  #condition(record: RadioRecord, index: number, condition: RadioCondition, reason?: string): void {
    const before = record.condition;
    record.condition = condition;
    record.reason = condition === 'up' ? undefined : reason;
    if (condition === before) return void (condition !== 'up' && this.#tell(record));
    const { name, traits } = record.radio;
    if (condition === 'up') this.submit({ kind: 'carrier-up', radio: index, name, traits });
    else if (before === 'up') this.submit({ kind: 'carrier-down', radio: index, reason: reason ?? condition });
    this.#tell(record);
    this.#events.radio(record.radio, condition, reason);
  }
}
