import type { Timer } from '../../ports/clock.js';
import type { HeardFrame, LinkAddress, RadioProbe, SendResult } from '../../ports/radio.js';
import { AirStation, airTraits } from './air.js';
import { Deframer } from './deframer.js';
import { mtuForBaud, QUEUE_MS, RECEIVE_WINDOW_BYTES, STRANGER_BYTES } from './limits.js';
import { bytesPerSecond, type Line, type LineSetup, queueBytes } from './line.js';
import { AIR_HEADER_BYTES, Role } from './messages.js';
import { Outlet } from './outlet.js';
import { SerialSession, type SessionEffect, type SessionInput } from './session.js';
import { answer, Silence, silence } from './standing.js';
import { troubleOf } from './trouble.js';

/** How the other end of a line is named: there is only one. */
const PEER_ADDRESS: LinkAddress = 'peer';
const MAX_BODY_OVERHEAD = 32;

/** A line with one at its other end: an agent, which is one link, or a dongle, which has an air with many. */
export class DirectLine implements Line {
  readonly #setup: LineSetup;
  readonly #session: SerialSession;
  readonly #station: AirStation;
  readonly #deframer: Deframer;
  readonly #outlet: Outlet;
  #role: Role | undefined;
  #heard: HeardFrame[] = [];
  #damaged = 0;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(setup: LineSetup) {
    const { port, clock, random, baud } = setup;
    this.#setup = setup;
    this.#station = new AirStation(setup.airAddress);
    const mtuBytes = mtuForBaud(baud);
    const perSecond = bytesPerSecond(baud);
    this.#deframer = new Deframer(mtuBytes + MAX_BODY_OVERHEAD);
    const windowBytes = RECEIVE_WINDOW_BYTES;
    this.#session = new SerialSession({ role: Role.Agent, mtuBytes, windowBytes, bytesPerSecond: perSecond, random });
    this.#outlet = new Outlet({
      clock,
      bytesPerSecond: perSecond,
      maxQueuedBytes: queueBytes(perSecond, QUEUE_MS, mtuBytes),
      write: (bytes) => port.write(bytes),
      wrap: (frame) => this.#session.wrap(frame, clock.now()),
      sent: (frame) => this.#count(frame.length),
    });
  }

  get standing(): RadioProbe {
    if (this.#role !== undefined) return answer(this.#role === Role.Agent ? 'an agent answers' : 'a dongle answers');
    if (this.#strange) return silence(Silence.Stranger);
    return silence(this.#session.note ?? Silence.NoAnswer);
  }

  get answered(): boolean {
    return this.#session.up;
  }

  /** Bytes came that are no frames, and no frames. */
  get #strange(): boolean {
    return !this.answered && this.#deframer.noiseBytes > STRANGER_BYTES;
  }

  start(): void {
    const { port, events } = this.#setup;
    port.listen({
      data: (chunk) => this.#hear(chunk),
      lost: (error) => {
        this.#end(troubleOf(error, port.path).reason);
        events.lost(error);
      },
    });
    this.#step({ kind: 'opened' });
  }

  send(frame: Uint8Array, to: LinkAddress | undefined): SendResult {
    const bytes = this.#bodyOf(frame, to);
    if (bytes === undefined || bytes.length > this.#session.mtuBytes) {
      this.#setup.tally.errors += 1;
      return 'down';
    }
    return this.#outlet.offer(bytes);
  }

  drop(address: LinkAddress): void {
    if (address === PEER_ADDRESS && this.#role === Role.Agent) this.#step({ kind: 'drop' });
  }

  async close(): Promise<void> {
    this.#step({ kind: 'close' });
    this.#ended = true;
    this.#timer?.cancel();
    await this.#setup.port.close();
  }

  /** What the session carries for a frame, or `undefined` when it cannot go there. */
  #bodyOf(frame: Uint8Array, to: LinkAddress | undefined): Uint8Array | undefined {
    if (frame.length === 0) return undefined;
    if (this.#role === Role.Dongle) return this.#station.packet(frame, to);
    return this.#role === Role.Agent && to === PEER_ADDRESS ? frame : undefined;
  }

  #count(bytes: number): void {
    this.#setup.tally.framesOut += 1;
    this.#setup.tally.bytesOut += this.#role === Role.Dongle ? bytes - AIR_HEADER_BYTES : bytes;
  }

  #hear(chunk: Uint8Array): void {
    const { clock, tally } = this.#setup;
    if (this.#ended) return;
    this.#deframer.push(chunk, (body) => {
      for (const effect of this.#session.step({ kind: 'received', body }, clock.now())) this.#execute(effect);
    });
    tally.errors += this.#deframer.damaged - this.#damaged;
    this.#damaged = this.#deframer.damaged;
    this.#flush();
    this.#outlet.pump();
    this.#schedule();
  }

  #step(input: SessionInput): void {
    if (this.#ended) return;
    const closing = input.kind === 'close';
    for (const effect of this.#session.step(input, this.#setup.clock.now())) {
      if (closing && effect.kind === 'send') this.#outlet.finish(effect.body);
      else this.#execute(effect);
    }
    if (!closing) this.#schedule();
  }

  #execute(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#outlet.control(effect.body);
      case 'heard':
        return this.#take(effect.frame);
      case 'counted':
        this.#setup.tally.errors += 1;
        return;
      case 'up':
        this.#flush();
        return this.#up(effect);
      case 'down':
        this.#flush();
        return this.#down(effect.reason);
    }
  }

  #take(bytes: Uint8Array): void {
    const heard = this.#role === Role.Dongle ? this.#station.take(bytes) : { from: PEER_ADDRESS, bytes };
    if (heard === undefined) return;
    this.#setup.tally.framesIn += 1;
    this.#setup.tally.bytesIn += heard.bytes.length;
    this.#heard.push(heard);
  }

  /** In one call what came in one go, but never past a change of the link. */
  #flush(): void {
    const frames = this.#heard;
    if (frames.length === 0) return;
    this.#heard = [];
    this.#setup.events.heard(frames);
  }

  #up({ role, mtuBytes, airBitsPerSecond }: Extract<SessionEffect, { kind: 'up' }>): void {
    const { events, baud } = this.#setup;
    this.#role = role;
    this.#deframer.forgive();
    if (role === Role.Agent) events.linkUp(PEER_ADDRESS, mtuBytes);
    else {
      const slowest = airBitsPerSecond === 0 ? baud : Math.min(baud, airBitsPerSecond);
      events.air(airTraits(slowest, mtuBytes - AIR_HEADER_BYTES));
    }
  }

  #down(reason: string): void {
    const role = this.#role;
    this.#role = undefined;
    this.#deframer.forgive();
    this.#outlet.clear();
    if (role === Role.Agent) this.#setup.events.linkDown(PEER_ADDRESS, reason);
    else if (role === Role.Dongle) this.#setup.events.air(undefined);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#outlet.finish(undefined);
    if (this.#role !== undefined) this.#down(reason);
  }

  #schedule(): void {
    const at = this.#session.nextDeadline();
    if (this.#ended || at === undefined) return;
    // An earlier timer is kept: it fires once in vain instead of being set anew with every frame.
    if (this.#timer !== undefined && this.#timerAt <= at) return;
    this.#timer?.cancel();
    const { clock } = this.#setup;
    this.#timerAt = at;
    this.#timer = clock.timer('serial.session', Math.max(1, at - clock.now()), () => {
      this.#timer = undefined;
      this.#step({ kind: 'tick' });
    });
  }
}
