import { readU16, readU32, writeU16, writeU32 } from '../../core/bytes.js';
import { MAX_WINDOW_BYTES, MIN_MTU_BYTES } from './limits.js';

/** The first byte of a body. Numbers are never used again for something else. */
export const BodyType = { Hello: 1, HelloAck: 2, Data: 3, Poll: 4, Credit: 5, Bye: 6, Air: 7 } as const;
export type BodyType = (typeof BodyType)[keyof typeof BodyType];

/** Who speaks: an agent, whose line is one link; or a radio dongle, whose line carries the frames of its air. */
export const Role = { Agent: 1, Dongle: 2 } as const;
export type Role = (typeof Role)[keyof typeof Role];

export const LINE_VERSION = 1;
/** "edge": tells a greeting from what another protocol with the same framing may say. */
const MAGIC = 0x65646765;
const HELLO_BYTES = 23;
const VERSION_AT = 5;
const DATA_HEADER_BYTES = 3;
export const AIR_HEADER_BYTES = 9;

export interface Greeting {
  readonly role: Role;
  /** Longest frame its sender takes. */
  readonly mtuBytes: number;
  /** Bytes of frames its sender holds before it takes them. */
  readonly windowBytes: number;
  /** Names this life of the link; a new one means that its sender began afresh. Never 0. */
  readonly nonce: number;
  /** The nonce last heard from the other side, 0 when none. */
  readonly heard: number;
  /** Of a dongle's air; 0 from an agent. */
  readonly airBitsPerSecond: number;
}

/** What a link that is up carries. */
export type LiveBody =
  | { readonly type: typeof BodyType.Data; readonly offset: number; readonly frame: Uint8Array }
  | { readonly type: typeof BodyType.Poll | typeof BodyType.Credit; readonly offset: number }
  | { readonly type: typeof BodyType.Bye; readonly reason: number };

export type Body =
  | LiveBody
  | { readonly type: typeof BodyType.Hello | typeof BodyType.HelloAck; readonly greeting: Greeting }
  | { readonly type: 'foreign'; readonly version: number };

export const ByeReason = { Closing: 1, Dropped: 2 } as const;
export type ByeReason = (typeof ByeReason)[keyof typeof ByeReason];

export function writeGreeting(type: typeof BodyType.Hello | typeof BodyType.HelloAck, greeting: Greeting): Uint8Array {
  const body = new Uint8Array(HELLO_BYTES);
  body[0] = type;
  writeU32(body, 1, MAGIC);
  body[VERSION_AT] = LINE_VERSION;
  body[6] = greeting.role;
  writeU16(body, 7, greeting.mtuBytes);
  writeU16(body, 9, greeting.windowBytes);
  writeU32(body, 11, greeting.nonce);
  writeU32(body, 15, greeting.heard);
  writeU32(body, 19, greeting.airBitsPerSecond);
  return body;
}

/** Offsets count the bytes of frames sent before, modulo 65,536. */
export function writeData(offset: number, frame: Uint8Array): Uint8Array {
  const body = new Uint8Array(DATA_HEADER_BYTES + frame.length);
  body[0] = BodyType.Data;
  writeU16(body, 1, offset);
  body.set(frame, DATA_HEADER_BYTES);
  return body;
}

export function writeOffset(type: typeof BodyType.Poll | typeof BodyType.Credit, offset: number): Uint8Array {
  const body = new Uint8Array(3);
  body[0] = type;
  writeU16(body, 1, offset);
  return body;
}

export const writeBye = (reason: ByeReason): Uint8Array => Uint8Array.of(BodyType.Bye, reason);

/** What a body says, or `undefined` when it is of no known type or malformed. The frame of `Data` shares its memory. */
export function readBody(body: Uint8Array): Body | undefined {
  const type = body[0];
  switch (type) {
    case BodyType.Hello:
    case BodyType.HelloAck:
      return readGreeting(type, body);
    case BodyType.Data:
      if (body.length <= DATA_HEADER_BYTES) return undefined;
      return { type, offset: readU16(body, 1), frame: body.subarray(DATA_HEADER_BYTES) };
    case BodyType.Poll:
    case BodyType.Credit:
      return body.length === 3 ? { type, offset: readU16(body, 1) } : undefined;
    case BodyType.Bye:
      return body.length === 2 ? { type, reason: body[1] as number } : undefined;
    default:
      return undefined;
  }
}

function readGreeting(type: typeof BodyType.Hello | typeof BodyType.HelloAck, body: Uint8Array): Body | undefined {
  if (body.length <= VERSION_AT || readU32(body, 1) !== MAGIC) return undefined;
  const version = body[VERSION_AT] as number;
  if (version !== LINE_VERSION) return { type: 'foreign', version };
  const role = body[6];
  // Longer ones are taken: a later minor version may add to the end.
  if (body.length < HELLO_BYTES || (role !== Role.Agent && role !== Role.Dongle)) return undefined;
  const greeting = {
    role,
    mtuBytes: readU16(body, 7),
    windowBytes: readU16(body, 9),
    nonce: readU32(body, 11),
    heard: readU32(body, 15),
    airBitsPerSecond: readU32(body, 19),
  };
  const { mtuBytes, windowBytes, nonce } = greeting;
  if (mtuBytes < MIN_MTU_BYTES || windowBytes < MIN_MTU_BYTES || windowBytes > MAX_WINDOW_BYTES) return undefined;
  return nonce === 0 ? undefined : { type, greeting };
}

/** To everybody in earshot. */
export const EVERYBODY = 0xffffffff;

interface AirPacket {
  readonly from: number;
  readonly to: number;
  readonly frame: Uint8Array;
}

/** A frame with the addresses of a shared air, as a body of its own or as what a dongle is given. */
export function writeAir(packet: AirPacket): Uint8Array {
  const body = new Uint8Array(AIR_HEADER_BYTES + packet.frame.length);
  body[0] = BodyType.Air;
  writeU32(body, 1, packet.from);
  writeU32(body, 5, packet.to);
  body.set(packet.frame, AIR_HEADER_BYTES);
  return body;
}

/** The frame shares the body's memory. */
export function readAir(body: Uint8Array): AirPacket | undefined {
  if (body.length <= AIR_HEADER_BYTES || body[0] !== BodyType.Air) return undefined;
  const packet = { from: readU32(body, 1), to: readU32(body, 5), frame: body.subarray(AIR_HEADER_BYTES) };
  return packet.from === EVERYBODY ? undefined : packet;
}
