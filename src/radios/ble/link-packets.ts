import { concat } from '../../core/bytes.js';

/**
 * What travels in one attribute value. The first byte is the kind:
 * `01` greeting: version, window, largest frame (2 bytes, low first), token (8), proof (4)
 * `02` credits: how many
 * `03` renamed: token (8), proof (4); the slot of the adverts' tokens has changed
 * `04` view: root (id 6, number 2, high first), distance (255: it has no way to the root), flags (bit 0: over this link the
 * sender is connected to the root; bit 1: it would be without this link, too)
 * `40`–`43` fragment: bit 0 first of its frame, bit 1 last; then credits given along, then the bytes
 */
export const PacketKind = { Greeting: 0x01, Credits: 0x02, Renamed: 0x03, View: 0x04, Fragment: 0x40 } as const;

export const LINK_VERSION = 1;
export const TOKEN_BYTES = 8;
export const PROOF_BYTES = 4;
export const FRAGMENT_HEADER_BYTES = 2;
export const FIRST = 1;
export const LAST = 2;

export interface Name {
  /** What the sender's adverts carry in this slot. */
  readonly token: Uint8Array;
  /** That the sender is of our mesh. */
  readonly proof: Uint8Array;
}

export interface Greeting extends Name {
  readonly version: number;
  readonly window: number;
  readonly frameBytes: number;
}

/** What a node knows of the connected part it is in. */
export interface View {
  /** The lowest of its nodes' random ids, and a number that goes up. */
  readonly root: Uint8Array;
  /** Links between the sender and that node, or `UNREACHED`. */
  readonly distance: number;
  /** The sender's way to the root leads over this link. */
  readonly isParent: boolean;
  /** If so: there is another link that could take its place. */
  readonly hasOtherWay: boolean;
}

export type LinkPacket =
  | ({ readonly kind: typeof PacketKind.Greeting } & Greeting)
  | { readonly kind: typeof PacketKind.Credits; readonly credits: number }
  | ({ readonly kind: typeof PacketKind.Renamed } & Name)
  | ({ readonly kind: typeof PacketKind.View } & View)
  | {
      readonly kind: typeof PacketKind.Fragment;
      readonly first: boolean;
      readonly last: boolean;
      readonly credits: number;
      readonly bytes: Uint8Array;
    };

const NAME_BYTES = TOKEN_BYTES + PROOF_BYTES;
const GREETING_BYTES = 5 + NAME_BYTES;
export const ROOT_BYTES = 8;
export const UNREACHED = 255;
const IS_PARENT = 1;
const HAS_OTHER_WAY = 2;
const VIEW_BYTES = 3 + ROOT_BYTES;

export function encodeGreeting({ version, window, frameBytes, token, proof }: Greeting): Uint8Array {
  const head = Uint8Array.of(PacketKind.Greeting, version, window, frameBytes & 255, frameBytes >> 8);
  return concat(head, token, proof);
}

export const encodeCredits = (credits: number): Uint8Array => Uint8Array.of(PacketKind.Credits, credits);

export const encodeRenamed = ({ token, proof }: Name): Uint8Array =>
  concat(Uint8Array.of(PacketKind.Renamed), token, proof);

export const encodeView = ({ root, distance, isParent, hasOtherWay }: View): Uint8Array => {
  const flags = (isParent ? IS_PARENT : 0) | (hasOtherWay ? HAS_OTHER_WAY : 0);
  return concat(Uint8Array.of(PacketKind.View), root, Uint8Array.of(distance, flags));
};

export function encodeFragment(flags: number, credits: number, bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(PacketKind.Fragment | flags, credits), bytes);
}

/** `undefined` for what is no packet of ours. Longer greetings are taken: a later version may say more. */
export function decodePacket(b: Uint8Array): LinkPacket | undefined {
  const kind = b[0];
  if (kind === PacketKind.Greeting && b.length >= GREETING_BYTES) {
    const frameBytes = (b[3] as number) | ((b[4] as number) << 8);
    return { kind, version: b[1] as number, window: b[2] as number, frameBytes, ...nameAt(b, 5) };
  }
  if (kind === PacketKind.Credits && b.length === 2) return { kind, credits: b[1] as number };
  if (kind === PacketKind.Renamed && b.length >= 1 + NAME_BYTES) return { kind, ...nameAt(b, 1) };
  if (kind === PacketKind.View && b.length >= VIEW_BYTES) {
    const flags = b[2 + ROOT_BYTES] as number;
    return {
      kind,
      root: b.slice(1, 1 + ROOT_BYTES),
      distance: b[1 + ROOT_BYTES] as number,
      isParent: (flags & IS_PARENT) !== 0,
      hasOtherWay: (flags & HAS_OTHER_WAY) !== 0,
    };
  }
  if (kind !== undefined && (kind & ~(FIRST | LAST)) === PacketKind.Fragment && b.length > FRAGMENT_HEADER_BYTES) {
    return {
      kind: PacketKind.Fragment,
      first: (kind & FIRST) !== 0,
      last: (kind & LAST) !== 0,
      credits: b[1] as number,
      bytes: b.subarray(FRAGMENT_HEADER_BYTES),
    };
  }
  return undefined;
}

const nameAt = (b: Uint8Array, at: number): Name => ({
  token: b.slice(at, at + TOKEN_BYTES),
  proof: b.slice(at + TOKEN_BYTES, at + NAME_BYTES),
});
