import type { Clock, Timer } from '../../ports/clock.js';
import type { Random } from '../../ports/random.js';
import { encodeFrame } from './cobs.js';
import { Deframer } from './deframer.js';
import {
  ASK_EVERY_MS,
  ASK_MS,
  LISTEN_FIRST_MS,
  MIN_MTU_BYTES,
  RECEIVE_WINDOW_BYTES,
  STRANGER_BYTES,
} from './limits.js';
import { BodyType, Role, readBody, writeGreeting } from './messages.js';
import type { Port } from './port.js';

/** Who is at the other end of a port. `echo`: only what was said here comes back. `stranger`: what talks there speaks otherwise. `other-version`: an agent or a dongle of another release. */
export type Answer = 'agent' | 'dongle' | 'silent' | 'echo' | 'stranger' | 'other-version' | 'lost' | 'cancelled';

export interface AskOptions {
  readonly port: Port;
  readonly clock: Clock;
  readonly random: Random;
  /** One for all ports of a search, so that a cable between two of them is not taken for a neighbour. */
  readonly nonce: number;
  readonly cancelled: (cancel: () => void) => void;
}

const GREETING_BODY_MAX = 256;

/**
 * Listens first, then calls a few times, and says who answered. What talks by itself in another tongue is never
 * written to. Takes at most three seconds; the port stays open.
 */
export function ask({ port, clock, nonce, cancelled }: AskOptions): Promise<Answer> {
  return new Promise((resolve) => {
    const deframer = new Deframer(GREETING_BODY_MAX);
    let timer: Timer | undefined;
    let done = false;
    let otherVersion = false;
    let echoed = false;
    const until = clock.now() + ASK_MS;
    const finish = (answer: Answer): void => {
      if (done) return;
      done = true;
      timer?.cancel();
      port.listen({ data: () => {}, lost: () => {} });
      resolve(answer);
    };
    const strange = (): boolean => deframer.noiseBytes > STRANGER_BYTES;
    const call = (): void => {
      if (clock.now() >= until)
        return finish(otherVersion ? 'other-version' : strange() ? 'stranger' : echoed ? 'echo' : 'silent');
      if (deframer.noiseBytes === 0) void port.write(encodeFrame(callBody(nonce)));
      timer = clock.timer('serial.ask', Math.min(ASK_EVERY_MS, until - clock.now()), call);
    };
    const heard = (bytes: Uint8Array): void => {
      const body = readBody(bytes);
      if (body?.type === 'foreign') otherVersion = true;
      else if (body?.type === BodyType.Hello || body?.type === BodyType.HelloAck) {
        if (body.greeting.nonce === nonce) echoed = true;
        else finish(body.greeting.role === Role.Agent ? 'agent' : 'dongle');
      }
    };
    port.listen({ data: (chunk) => deframer.push(chunk, heard), lost: () => finish('lost') });
    timer = clock.timer('serial.ask', LISTEN_FIRST_MS, call);
    cancelled(() => finish('cancelled'));
  });
}

/** A call that is never followed up: who answers it will be called again by the session. */
const callBody = (nonce: number): Uint8Array =>
  writeGreeting(BodyType.Hello, {
    role: Role.Agent,
    mtuBytes: MIN_MTU_BYTES,
    windowBytes: RECEIVE_WINDOW_BYTES,
    nonce,
    heard: 0,
    airBitsPerSecond: 0,
  });
