/** Of Meshtastic's header: destination, source and id (4 bytes each), flags, channel hash, next hop, relayer. */
export const RIVAL_HEADER_BYTES = 16;

export interface RivalPacket {
  readonly origin: number;
  /** Numbered by its origin. */
  readonly id: number;
  /** How often it may still be relayed. */
  readonly hopLimit: number;
  readonly hops: number;
}

export function writePacket({ origin, id, hopLimit, hops }: RivalPacket, payloadBytes: number): Uint8Array {
  const bytes = new Uint8Array(RIVAL_HEADER_BYTES + payloadBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xffff_ffff);
  view.setUint32(4, origin);
  view.setUint32(8, id);
  bytes[12] = hopLimit;
  bytes[13] = hops;
  return bytes;
}

export function readPacket(bytes: Uint8Array): RivalPacket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    origin: view.getUint32(4),
    id: view.getUint32(8),
    hopLimit: bytes[12] as number,
    hops: bytes[13] as number,
  };
}

/** One name for a message wherever it is. */
export const packetKey = ({ origin, id }: Pick<RivalPacket, 'origin' | 'id'>): number => origin * 2 ** 20 + id;
