import type { MeshTiming } from '../dist/mesh/types.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import type { BleSettings } from '../dist/radios/ble/settings.js';
import { systemClock } from '../dist/system/system-clock.js';
import { Air, type AirOptions } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import type { ControllerQuirks } from './emulation/controller-quirks.js';
import { EmulatedPort } from './emulation/port.js';
import type { Station } from './emulation/types.js';
import { MeshNode, TAG_KEY } from './mesh-node.js';
import { until } from './wait.js';

/** All in reach of their neighbours in it, of everybody, or those of each pair, like `0-1`. */
export type Shape = 'line' | 'ring' | 'full' | readonly string[];

export interface FieldOptions extends AirOptions {
  readonly size: number;
  readonly shape?: Shape;
  readonly settings?: Partial<BleSettings>;
  readonly timing?: Partial<MeshTiming>;
  readonly quirks?: (index: number) => Partial<ControllerQuirks>;
  readonly maxLinks?: number;
}

const FLOOD_MS = 10_000;

interface Hardware {
  readonly controller: EmulatedController;
  port: EmulatedPort | undefined;
}

/** A device on the emulated air: controller, the shipped radio, the shipped engine and runner. */
export class FieldNode extends MeshNode {
  readonly index: number;
  readonly #hardware: Hardware;

  constructor(air: Air, index: number, options: FieldOptions) {
    const quirks = options.quirks?.(index);
    const name = `n${index}`;
    const controller = new EmulatedController(air, {
      name,
      ...(quirks && { quirks }),
      ...(options.maxLinks !== undefined && { maxLinks: options.maxLinks }),
    });
    const hardware: Hardware = { controller, port: undefined };
    super({
      name,
      ...(options.timing && { timing: options.timing }),
      radio: (id, log) =>
        createBleRadio({
          identity: { key: TAG_KEY, id },
          settings: { maxOut: 8, maxIn: 8, maxLinks: 8, ...options.settings },
          ...{ log, clock: systemClock },
          port: () => {
            hardware.port = new EmulatedPort(controller);
            return hardware.port;
          },
        }),
    });
    this.index = index;
    this.#hardware = hardware;
  }

  get controller(): EmulatedController {
    return this.#hardware.controller;
  }

  get port(): EmulatedPort | undefined {
    return this.#hardware.port;
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

  /** Whether everybody can act on what everybody says. */
  isAcquainted(): boolean {
    return this.nodes.every((node) => this.nodes.every((other) => other === node || node.knows(other)));
  }

  /** Floods one after the other from every node in turn; how many reached all others, once. */
  async floods(count: number, bytes: number): Promise<number> {
    let complete = 0;
    for (let i = 0; i < count; i++) {
      const from = this.node(i % this.nodes.length);
      const id = from.flood(bytes);
      const others = this.nodes.filter((node) => node !== from);
      await this.until(`flood ${i} everywhere`, () => others.every(({ delivered }) => delivered.has(id)), FLOOD_MS);
      if (others.every(({ delivered }) => delivered.get(id) === 1)) complete++;
    }
    return complete;
  }

  hears(a: number, b: number): boolean {
    if (a === b || this.#gone.has(a) || this.#gone.has(b)) return false;
    const low = Math.min(a, b);
    const high = Math.max(a, b);
    if (this.#cuts.has(`${low}-${high}`)) return false;
    if (typeof this.#shape !== 'string') return this.#shape.includes(`${low}-${high}`);
    if (this.#shape === 'full' || high - low === 1) return true;
    return this.#shape === 'ring' && low === 0 && high === this.#size - 1;
  }

  /** Milliseconds until it was so. Throws after `limitMs`. */
  until(what: string, isSo: () => boolean, limitMs: number): Promise<number> {
    return until(what, isSo, limitMs);
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
