import { concat, equalBytes, fromHex } from '../../core/bytes.js';
import { SERVICE_UUID } from './limits.js';
import { TOKEN_BYTES } from './link-packets.js';

/**
 * Advertising data, all 31 bytes: flags (3), service data of our 128-bit UUID (28) with
 * version (2 bits) and mesh hint (6), token (8), and a byte that says which connected part of the mesh this is.
 */
export interface Advert {
  readonly hint: number;
  readonly token: Uint8Array;
  /** Equal for nodes that are connected; two values that differ are two parts. */
  readonly part: number;
}

const VERSION = 0;
const FLAGS = Uint8Array.of(2, 0x01, 0x06);
const SERVICE_DATA_128 = 0x21;
const UUID = (fromHex(SERVICE_UUID) as Uint8Array).reverse();
const VALUE_BYTES = 2 + TOKEN_BYTES;

export function encodeAdvert({ hint, token, part }: Advert): Uint8Array {
  const head = Uint8Array.of(1 + UUID.length + VALUE_BYTES, SERVICE_DATA_128);
  return concat(FLAGS, head, UUID, Uint8Array.of((VERSION << 6) | hint), token, Uint8Array.of(part));
}

/** `undefined` for adverts of others, of later versions and for garbage. */
export function decodeAdvert(data: Uint8Array): Advert | undefined {
  for (let at = 0; at + 1 < data.length; ) {
    const length = data[at] as number;
    if (length === 0) return undefined;
    const body = data.subarray(at + 2, at + 1 + length);
    if (data[at + 1] === SERVICE_DATA_128 && body.length === UUID.length + VALUE_BYTES) {
      const value = body.subarray(UUID.length);
      const head = value[0] as number;
      if (equalBytes(body.subarray(0, UUID.length), UUID) && head >> 6 === VERSION)
        return { hint: head & 0x3f, token: value.slice(1, 1 + TOKEN_BYTES), part: value[1 + TOKEN_BYTES] as number };
    }
    at += 1 + length;
  }
  return undefined;
}
