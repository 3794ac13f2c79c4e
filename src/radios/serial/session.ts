import type { Random } from '../../ports/random.js';
import { ReceiveCredit, SendCredit } from './credit.js';
import {
  ANSWER_MS,
  CROWD_MS,
  CROWD_RESTARTS,
  FIRST_CALL_MS,
  FIRST_QUIET_MS,
  HECTIC_MS,
  IDLE_MS,
  LONG_LIFE_MS,
  MAX_CALL_MS,
  MAX_QUIET_MS,
  QUESTIONS_MAX,
  STALL_SILENCES,
} from './limits.js';
import {
  BodyType,
  ByeReason,
  type Greeting,
  LINE_VERSION,
  type LiveBody,
  type Role,
  readBody,
  writeBye,
  writeData,
  writeGreeting,
  writeOffset,
} from './messages.js';
import { Silence } from './standing.js';

export interface SessionOptions {
  readonly role: Role;
  readonly mtuBytes: number;
  /** Bytes of frames this side holds before it takes them, at most 32,767. */
  readonly windowBytes: number;
  readonly bytesPerSecond: number;
  readonly airBitsPerSecond?: number;
  readonly random: Random;
}

export type SessionInput =
  | { readonly kind: 'opened' }
  | { readonly kind: 'received'; readonly body: Uint8Array }
  | { readonly kind: 'tick' }
  /** The engine no longer wants the link. */
  | { readonly kind: 'drop' }
  | { readonly kind: 'close' };

export type SessionEffect =
  | { readonly kind: 'send'; readonly body: Uint8Array }
  | { readonly kind: 'up'; readonly role: Role; readonly mtuBytes: number; readonly airBitsPerSecond: number }
  | { readonly kind: 'down'; readonly reason: string }
  | { readonly kind: 'heard'; readonly frame: Uint8Array }
  /** Something was refused; `what` is a stable name. */
  | { readonly kind: 'counted'; readonly what: string };

interface Life {
  readonly peer: Greeting;
  readonly since: number;
  readonly send: SendCredit;
  readonly receive: ReceiveCredit;
}

/** Greets the other end of a line, keeps the link alive and its flow within bounds. Pure: time comes in, effects go out. */
export class SerialSession {
  readonly #options: SessionOptions;
  readonly #frameMs: number;
  #effects: SessionEffect[] = [];
  #nonce = 0;
  #peer: Greeting | undefined;
  #life: Life | undefined;
  #closed = false;
  #callAt: number | undefined;
  #callMs = FIRST_CALL_MS;
  #quietUntil = 0;
  #quietMs = FIRST_QUIET_MS;
  #heardAt = 0;
  #progressAt = 0;
  #askAt = 0;
  #restarts = 0;
  #restartedAt = Number.NEGATIVE_INFINITY;
  #note: string = Silence.NoAnswer;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#frameMs = (options.mtuBytes * 1_000) / options.bytesPerSecond;
  }

  get up(): boolean {
    return this.#life !== undefined;
  }

  /** Why there is no link, one line for people; `undefined` when there is one. */
  get note(): string | undefined {
    return this.#life === undefined ? this.#note : undefined;
  }

  /** Largest frame the link takes; 0 while there is none. */
  get mtuBytes(): number {
    return this.#life === undefined ? 0 : this.#linkMtu(this.#life.peer);
  }

  /** A frame as the body to send now, or `undefined` while the link is down or the other side has no room for it. */
  wrap(frame: Uint8Array, now: number): Uint8Array | undefined {
    const credit = this.#life?.send;
    if (!credit?.hasRoom(frame.length)) return undefined;
    if (credit.inFlight === 0) this.#progressAt = now;
    return writeData(credit.spend(frame.length), frame);
  }

  step(input: SessionInput, now: number): readonly SessionEffect[] {
    this.#effects = [];
    if (!this.#closed && (this.#nonce !== 0 || input.kind === 'opened')) this.#handle(input, now);
    return this.#effects;
  }

  /** When `tick` should come next. */
  nextDeadline(): number | undefined {
    if (this.#closed) return undefined;
    if (this.#life === undefined) return this.#callAt;
    const { send, receive } = this.#life;
    const asks = [this.#heardAt + IDLE_MS];
    if (send.inFlight > 0) asks.push(this.#progressAt + this.#answerMs);
    const ask = Math.max(this.#askAt, Math.min(...asks));
    return Math.min(ask, this.#heardAt + this.#silenceMs, receive.dueAt ?? Number.POSITIVE_INFINITY);
  }

  get #answerMs(): number {
    return ANSWER_MS + 3 * this.#frameMs;
  }

  get #silenceMs(): number {
    return IDLE_MS + QUESTIONS_MAX * this.#answerMs;
  }

  #handle(input: SessionInput, now: number): void {
    switch (input.kind) {
      case 'opened':
        this.#end('opened again');
        return this.#begin(now);
      case 'received':
        return this.#received(input.body, now);
      case 'tick':
        return this.#tick(now);
      case 'drop':
        return this.#drop(now);
      case 'close':
        this.#send(writeBye(ByeReason.Closing));
        this.#end('closed');
        this.#closed = true;
    }
  }

  /** A new life of this side: whoever remembers the old one learns by the nonce that it is over. */
  #begin(now: number): void {
    const old = this.#nonce;
    while (this.#nonce === old || this.#nonce === 0) this.#nonce = this.#options.random.u32();
    this.#peer = undefined;
    this.#callMs = Math.max(FIRST_CALL_MS, 2 * this.#frameMs);
    this.#callAt = Math.max(now, this.#quietUntil);
    this.#tick(now);
  }

  #tick(now: number): void {
    if (this.#life === undefined) {
      if (this.#callAt === undefined || this.#callAt > now) return;
      this.#greet(BodyType.Hello);
      // Two that call in step would talk over each other for ever where the line has one direction at a time.
      this.#callAt = now + this.#callMs * (0.75 + this.#options.random.below(500) / 1_000);
      this.#callMs = Math.max(this.#callMs, Math.min(MAX_CALL_MS, this.#callMs * 2));
      return;
    }
    const { send, receive } = this.#life;
    if (now >= this.#heardAt + this.#silenceMs) {
      this.#end(`silent for ${((now - this.#heardAt) / 1_000).toFixed(1)} s`);
      this.#begin(now);
      return;
    }
    if (send.inFlight > 0 && now >= this.#progressAt + STALL_SILENCES * this.#silenceMs) {
      return this.#drop(now, 'the other side takes nothing any more');
    }
    const stalled = send.inFlight > 0 && now >= this.#progressAt + this.#answerMs;
    if (now >= this.#askAt && (stalled || now >= this.#heardAt + IDLE_MS)) {
      this.#askAt = now + this.#answerMs;
      this.#send(writeOffset(BodyType.Poll, send.sent));
    }
    if (receive.dueAt !== undefined && receive.dueAt <= now) this.#send(writeOffset(BodyType.Credit, receive.tell()));
  }

  #received(bytes: Uint8Array, now: number): void {
    const body = readBody(bytes);
    if (body === undefined) {
      if (bytes[0] === BodyType.Air) this.#note = Silence.AirThere;
      this.#count('body.malformed');
    } else if ('version' in body) this.#foreign(body.version);
    else if ('greeting' in body) {
      this.#greeted(body.greeting, body.type === BodyType.Hello, now);
    } else if (this.#life !== undefined) this.#live(this.#life, body, now);
    // The rest of an earlier life, or ahead of our greeting: who sent it repeats it or is told by the greeting.
    else this.#count('body.no-link');
  }

  #foreign(version: number): void {
    this.#note = `the other side speaks version ${version} of the line's protocol, this agent ${LINE_VERSION}: update the older one`;
    this.#count('hello.version');
  }

  #greeted(peer: Greeting, isCall: boolean, now: number): void {
    if (peer.nonce === this.#nonce) {
      this.#note = Silence.Echo;
      this.#count('hello.echo');
      return;
    }
    if (now < this.#quietUntil) return;
    if (this.#life !== undefined) {
      if (peer.nonce === this.#life.peer.nonce) {
        this.#heardAt = now;
        if (isCall) this.#greet(BodyType.HelloAck);
        return;
      }
      // An answer from an earlier life that comes late ends nothing.
      if (!isCall) return;
      this.#end('the other side began afresh');
      this.#callAt = now + this.#callMs;
    }
    this.#meet(peer, isCall, now);
  }

  #meet(peer: Greeting, isCall: boolean, now: number): void {
    if (this.#peer?.nonce !== peer.nonce) {
      const hectic = now - this.#restartedAt < HECTIC_MS;
      this.#restarted(now);
      if (hectic && this.#restarts >= CROWD_RESTARTS) {
        // A link that begins afresh with every greeting is work for the whole mesh and use to nobody.
        this.#rest(now);
        this.#peer = undefined;
        this.#callAt = this.#quietUntil;
        return;
      }
      this.#callMs = Math.max(FIRST_CALL_MS, 2 * this.#frameMs);
      this.#callAt = Math.min(this.#callAt ?? Number.POSITIVE_INFINITY, now + this.#callMs);
    }
    this.#peer = peer;
    const mutual = peer.heard === this.#nonce;
    if (isCall || mutual) this.#greet(BodyType.HelloAck);
    if (mutual) this.#begun(peer, now);
  }

  #begun(peer: Greeting, now: number): void {
    const { windowBytes } = this.#options;
    this.#life = {
      peer,
      since: now,
      send: new SendCredit(peer.windowBytes),
      receive: new ReceiveCredit(windowBytes),
    };
    this.#heardAt = now;
    this.#progressAt = now;
    this.#askAt = now;
    this.#callAt = undefined;
    const { role, airBitsPerSecond } = peer;
    this.#effects.push({ kind: 'up', role, mtuBytes: this.#linkMtu(peer), airBitsPerSecond });
  }

  #live(life: Life, body: LiveBody, now: number): void {
    this.#heardAt = now;
    switch (body.type) {
      case BodyType.Data:
        if (body.frame.length > this.#options.mtuBytes) return this.#count('data.oversized');
        if (life.receive.received(body.offset, body.frame.length, now) > 0) this.#count('data.lost');
        this.#effects.push({ kind: 'heard', frame: body.frame });
        return this.#tick(now);
      case BodyType.Poll:
        if (life.receive.asked(body.offset) > 0) this.#count('data.lost');
        return this.#send(writeOffset(BodyType.Credit, life.receive.tell()));
      case BodyType.Credit: {
        const before = life.send.inFlight;
        if (!life.send.taken(body.offset)) this.#count('credit.impossible');
        // Credit that gives nothing is none: who only repeats it would hold the link for ever.
        else if (life.send.inFlight < before) this.#progressAt = now;
        return;
      }
      case BodyType.Bye:
        this.#end(body.reason === ByeReason.Dropped ? 'the other side dropped the link' : 'the other side closed');
        this.#begin(now);
    }
  }

  #drop(now: number, reason = 'dropped'): void {
    if (this.#life === undefined) return;
    if (now - this.#life.since >= LONG_LIFE_MS) this.#quietMs = FIRST_QUIET_MS;
    this.#rest(now);
    this.#send(writeBye(ByeReason.Dropped));
    this.#end(reason);
    this.#begin(now);
  }

  /** Nothing is said or heard for a while; for longer the next time. */
  #rest(now: number): void {
    this.#quietUntil = now + this.#quietMs;
    this.#quietMs = Math.min(MAX_QUIET_MS, this.#quietMs * 2);
  }

  #end(reason: string): void {
    if (this.#life === undefined) return;
    this.#life = undefined;
    this.#peer = undefined;
    this.#note = Silence.NoAnswer;
    this.#effects.push({ kind: 'down', reason });
  }

  /** Counts lives of the other side that follow close on each other: one node that restarts, or many that take turns. */
  #restarted(now: number): void {
    this.#restarts = now - this.#restartedAt < CROWD_MS ? this.#restarts + 1 : 0;
    this.#restartedAt = now;
    if (this.#restarts >= CROWD_RESTARTS) this.#note = Silence.Crowd;
    else if (this.#note !== Silence.Crowd) this.#note = Silence.NoAnswer;
  }

  #greet(type: typeof BodyType.Hello | typeof BodyType.HelloAck): void {
    const { role, mtuBytes, windowBytes, airBitsPerSecond = 0 } = this.#options;
    const heard = this.#peer?.nonce ?? 0;
    const nonce = this.#nonce;
    this.#send(writeGreeting(type, { role, mtuBytes, windowBytes, nonce, heard, airBitsPerSecond }));
  }

  #linkMtu(peer: Greeting): number {
    return Math.min(this.#options.mtuBytes, peer.mtuBytes, peer.windowBytes);
  }

  #send(body: Uint8Array): void {
    this.#effects.push({ kind: 'send', body });
  }

  #count(what: string): void {
    this.#effects.push({ kind: 'counted', what });
  }
}
