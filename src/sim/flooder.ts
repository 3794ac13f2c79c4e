import type { Timer } from '../ports/clock.js';
import type { LinkAddress } from '../ports/radio.js';
import { saltHintOf } from '../trust/identity.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import type { SimNode } from './sim-node.js';
import type { World } from './world.js';

export interface FloodPlan {
  /** Whose identity and radios it uses. */
  readonly node: number;
  readonly perSecond: number;
  readonly bytes: number;
  readonly priority?: Priority;
}

const TTL = 48;

/** A member that floods: new messages with good tags, straight into its radios at the rate asked for, past its own engine's limits. */
export class Flooder {
  readonly #world: World;
  readonly #plan: FloodPlan;
  #timer: Timer | undefined;
  /** Frames its radios took. */
  sent = 0;

  /** What it says is no message of the scenario: checkers let it pass. */
  constructor(world: World, plan: FloodPlan) {
    this.#world = world;
    this.#plan = plan;
    world.hostile.add(plan.node);
  }

  start(): void {
    this.#timer = this.#world.clock.timer('flooder', 1_000 / this.#plan.perSecond, () => {
      this.#flood();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #flood(): void {
    const { node: index, bytes, priority = Priority.Medium } = this.#plan;
    const node = this.#world.node(index);
    if (!node.running) return;
    const header = {
      ...{ version: 1, type: FrameType.Message, flags: 0, priority, ttl: TTL, hops: 0, epoch: 0, source: node.id },
      ...{ saltHint: saltHintOf(node.mesh.context.self.boot.salt), sequence: node.mesh.reserve().sequence },
    };
    const frame = buildFrame(header, new Uint8Array(bytes).fill(0x20), this.#world.tagKey);
    node.radios.forEach((radio, i) => {
      for (const to of waysOut(node, i)) if (radio.send(frame, to) === 'queued') this.sent++;
    });
  }
}

/** Once for everybody where the radio can, else once for each neighbour. */
function waysOut(node: SimNode, radio: number): (LinkAddress | undefined)[] {
  if (node.radios[radio]?.traits.broadcast) return [undefined];
  const links = [...node.mesh.links.all()].filter(({ carrier, phase }) => carrier.index === radio && phase === 'up');
  return links.map(({ address }) => address);
}
