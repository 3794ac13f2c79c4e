import { Runner } from '../dist/agent/runner.js';
import { HybridClock } from '../dist/core/hlc.js';
import type { MessageId, NodeId } from '../dist/core/ids.js';
import { Mesh } from '../dist/mesh/mesh.js';
import type { MeshTiming } from '../dist/mesh/types.js';
import { createHotPath } from '../dist/native/hot-path.js';
import type { Log } from '../dist/ports/log.js';
import type { Radio } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import type { BleSettings } from '../dist/radios/ble/settings.js';
import { DEFAULT_RETENTION_MS, DEFAULT_WEAVE_LIMITS } from '../dist/replication/limits.js';
import { Weave } from '../dist/replication/weave.js';
import { createMemoryStore } from '../dist/storage/memory.js';
import { nodeCrypto } from '../dist/system/node-crypto.js';
import { systemClock } from '../dist/system/system-clock.js';
import { systemRandom } from '../dist/system/system-random.js';
import { nodeIdOfKey } from '../dist/trust/identity.js';
import { FrameType, Priority } from '../dist/wire/frame-types.js';
import { Air, type AirOptions } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import type { ControllerQuirks } from './emulation/controller-quirks.js';
import { EmulatedPort } from './emulation/port.js';
import type { Station } from './emulation/types.js';

export type Shape = 'line' | 'ring' | 'full';

export interface FieldOptions extends AirOptions {
  readonly size: number;
  readonly shape?: Shape;
  readonly settings?: Partial<BleSettings>;
  readonly timing?: Partial<MeshTiming>;
  readonly quirks?: (index: number) => Partial<ControllerQuirks>;
  readonly maxLinks?: number;
}

const TIMING: MeshTiming = { heartbeatMs: 1_000, peerTimeoutMs: 5_000, forgetAfterMs: 60_000 };
const TAG_KEY = new Uint8Array(16).fill(7);
const POLL_MS = 5;

const crypto = nodeCrypto();

/** A device on the emulated air: controller, the shipped radio, the shipped engine and runner. */
export class FieldNode {
  readonly index: number;
  readonly controller: EmulatedController;
  readonly id: NodeId;
  readonly radio: Radio;
  readonly runner: Runner;
  readonly mesh: Mesh;
  /** Of all messages that arrived, how often. */
  readonly delivered = new Map<MessageId, number>();
  readonly outcomes = new Map<MessageId, string>();
  readonly conditions: string[] = [];
  readonly remarks: string[] = [];
  port: EmulatedPort | undefined;

  constructor(air: Air, index: number, options: FieldOptions) {
    this.index = index;
    const quirks = options.quirks?.(index);
    this.controller = new EmulatedController(air, {
      name: `n${index}`,
      ...(quirks && { quirks }),
      ...(options.maxLinks !== undefined && { maxLinks: options.maxLinks }),
    });
    const keys = crypto.generate();
    this.id = nodeIdOfKey(crypto, keys.publicKey);
    const log = this.#log();
    this.radio = createBleRadio({
      identity: { key: TAG_KEY, id: this.id },
      settings: { maxOut: 8, maxIn: 8, maxLinks: 8, ...options.settings },
      log,
      clock: systemClock,
      port: () => {
        this.port = new EmulatedPort(this.controller);
        return this.port;
      },
    });
    const random = systemRandom();
    const clock = new HybridClock();
    const store = createMemoryStore();
    const boot = { salt: crypto.randomBytes(16), counter: 1 };
    const weave = new Weave({
      self: this.id,
      keys,
      boot,
      crypto,
      store,
      random,
      clock,
      limits: DEFAULT_WEAVE_LIMITS,
      retentionMs: DEFAULT_RETENTION_MS,
      shareVectors: true,
    });
    this.mesh = new Mesh({
      self: { id: this.id, keys, boot },
      name: `n${index}`,
      version: '0.0.0-rig',
      tagKey: TAG_KEY,
      firstSequence: random.u32() >>> 1,
      crypto,
      random,
      hotPath: createHotPath({ kind: 'js' }),
      clock,
      timing: { ...TIMING, ...options.timing },
      maxPeers: 64,
      dedupCapacity: 10_000,
      weave,
    });
    this.runner = new Runner(this.mesh, [this.radio], store, systemClock, log, {
      deliver: ({ id, type }) => {
        if (type === FrameType.Message) this.delivered.set(id, (this.delivered.get(id) ?? 0) + 1);
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

  flood(bytes: number): MessageId {
    const { id, sequence } = this.runner.reserve();
    const body = crypto.randomBytes(bytes);
    this.runner.submit({ kind: 'flood', sequence, type: FrameType.Message, body, priority: Priority.Medium });
    return id;
  }

  send(to: FieldNode, bytes: number): MessageId {
    const { id, sequence } = this.runner.reserve();
    const message = { type: FrameType.Message, body: crypto.randomBytes(bytes), priority: Priority.Medium };
    this.runner.submit({ kind: 'send', sequence, ...message, to: to.id, ack: true, timeoutMs: 20_000 });
    return id;
  }

  #log(): Log {
    const note = (level: string) => (message: string, fields?: object) => {
      if (process.env['BLE_LOG'] !== undefined)
        process.stderr.write(
          `${Math.round(systemClock.now())} n${this.index} ${level} ${message} ${JSON.stringify(fields ?? {})}\n`,
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

/** Some nodes within reach of each other as a line, a ring or all of all. */
export class BleField {
  readonly air: Air;
  readonly nodes: FieldNode[] = [];
  readonly #shape: Shape;
  readonly #size: number;
  readonly #cuts = new Set<string>();
  readonly #gone = new Set<number>();
  /** The radios' timers keep no process alive; the field does. */
  readonly #alive = setInterval(() => {}, 1_000);

  constructor(options: FieldOptions) {
    this.air = new Air(options);
    this.#shape = options.shape ?? 'full';
    this.#size = options.size;
    for (let i = 0; i < options.size; i++) this.nodes.push(new FieldNode(this.air, i, options));
    this.#reach();
  }

  async open(): Promise<void> {
    await Promise.all(this.nodes.map(({ runner }) => runner.start()));
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ runner }) => runner.stop()));
    this.air.close();
    clearInterval(this.#alive);
  }

  node(index: number): FieldNode {
    return this.nodes[index] as FieldNode;
  }

  /** Two nodes hear each other no more. */
  cut(a: number, b: number): void {
    this.#cuts.add(`${Math.min(a, b)}-${Math.max(a, b)}`);
    this.#reach();
  }

  mend(): void {
    this.#cuts.clear();
    this.#reach();
  }

  /** As a power cut: the node says nothing and nobody hears it any more. */
  kill(index: number): void {
    this.#gone.add(index);
    this.#reach();
  }

  /** Whether exactly those who hear each other have a link. */
  isWhole(): boolean {
    return this.nodes.every((node) => {
      const expected = this.nodes.filter((other) => this.hears(node.index, other.index)).map(({ id }) => id);
      const actual = node.neighbours;
      return actual.length === expected.length && expected.every((id) => actual.includes(id));
    });
  }

  /** Whether everybody can act on what everybody says: its boot is vouched for, and there is a way. */
  isAcquainted(): boolean {
    return this.nodes.every(({ mesh }, index) =>
      this.nodes.every(
        ({ id }, other) => other === index || (mesh.known.currentBoot(id) && mesh.routing.reachable().has(id)),
      ),
    );
  }

  hears(a: number, b: number): boolean {
    if (a === b || this.#gone.has(a) || this.#gone.has(b)) return false;
    const low = Math.min(a, b);
    const high = Math.max(a, b);
    if (this.#cuts.has(`${low}-${high}`)) return false;
    if (this.#shape === 'full' || high - low === 1) return true;
    return this.#shape === 'ring' && low === 0 && high === this.#size - 1;
  }

  /** Milliseconds until it was so. Throws after `limitMs`. */
  async until(what: string, isSo: () => boolean, limitMs: number): Promise<number> {
    const from = systemClock.now();
    while (!isSo()) {
      if (systemClock.now() - from > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return systemClock.now() - from;
  }

  /** Everything the hosts did that no controller would have let pass. */
  violations(): string[] {
    return this.nodes.flatMap(({ controller }) => controller.violations.map((what) => `${controller.name}: ${what}`));
  }

  #reach(): void {
    const indexOf = new Map<Station, number>(this.nodes.map(({ controller, index }) => [controller, index]));
    this.air.setReach((a, b) => this.hears(indexOf.get(a) ?? -1, indexOf.get(b) ?? -1));
  }
}
