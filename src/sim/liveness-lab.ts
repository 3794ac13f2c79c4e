import type { NodeId } from '../core/ids.js';
import { type Carrier, makeCarrier } from '../mesh/carrier.js';
import { Counters } from '../mesh/counters.js';
import { type Link, Links } from '../mesh/links.js';
import { Liveness } from '../mesh/liveness.js';
import { Pulse } from '../mesh/pulse.js';
import type { MeshContext, MeshTiming } from '../mesh/types.js';
import type { Timer } from '../ports/clock.js';
import type { RadioTraits } from '../ports/radio.js';
import type { Random } from '../ports/random.js';
import { MEMORY_TRAITS } from '../radios/memory/air.js';
import { seededRandom } from '../system/seeded-random.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { type Header, readHeader } from '../wire/header.js';
import { fastCrypto } from './fast-crypto.js';
import { SimClock } from './sim-clock.js';

const TIMING: MeshTiming = { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 86_400_000 };
const DELAY_MIN_MS = 1;
const DELAY_MAX_MS = 4;
/** What is acknowledged per hop goes again so often. */
const RESEND_MS = 50;

export interface LabOptions {
  readonly seed: number | string;
  /** All neighbours of each other. */
  readonly nodes: number;
  readonly traits: Partial<RadioTraits>;
  readonly loss: number;
  /** Each node stands still about so often, for up to so long. */
  readonly stallEveryMs: number;
  readonly stallMs: number;
}

interface LabFindings {
  /** Who called whom dead although it was not, when, and why. */
  readonly falseAlarms: readonly string[];
  readonly suspected: number;
  readonly stalls: number;
  readonly frames: number;
}

interface Arrival {
  readonly from: number;
  readonly header: Header;
  readonly payload: Uint8Array;
}

/** One node of the lab: the shipped liveness with nothing around it. */
interface LabNode {
  readonly index: number;
  readonly context: MeshContext;
  readonly links: Links;
  readonly byPeer: Map<number, Link>;
  liveness: Liveness;
  timer: Timer | undefined;
  timerAt: number;
  /** What came while it stood still; `undefined` while it does not. */
  inbox: Arrival[] | undefined;
}

const idOf = (index: number): NodeId => (index + 1).toString(16).padStart(16, '0') as NodeId;

/**
 * Liveness alone in virtual time: no cryptography, no records, no routes, so that weeks cost seconds. Everything it
 * finds is a false alarm, for nobody dies here.
 */
export class LivenessLab {
  readonly #options: LabOptions;
  readonly #clock = new SimClock();
  readonly #random: Random;
  readonly #nodes: readonly LabNode[];
  readonly #falseAlarms: string[] = [];
  #stalls = 0;
  #frames = 0;

  constructor(options: LabOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#nodes = Array.from({ length: options.nodes }, (_, index) => this.#makeNode(index));
    for (const node of this.#nodes) {
      for (const link of node.links.all()) node.liveness.open(link, this.#now());
      this.#schedule(node);
      this.#stallLater(node);
    }
  }

  run(ms: number): LabFindings {
    this.#clock.advance(ms);
    const suspected = this.#nodes.reduce((sum, { context }) => sum + context.counters.liveness.suspected, 0);
    return { falseAlarms: this.#falseAlarms, suspected, stalls: this.#stalls, frames: this.#frames };
  }

  #now() {
    return { mono: this.#clock.now(), wall: this.#clock.wall() };
  }

  #makeNode(index: number): LabNode {
    const { traits, nodes } = this.#options;
    const carrier: Carrier = makeCarrier(0, 'lab', { ...MEMORY_TRAITS, ...traits });
    const random = this.#random.fork(`node ${index}`);
    const crypto = fastCrypto(random.fork('crypto'));
    const keys = crypto.keyPairOf(random.bytes(32));
    const links = new Links();
    const byPeer = new Map<number, Link>();
    for (let peer = 0; peer < nodes; peer++) {
      if (peer === index) continue;
      const link = links.add(carrier, `${peer}`, carrier.traits.mtuBytes, this.#now()) as Link;
      link.peer = idOf(peer);
      links.markUp(link);
      byPeer.set(peer, link);
    }
    const counters = new Counters();
    const context: MeshContext = {
      self: { id: idOf(index), keys, boot: { salt: new Uint8Array(16), counter: 1 } },
      crypto,
      random,
      tagKey: new Uint8Array(16),
      counters,
      pulse: new Pulse(counters, true),
      carriers: new Map([[0, carrier]]),
      timing: TIMING,
      emit: (effect) => {
        if (effect.kind !== 'transmit') return;
        const arrival = { from: index, header: readHeader(effect.frame), payload: payloadOf(effect.frame) };
        for (const peer of byPeer.keys()) this.#send(peer, arrival, false);
      },
    };
    let sequence = 0;
    const liveness = new Liveness(
      context,
      links,
      { sendUnacknowledged: (link, what) => this.#send(Number(link.address), { from: index, ...what }, false) },
      {
        nextSequence: () => ++sequence,
        segment: () => undefined,
        segmentOf: () => undefined,
        ownDigest: () => 1,
        digest: () => {},
        topology: {
          adjacent: (a, b) => a !== b,
          edgesOf: (node) =>
            new Map([...byPeer.keys(), index].map(idOf).flatMap((id) => (id === node ? [] : [[id, 1]]))),
        },
        send: (peer, type, payload) => {
          const header = { ...readOf(context, type), sequence: ++sequence };
          this.#send(Number.parseInt(peer, 16) - 1, { from: index, header, payload }, true);
        },
        dead: (link, reason) => {
          this.#falseAlarms.push(`${index} on ${link.address} at ${Math.round(this.#clock.now())} ms: ${reason}`);
          liveness.close(link);
          liveness.open(link, this.#now());
        },
      },
    );
    return { index, context, links, byPeer, liveness, timer: undefined, timerAt: Infinity, inbox: undefined };
  }

  #send(to: number, arrival: Arrival, reliable: boolean): void {
    this.#frames++;
    const lost = this.#random.below(10_000) < this.#options.loss * 10_000;
    const delayMs = DELAY_MIN_MS + this.#random.below(1_000 * (DELAY_MAX_MS - DELAY_MIN_MS)) / 1_000;
    if (lost && !reliable) return;
    if (lost) this.#clock.timer('resend', RESEND_MS, () => this.#send(to, arrival, true));
    else this.#clock.timer('frame', delayMs, () => this.#arrive(this.#nodes[to] as LabNode, arrival));
  }

  #arrive(node: LabNode, arrival: Arrival): void {
    if (node.inbox) {
      node.inbox.push(arrival);
      return;
    }
    this.#take(node, arrival);
    node.liveness.tick(this.#now());
    this.#schedule(node);
  }

  #take({ liveness, byPeer }: LabNode, { from, header, payload }: Arrival): void {
    const link = byPeer.get(from) as Link;
    if (header.type === FrameType.Heartbeat) return liveness.heard(link, header, payload, this.#now());
    liveness.alive(link, this.#now());
    if (header.type === FrameType.Suspicion) liveness.told(link, payload, this.#now());
  }

  #schedule(node: LabNode): void {
    const at = node.liveness.nextDeadline();
    if (at === undefined || (node.timer && node.timerAt <= at)) return;
    node.timer?.cancel();
    node.timerAt = at;
    node.timer = this.#clock.timer('engine', Math.max(1, at - this.#clock.now()), () => {
      node.timer = undefined;
      node.timerAt = Number.POSITIVE_INFINITY;
      if (node.inbox) return;
      node.liveness.tick(this.#now());
      this.#schedule(node);
    });
  }

  #stallLater(node: LabNode): void {
    const { stallEveryMs, stallMs } = this.#options;
    if (stallMs === 0) return;
    this.#clock.timer('stall', this.#random.below(2 * stallEveryMs), () => {
      this.#stalls++;
      node.inbox = [];
      this.#clock.timer('wake', this.#random.below(stallMs + 1), () => this.#wake(node));
    });
  }

  /** As in a process: timers first, then what its sockets hold. */
  #wake(node: LabNode): void {
    const waiting = node.inbox ?? [];
    node.inbox = undefined;
    node.liveness.tick(this.#now());
    for (const arrival of waiting) this.#take(node, arrival);
    node.liveness.tick(this.#now());
    this.#schedule(node);
    this.#stallLater(node);
  }
}

const readOf = ({ self }: MeshContext, type: FrameType): Header => ({
  version: 1,
  type,
  flags: 0,
  priority: 1,
  ttl: 0,
  hops: 0,
  epoch: 0,
  source: self.id,
  saltHint: 0,
  sequence: 0,
});
