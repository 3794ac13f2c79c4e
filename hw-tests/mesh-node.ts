import { Runner } from '../dist/agent/runner.js';
import { HybridClock } from '../dist/core/hlc.js';
import type { MessageId, NodeId } from '../dist/core/ids.js';
import { Mesh } from '../dist/mesh/mesh.js';
import type { MeshTiming } from '../dist/mesh/types.js';
import { createHotPath } from '../dist/native/hot-path.js';
import type { Log } from '../dist/ports/log.js';
import type { Radio } from '../dist/ports/radio.js';
import { DEFAULT_RETENTION_MS, DEFAULT_WEAVE_LIMITS } from '../dist/replication/limits.js';
import { Weave } from '../dist/replication/weave.js';
import { createMemoryStore } from '../dist/storage/memory.js';
import { nodeCrypto } from '../dist/system/node-crypto.js';
import { systemClock } from '../dist/system/system-clock.js';
import { systemRandom } from '../dist/system/system-random.js';
import { nodeIdOfKey } from '../dist/trust/identity.js';
import { FrameType, Priority } from '../dist/wire/frame-types.js';
import { Offset } from '../dist/wire/header.js';

export interface MeshNodeOptions {
  readonly name: string;
  readonly timing?: Partial<MeshTiming>;
  /** One, or several. */
  radio(id: NodeId, log: Log): Radio | readonly Radio[];
}

/** What carries a message to its end, and the word of it back. */
const CARRYING: ReadonlySet<number> = new Set([
  FrameType.HopAck,
  FrameType.Message,
  FrameType.Ack,
  FrameType.Parcel,
  FrameType.Receipt,
  FrameType.PartsAsk,
  FrameType.PartsMissing,
  FrameType.Part,
]);

/** The engine, and what its messages weigh on the way. */
class WeighedMesh extends Mesh {
  carriedBytes = 0;

  override step(...input: Parameters<Mesh['step']>): ReturnType<Mesh['step']> {
    const outputs = super.step(...input);
    for (const output of outputs)
      if (output.kind === 'transmit' && CARRYING.has(output.frame[Offset.Type] as number))
        this.carriedBytes += output.frame.length;
    return outputs;
  }
}

const TIMING: MeshTiming = { heartbeatMs: 1_000, peerTimeoutMs: 5_000, forgetAfterMs: 60_000 };
export const TAG_KEY = new Uint8Array(16).fill(7);
const MESSAGE_TIMEOUT_MS = 60_000;

const crypto = nodeCrypto();

/** One radio with the shipped engine and runner behind it. */
export class MeshNode {
  readonly name: string;
  readonly id: NodeId;
  readonly radio: Radio;
  readonly runner: Runner;
  readonly mesh: WeighedMesh;
  /** Of all messages that arrived, how often. */
  readonly delivered = new Map<MessageId, number>();
  /** Of each the first time: when (as `performance.now()`), and its bytes. */
  readonly arrivals = new Map<MessageId, { readonly at: number; readonly body: Uint8Array }>();
  readonly outcomes = new Map<MessageId, string>();
  readonly conditions: string[] = [];
  readonly remarks: string[] = [];

  constructor(options: MeshNodeOptions) {
    this.name = options.name;
    const keys = crypto.generate();
    this.id = nodeIdOfKey(crypto, keys.publicKey);
    const log = this.#log();
    const made = options.radio(this.id, log);
    const radios = 'kind' in made ? [made] : made;
    this.radio = radios[0] as Radio;
    const random = systemRandom();
    const clock = new HybridClock();
    const store = createMemoryStore();
    const boot = { salt: crypto.randomBytes(16), counter: 1 };
    const weave = new Weave({
      ...{ self: this.id, keys, boot, crypto, store, random, clock },
      limits: DEFAULT_WEAVE_LIMITS,
      retentionMs: DEFAULT_RETENTION_MS,
      shareVectors: true,
    });
    this.mesh = new WeighedMesh({
      self: { id: this.id, keys, boot },
      name: this.name,
      version: '0.0.0-rig',
      tagKey: TAG_KEY,
      firstSequence: random.u32() >>> 1,
      ...{ crypto, random, clock, weave, store },
      hotPath: createHotPath({ kind: 'js' }),
      timing: { ...TIMING, ...options.timing },
      maxPeers: 64,
      dedupCapacity: 10_000,
    });
    this.runner = new Runner(this.mesh, radios, store, systemClock, log, {
      deliver: ({ id, type, body }) => {
        if (type !== FrameType.Message) return;
        this.delivered.set(id, (this.delivered.get(id) ?? 0) + 1);
        if (!this.arrivals.has(id)) this.arrivals.set(id, { at: performance.now(), body });
      },
      notice: (effect) => {
        if (effect.kind === 'outcome') this.outcomes.set(effect.id, effect.outcome);
      },
      records: () => {},
      radio: (_radio, condition, reason) =>
        this.conditions.push(reason === undefined ? condition : `${condition}: ${reason}`),
      storage: () => {},
    });
  }

  /** Neighbours that the engine has a link to. */
  get neighbours(): NodeId[] {
    return [...this.mesh.links.neighbours()];
  }

  /** Whether it can act on what the other says: its boot is vouched for, and there is a way. */
  knows(other: MeshNode): boolean {
    return this.mesh.known.currentBoot(other.id) !== undefined && this.mesh.routing.reachable().has(other.id);
  }

  /** Bytes of the frames that carried messages, acknowledgements included, as the engine gave them to its radios. */
  get carriedBytes(): number {
    return this.mesh.carriedBytes;
  }

  flood(bytes: number): MessageId {
    const { id, sequence } = this.runner.reserve();
    const body = crypto.randomBytes(bytes);
    this.runner.submit({ kind: 'flood', sequence, type: FrameType.Message, body, priority: Priority.Medium });
    return id;
  }

  /** So many random bytes, or these. */
  send(to: MeshNode, what: number | Uint8Array, { timeoutMs = MESSAGE_TIMEOUT_MS, keep = false } = {}): MessageId {
    const { id, sequence } = this.runner.reserve();
    const body = typeof what === 'number' ? crypto.randomBytes(what) : what;
    const message = { type: FrameType.Message, body, priority: Priority.Medium };
    this.runner.submit({ kind: 'send', sequence, ...message, to: to.id, ack: true, keep, timeoutMs });
    return id;
  }

  #log(): Log {
    const note = (level: string) => (message: string, fields?: object) => {
      if (process.env['BLE_LOG'] !== undefined)
        process.stderr.write(
          `${Math.round(systemClock.now())} ${this.name} ${level} ${message} ${JSON.stringify(fields ?? {})}\n`,
        );
      this.remarks.push(message);
    };
    const log: Log = {
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
      child: () => log,
    };
    return log;
  }
}
