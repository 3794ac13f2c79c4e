import test from 'ava';
import type { LinkAddress, Radio } from '../dist/ports/radio.js';
import { createBleRadio } from '../dist/radios/ble/ble-radio.js';
import { systemClock } from '../dist/system/system-clock.js';
import { seededRandom, silentLog } from '../dist/testing/radio-world.js';
import { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';
import { EmulatedPort } from './emulation/port.js';
import type { Station } from './emulation/types.js';

const SIZE = 50;
const MAX_LINKS = 4;
const HEARS_LEAST = 3;
const HEARS_MOST = 8;
/** Each hears the nearest so many, and whoever hears it. */
const NEAREST = 4;

interface Member {
  readonly controller: EmulatedController;
  readonly links: Map<LinkAddress, EmulatedController>;
  radio: Radio;
  x: number;
  y: number;
}

/** Radios alone, without the engine: what is in question is whom they link to. */
class Crowd {
  readonly air = new Air({ advertMs: 200 });
  readonly members: Member[] = [];
  readonly #random;
  readonly #alive = setInterval(() => {}, 1_000);
  #ears = new Map<Station, Set<Station>>();

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    for (let i = 0; i < SIZE; i++) {
      const controller = new EmulatedController(this.air, { name: `n${i}`, maxLinks: MAX_LINKS });
      this.members.push({ controller, links: new Map(), radio: this.#radio(controller), ...this.#place() });
    }
    do for (const member of this.members) Object.assign(member, this.#place());
    while (!this.#listen());
  }

  async open(): Promise<void> {
    await Promise.all(this.members.map((member) => this.#open(member)));
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ radio }) => radio.close()));
    this.air.close();
    clearInterval(this.#alive);
  }

  /** One goes elsewhere, within what the field allows. */
  move(): void {
    const member = this.#any();
    const before = { x: member.x, y: member.y };
    for (let tries = 0; tries < 200; tries++) {
      Object.assign(member, this.#place());
      if (this.#listen()) return;
    }
    Object.assign(member, before);
    this.#listen();
  }

  async restart(): Promise<void> {
    const member = this.#any();
    await member.radio.close();
    member.links.clear();
    member.radio = this.#radio(member.controller);
    await this.#open(member);
  }

  /** Nodes that the first one reaches over links. */
  reached(): number {
    const neighbours = new Map<Station, Set<Station>>();
    for (const { central, peripheral } of this.air.links) {
      for (const [a, b] of [
        [central.controller, peripheral.controller],
        [peripheral.controller, central.controller],
      ] as const) {
        if (!neighbours.has(a)) neighbours.set(a, new Set());
        neighbours.get(a)?.add(b);
      }
    }
    const first = this.members[0]?.controller as Station;
    const seen = new Set<Station>([first]);
    for (const at of seen) for (const next of neighbours.get(at) ?? []) seen.add(next);
    return seen.size;
  }

  async untilConnected(limitMs: number): Promise<number> {
    const from = systemClock.now();
    while (this.reached() < SIZE) {
      if (systemClock.now() - from > limitMs) throw new Error(`${this.reached()} of ${SIZE} after ${limitMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return systemClock.now() - from;
  }

  #any(): Member {
    return this.members[this.#random.below(SIZE)] as Member;
  }

  #place(): { x: number; y: number } {
    return { x: this.#random.below(1_000), y: this.#random.below(1_000) };
  }

  #radio(controller: EmulatedController): Radio {
    return createBleRadio({
      identity: { key: new Uint8Array(16), id: controller.name },
      settings: { maxOut: MAX_LINKS, maxIn: MAX_LINKS, maxLinks: MAX_LINKS },
      log: silentLog(),
      clock: systemClock,
      port: () => new EmulatedPort(controller),
    });
  }

  #open({ radio }: Member): Promise<void> {
    return radio.open({ heard: () => {}, linkUp: () => {}, linkDown: () => {}, condition: () => {} });
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

const distance = (a: Member, b: Member): number => (a.x - b.x) ** 2 + (a.y - b.y) ** 2;

function isOnePiece(ears: ReadonlyMap<Station, ReadonlySet<Station>>): boolean {
  const seen = new Set<Station>([...ears.keys()].slice(0, 1));
  for (const at of seen) for (const next of ears.get(at) ?? []) seen.add(next);
  return seen.size === ears.size;
}

for (const seed of [7, 8, 9]) {
  test.serial(
    `fifty nodes that hear 3 to 8 others, with 4 links each at most, end connected and come back after every change: field ${seed}`,
    async (t) => {
      t.timeout(170_000);
      const crowd = new Crowd(seed);
      try {
        await crowd.open();
        t.log(`connected after ${Math.round(await crowd.untilConnected(60_000))} ms`);
        const waits: number[] = [];
        for (let i = 0; i < 10; i++) {
          if (i % 2 === 0) crowd.move();
          else await crowd.restart();
          // Links that nobody hears any more die in the next turns.
          await new Promise((resolve) => setTimeout(resolve, 50));
          waits.push(await crowd.untilConnected(40_000));
        }
        t.log(`after a change: ${waits.map(Math.round).join(', ')} ms`);
        t.true(crowd.members.every(({ controller }) => controller.linkCount <= MAX_LINKS));
        t.deepEqual(
          crowd.members.flatMap(({ controller }) => controller.violations),
          [],
        );
      } finally {
        await crowd.close();
      }
    },
  );
}
