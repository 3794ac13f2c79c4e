import { airtimeMs } from '../../mesh/carrier.js';
import type { MessageOutcome } from '../../mesh/types.js';
import { Priority } from '../../wire/frame-types.js';
import { Arrivals } from '../arrivals.js';
import { FRAME_CLASSES, type FrameClass, frameClass } from '../frame-class.js';
import type { ObservedNode, Observer, SentMessage, Transmission } from '../observer.js';
import { median, percentile } from '../suite/statistics.js';
import type { World } from '../world.js';
import { type SegmentFigures, segmentFigures } from './segment-figures.js';

/** Moments of a run that a picture shows. */
const BUCKETS = 60;

export interface Delays {
  readonly count: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

/** Of the messages that were to be kept where the way was cut, those that nobody kept included. */
interface KeptFigures {
  readonly sent: number;
  /** By the end of the run. */
  readonly arrived: number;
  /** Of those that arrived: from the sending on. */
  readonly medianMs?: number;
}

interface RadioLoad {
  readonly frames: number;
  readonly bytes: number;
  readonly airtimeMs: number;
}

/** What happened over time: one entry for each of so many equal parts of the run. */
export interface Series {
  readonly bucketMs: number;
  /** Deliveries that could be, by when their message was sent, and those that were. */
  readonly due: readonly number[];
  readonly delivered: readonly number[];
  readonly up: readonly number[];
  readonly bytes: Readonly<Record<FrameClass, readonly number[]>>;
  readonly airtimeMs: Readonly<Record<FrameClass, readonly number[]>>;
}

export interface RunFigures {
  readonly broadcasts: number;
  readonly directed: number;
  /** Deliveries that could be: nodes up and in the sender's component when it was sent. */
  readonly due: number;
  readonly delivered: number;
  /** Of messages to be acknowledged that were, or whose ends could reach each other until their time was over. */
  readonly acknowledged: { readonly asked: number; readonly done: number };
  /** Absent where none were sent. */
  readonly kept?: KeptFigures;
  readonly delays?: Delays;
  readonly alertDelays?: Delays;
  /** Sorted, ms; a sample of at most so many that a picture can show. */
  readonly delaySample: readonly number[];
  readonly loads: readonly RadioLoad[];
  readonly bytesPerNodeMinute: number;
  /** As they stand at the end. */
  readonly segments: SegmentFigures;
  readonly series: Series;
}

const SAMPLE_MAX = 2_000;

function delaysOf(values: readonly number[]): Delays | undefined {
  if (values.length === 0) return undefined;
  const at = (share: number): number => percentile(values, share);
  return { count: values.length, medianMs: median(values), p95Ms: at(0.95), p99Ms: at(0.99), mostMs: at(1) };
}

/** Every so-many-th of the sorted values. */
function sampleOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const step = Math.max(1, Math.ceil(sorted.length / SAMPLE_MAX));
  return sorted.filter((_, i) => i % step === 0);
}

const perClass = (): Record<FrameClass, number[]> =>
  Object.fromEntries(FRAME_CLASSES.map((name) => [name, new Array<number>(BUCKETS).fill(0)])) as Record<
    FrameClass,
    number[]
  >;

/** Keeps what a report tells of a run. */
export class Recorder implements Observer {
  readonly #world: World;
  readonly #bucketMs: number;
  readonly #arrivals = new Arrivals();
  readonly #bytes = perClass();
  readonly #airtime = perClass();
  readonly #up = new Array<number>(BUCKETS).fill(0);
  readonly #loads: { frames: number; bytes: number; airtimeMs: number }[];
  readonly #done = new Set<string>();
  #nodeMs = 0;
  #sampledAt = 0;

  constructor(world: World, totalMs: number) {
    this.#world = world;
    this.#bucketMs = totalMs / BUCKETS;
    this.#loads = world.carriers.map(() => ({ frames: 0, bytes: 0, airtimeMs: 0 }));
  }

  sent(message: SentMessage): void {
    this.#arrivals.sent(message);
  }

  delivered(...heard: Parameters<Arrivals['delivered']>): void {
    this.#arrivals.delivered(...heard);
  }

  outcome(_node: ObservedNode, id: string, outcome: MessageOutcome): void {
    if (outcome === 'delivered') this.#done.add(id);
  }

  transmitted(node: ObservedNode, { radio, frame }: Transmission, now: number): void {
    const load = this.#loads[radio];
    const traits = node.mesh.context.carriers.get(radio)?.traits;
    if (!load || !traits) return;
    const took = airtimeMs(traits, frame.length);
    load.frames++;
    load.bytes += frame.length;
    load.airtimeMs += took;
    const [name, bucket] = [frameClass(frame), this.#bucketOf(now)];
    this.#add(this.#bytes[name], bucket, frame.length);
    this.#add(this.#airtime[name], bucket, took);
  }

  sampled(now: number): void {
    const up = this.#world.running().length;
    this.#up[this.#bucketOf(now)] = up;
    this.#nodeMs += up * (now - this.#sampledAt);
    this.#sampledAt = now;
  }

  figures(): RunFigures {
    const messages = this.#arrivals.messages().filter(({ from }) => !this.#world.hostile.has(from));
    const series = { due: new Array<number>(BUCKETS).fill(0), delivered: new Array<number>(BUCKETS).fill(0) };
    const [all, alerts]: [number[], number[]] = [[], []];
    let [due, delivered] = [0, 0];
    for (const message of messages) {
      const nodes = this.#dueAt(message);
      const came = this.#arrivals.of(message.id).filter(({ node }) => nodes.has(node));
      const bucket = this.#bucketOf(message.at);
      due += nodes.size;
      delivered += came.length;
      this.#add(series.due, bucket, nodes.size);
      this.#add(series.delivered, bucket, came.length);
      for (const { ms } of came) (message.priority === Priority.Critical ? alerts : all).push(ms);
    }
    const asked = messages.filter(
      (message) => message.ack && (this.#done.has(message.id) || this.#couldAnswer(message)),
    );
    const kept = this.#kept(messages);
    const delays = delaysOf([...all, ...alerts]);
    const alertDelays = delaysOf(alerts);
    const bytes = this.#loads.reduce((sum, load) => sum + load.bytes, 0);
    return {
      broadcasts: messages.filter(({ to }) => to === undefined).length,
      directed: messages.filter(({ to }) => to !== undefined).length,
      due,
      delivered,
      acknowledged: { asked: asked.length, done: asked.filter(({ id }) => this.#done.has(id)).length },
      ...(kept && { kept }),
      ...(delays && { delays }),
      ...(alertDelays && { alertDelays }),
      delaySample: sampleOf([...all, ...alerts]),
      loads: this.#loads,
      bytesPerNodeMinute: this.#nodeMs === 0 ? 0 : bytes / (this.#nodeMs / 60_000),
      segments: segmentFigures(this.#world),
      series: { bucketMs: this.#bucketMs, ...series, up: this.#up, bytes: this.#bytes, airtimeMs: this.#airtime },
    };
  }

  #kept(messages: readonly SentMessage[]): KeptFigures | undefined {
    const kept = messages.filter(({ keep }) => keep);
    if (kept.length === 0) return undefined;
    const took = kept
      .flatMap(({ id, to }) => this.#arrivals.of(id).filter(({ node }) => node === to))
      .map(({ ms }) => ms);
    return { sent: kept.length, arrived: took.length, ...(took.length > 0 && { medianMs: median(took) }) };
  }

  /** Nodes a message could reach: up and in the sender's component when it was sent. */
  #dueAt({ from, to, at }: SentMessage): Set<number> {
    const component = this.#world.ground.componentsAt(at);
    const due = new Set<number>();
    if (component[from] === undefined || component[from] === -1) return due;
    const meant = to === undefined ? component.keys() : [to].values();
    for (const node of meant) if (node !== from && component[node] === component[from]) due.add(node);
    return due;
  }

  /** Both ends ran, and could reach each other, until its time was over. */
  #couldAnswer({ from, to, at, timeoutMs }: SentMessage): boolean {
    return to !== undefined && this.#world.ground.together(from, to, at, at + timeoutMs);
  }

  #bucketOf(at: number): number {
    return Math.min(BUCKETS - 1, Math.floor(at / this.#bucketMs));
  }

  #add(values: number[], bucket: number, amount: number): void {
    values[bucket] = (values[bucket] as number) + amount;
  }
}
