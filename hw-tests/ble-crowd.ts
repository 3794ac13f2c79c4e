import type { Clock } from '../dist/ports/clock.js';
import type { Log } from '../dist/ports/log.js';
import type { Radio } from '../dist/ports/radio.js';
import type { Random } from '../dist/ports/random.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { SLOT_MS } from '../dist/radios/ble/tokens.js';
import { SimClock } from '../dist/sim/sim-clock.js';
import { systemClock } from '../dist/system/system-clock.js';
import { seededRandom, silentLog } from '../dist/testing/radio-world.js';
import { Air } from './emulation/air.js';
import { airTimeOf } from './emulation/air-time.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';
import type { Station } from './emulation/types.js';

export const SIZE = 50;
export const MAX_LINKS = 4;
const HEARS_LEAST = 3;
const HEARS_MOST = 8;
/** Each hears the nearest so many, and whoever hears it. */
const NEAREST = 4;
/** Names and addresses of all change this long after the start: in the middle of a run. */
/** Events of one moment that happen before what was promised is done. */
const DUE_TOGETHER = 16;
const TURN_AT_MS = 3 * 60_000;

export interface CrowdOptions {
  readonly seed: number;
  /** Virtual: minutes pass in seconds, and the same seed gives the same run. */
  readonly time: 'virtual' | 'real';
  /** 0: links carry at once, adverts come every 200 ms. 1: all at the intervals the radios ask for. */
  readonly timeScale: 0 | 1;
}

export interface Member {
  readonly controller: EmulatedController;
  /** The last is in use. */
  readonly ports: EmulatedPort[];
  radio: Radio;
  x: number;
  y: number;
  downs: Map<string, number>;
}

/** Radios alone, without the engine: what is in question is whom they link to. */
export class Crowd {
  readonly air: Air;
  readonly members: Member[] = [];
  readonly clock: Clock;
  readonly #sim: SimClock | undefined;
  readonly #random: Random;
  readonly #alive = setInterval(() => {}, 1_000);
  #ears = new Map<Station, Set<Station>>();

  constructor({ seed, time, timeScale }: CrowdOptions) {
    this.#random = seededRandom(seed);
    this.#sim = time === 'virtual' ? new SimClock() : undefined;
    const clock = this.#sim ?? systemClock;
    const ahead = SLOT_MS - (clock.wall() % SLOT_MS) - TURN_AT_MS;
    this.clock = {
      now: () => clock.now(),
      wall: () => clock.wall() + ahead,
      timer: (name, delayMs, fn) => clock.timer(name, delayMs, fn),
    };
    this.air = new Air({
      timeScale,
      advertMs: 200,
      ...(this.#sim && { time: airTimeOf(this.#sim) }),
      ...(timeScale === 1 && { random: this.#random.fork('air') }),
    });
    for (let i = 0; i < SIZE; i++) {
      const controller = new EmulatedController(this.air, { name: `n${i}`, maxLinks: MAX_LINKS });
      const ports: EmulatedPort[] = [];
      const radio = this.#radio(controller, ports);
      this.members.push({ controller, ports, radio, downs: new Map(), x: 0, y: 0 });
    }
    do for (const member of this.members) Object.assign(member, this.#place());
    while (!this.#listen());
  }

  get now(): number {
    return this.clock.now();
  }

  async open(): Promise<void> {
    await this.finish(Promise.all(this.members.map((member) => this.#open(member))));
  }

  async close(): Promise<void> {
    await this.finish(Promise.all(this.members.map(({ radio }) => radio.close())));
    this.air.close();
    clearInterval(this.#alive);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    if (this.#sim === undefined) return new Promise((resolve) => setTimeout(resolve, ms));
    const until = this.#sim.now() + ms;
    while (this.#sim.step(until)) {
      // What is due at the same moment happens in one turn, as in a busy process.
      for (let i = 0; i < DUE_TOGETHER && this.#sim.next() === this.#sim.now(); i++) this.#sim.step(until);
      await turn();
    }
  }

  /** Lets time pass until the work is done. */
  async finish(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const over = work.finally(() => {
      isDone = true;
    });
    over.catch(() => {});
    while (!isDone) {
      await turn();
      await this.pass(1);
    }
    await over;
  }

  any(): Member {
    return this.members[this.#random.below(SIZE)] as Member;
  }

  /** One goes elsewhere, within what the field allows. */
  move(member: Member): void {
    const before = { x: member.x, y: member.y };
    for (let tries = 0; tries < 200; tries++) {
      Object.assign(member, this.#place());
      if (this.#listen()) return;
    }
    Object.assign(member, before);
    this.#listen();
  }

  /** It says goodbye, and comes back with nothing remembered. */
  async restart(member: Member): Promise<void> {
    await this.finish(member.radio.close());
    member.radio = this.#radio(member.controller, member.ports);
    await this.finish(this.#open(member));
  }

  /** Its controller loses power for a moment: neighbours find out by themselves. */
  crash(member: Member): void {
    member.ports.at(-1)?.unplug();
  }

  /** Nodes in the largest part that links connect. */
  reached(): number {
    return Math.max(...this.parts().map((part) => part.length));
  }

  /** Who is connected with whom, over any number of links. */
  parts(): EmulatedController[][] {
    const neighbours = new Map<Station, Station[]>();
    const join = (a: Station, b: Station): void => void neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    for (const { central, peripheral } of this.air.links) {
      if (!this.air.hears(central.controller, peripheral.controller)) continue;
      join(central.controller, peripheral.controller);
      join(peripheral.controller, central.controller);
    }
    const parts: EmulatedController[][] = [];
    const seen = new Set<Station>();
    for (const { controller } of this.members) {
      if (seen.has(controller)) continue;
      const part = new Set<Station>([controller]);
      for (const at of part) for (const next of neighbours.get(at) ?? []) part.add(next);
      for (const at of part) seen.add(at);
      parts.push([...part] as EmulatedController[]);
    }
    return parts;
  }

  hears(controller: Station): ReadonlySet<Station> {
    return this.#ears.get(controller) ?? new Set();
  }

  async untilConnected(limitMs: number): Promise<number> {
    const from = this.now;
    while (this.reached() < SIZE) {
      if (this.now - from > limitMs) throw new Error(`${this.reached()} of ${SIZE} after ${limitMs} ms`);
      await this.pass(20);
    }
    return this.now - from;
  }

  #place(): { x: number; y: number } {
    return { x: this.#random.below(1_000), y: this.#random.below(1_000) };
  }

  #radio(controller: EmulatedController, ports: EmulatedPort[]): Radio {
    const random = this.#random.fork(`${controller.name} at ${this.clock.now()}`);
    return createBleRadio({
      identity: { key: new Uint8Array(16), id: controller.name },
      settings: { maxOut: MAX_LINKS, maxIn: MAX_LINKS, maxLinks: MAX_LINKS },
      log: process.env['BLE_LOG'] === undefined ? silentLog() : logOf(controller.name, this.clock),
      clock: this.clock,
      random: (count) => random.bytes(count),
      port: () => {
        const port = new EmulatedPort(controller);
        ports.push(port);
        return port;
      },
    });
  }

  #open(member: Member): Promise<void> {
    return member.radio.open({
      heard: () => {},
      linkUp: () => {},
      linkDown: (_address, reason) => void member.downs.set(reason, (member.downs.get(reason) ?? 0) + 1),
      condition: () => {},
    });
  }

  /** Who hears whom from where they are now; false when the field is not as asked: 3 to 8 each, all in one piece. */
  #listen(): boolean {
    const ears = new Map<Station, Set<Station>>(this.members.map(({ controller }) => [controller, new Set<Station>()]));
    for (const member of this.members) {
      const near = [...this.members]
        .filter((other) => other !== member)
        .sort((a, b) => distance(member, a) - distance(member, b));
      for (const { controller } of near.slice(0, NEAREST)) {
        ears.get(member.controller)?.add(controller);
        ears.get(controller)?.add(member.controller);
      }
    }
    const counts = [...ears.values()].map(({ size }) => size);
    if (counts.some((count) => count < HEARS_LEAST || count > HEARS_MOST) || !isOnePiece(ears)) return false;
    this.#ears = ears;
    this.air.setReach((a, b) => this.#ears.get(a)?.has(b) ?? false);
    return true;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const distance = (a: Member, b: Member): number => (a.x - b.x) ** 2 + (a.y - b.y) ** 2;

function isOnePiece(ears: ReadonlyMap<Station, ReadonlySet<Station>>): boolean {
  const seen = new Set<Station>([...ears.keys()].slice(0, 1));
  for (const at of seen) for (const next of ears.get(at) ?? []) seen.add(next);
  return seen.size === ears.size;
}

function logOf(name: string, clock: Clock): Log {
  const note = (level: string) => (message: string, fields?: object) =>
    void process.stderr.write(
      `${Math.round(clock.now())} ${name} ${level} ${message} ${JSON.stringify(fields ?? {})}\n`,
    );
  const log: Log = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => log,
  };
  return log;
}
