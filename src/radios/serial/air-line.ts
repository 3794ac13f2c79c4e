import type { HeardFrame, LinkAddress, RadioProbe, RadioTraits, SendResult } from '../../ports/radio.js';
import { AirStation, airTraits, TURN_BYTES, TURNS_MAX } from './air.js';
import { Deframer } from './deframer.js';
import { AIR_MTU_BYTES, AIR_QUEUE_MS, MAX_NEIGHBOURS, STRANGER_BYTES } from './limits.js';
import { bytesPerSecond, type Line, type LineSetup, queueBytes } from './line.js';
import { AIR_HEADER_BYTES, BodyType, readAir } from './messages.js';
import { Outlet } from './outlet.js';
import { answer, Silence, silence } from './standing.js';

/** Of `TURNS_MAX`, the least that anybody waits. */
const LEAST_TURNS = 0.5;

/** A transparent radio module, or a line that several nodes share: slow, lossy, one speaks at a time, no sessions. */
export class AirLine implements Line {
  readonly traits: RadioTraits;
  readonly #setup: LineSetup;
  readonly #station: AirStation;
  readonly #deframer = new Deframer(AIR_HEADER_BYTES + AIR_MTU_BYTES);
  readonly #outlet: Outlet;
  readonly #turnMs: number;
  readonly #neighbours = new Set<LinkAddress>();
  #silence: string = Silence.NobodyHeard;
  #damaged = 0;

  constructor(setup: LineSetup, airBitsPerSecond: number) {
    const { port, clock, baud, tally } = setup;
    this.#setup = setup;
    this.#station = new AirStation(setup.airAddress);
    const slowest = Math.min(baud, airBitsPerSecond);
    this.traits = airTraits(slowest, AIR_MTU_BYTES);
    const perSecond = bytesPerSecond(slowest);
    this.#turnMs = (TURN_BYTES * 1_000) / perSecond;
    this.#outlet = new Outlet({
      clock,
      bytesPerSecond: perSecond,
      maxQueuedBytes: queueBytes(perSecond, AIR_QUEUE_MS, AIR_MTU_BYTES),
      write: (bytes) => port.write(bytes),
      wrap: (packet) => packet,
      sent: (packet) => {
        tally.framesOut += 1;
        tally.bytesOut += packet.length - AIR_HEADER_BYTES;
      },
    });
  }

  get standing(): RadioProbe {
    if (this.answered) return answer(`${this.#neighbours.size} in earshot`);
    return silence(this.#strange ? Silence.Stranger : this.#silence);
  }

  get answered(): boolean {
    return this.#neighbours.size > 0;
  }

  get #strange(): boolean {
    return !this.answered && this.#deframer.noiseBytes > STRANGER_BYTES;
  }

  start(): void {
    const { port, events } = this.#setup;
    port.listen({
      data: (chunk) => this.#hear(chunk),
      lost: (error) => {
        this.#outlet.finish(undefined);
        events.lost(error);
      },
    });
  }

  send(frame: Uint8Array, to: LinkAddress | undefined): SendResult {
    const fits = frame.length > 0 && frame.length <= this.traits.mtuBytes;
    const packet = fits ? this.#station.packet(frame, to) : undefined;
    if (packet !== undefined) return this.#outlet.offer(packet);
    this.#setup.tally.errors += 1;
    return 'down';
  }

  drop(): void {}

  async close(): Promise<void> {
    this.#outlet.finish(undefined);
    await this.#setup.port.close();
  }

  #hear(chunk: Uint8Array): void {
    const { clock, random, tally, events } = this.#setup;
    const frames: HeardFrame[] = [];
    this.#deframer.push(chunk, (body) => {
      const heard = this.#station.take(body);
      if (heard !== undefined) frames.push(heard);
      else if (readAir(body)?.from === this.#station.address) this.#silence = Silence.Echo;
      else if (body[0] === BodyType.Hello || body[0] === BodyType.HelloAck) this.#silence = Silence.AirHere;
    });
    // Somebody is speaking: a moment's silence, of another length at each node, keeps answers from colliding.
    this.#outlet.hold(
      clock.now() + this.#turnMs * (LEAST_TURNS + random.below((TURNS_MAX - LEAST_TURNS) * 1_000) / 1_000),
    );
    tally.errors += this.#deframer.damaged - this.#damaged;
    this.#damaged = this.#deframer.damaged;
    for (const { from, bytes } of frames) {
      tally.framesIn += 1;
      tally.bytesIn += bytes.length;
      if (this.#neighbours.size < MAX_NEIGHBOURS) this.#neighbours.add(from);
    }
    if (frames.length > 0) events.heard(frames);
  }
}
