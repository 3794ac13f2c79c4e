import { crc16 } from './crc16.js';

/** Ends every frame; occurs nowhere within one. */
export const DELIMITER = 0;
const CRC_BYTES = 2;
/** A block of 254 bytes without a zero; no zero follows it. */
const FULL_BLOCK = 0xff;

/** Most bytes that a body of this length takes on the line, delimiter included. */
export const encodedBound = (bodyBytes: number): number => {
  const whole = bodyBytes + CRC_BYTES;
  return whole + Math.floor(whole / 254) + 2;
};

/**
 * A body as it goes over the line: its CRC-16 behind it (high byte first), both stuffed with COBS (Cheshire and Baker
 * 1999), and a zero. Byte for byte what the firmware's encoder makes, also after a last full block.
 */
export function encodeFrame(body: Uint8Array): Uint8Array {
  const crc = crc16(body);
  const whole = body.length + CRC_BYTES;
  const out = new Uint8Array(encodedBound(body.length));
  let code = 0;
  let at = 1;
  let run = 1;
  for (let i = 0; i < whole; i++) {
    const value = i < body.length ? (body[i] as number) : i === body.length ? crc >>> 8 : crc & 0xff;
    if (value !== 0) {
      out[at++] = value;
      run++;
    }
    if (value === 0 || run === FULL_BLOCK) {
      out[code] = run;
      run = 1;
      code = at++;
    }
  }
  out[code] = run;
  out[at++] = DELIMITER;
  return out.subarray(0, at);
}

/** The body of what stood between two delimiters, in memory of its own; `undefined` when it is damaged. */
export function decodeFrame(stuffed: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(stuffed.length);
  let length = 0;
  for (let i = 0; i < stuffed.length; ) {
    const code = stuffed[i++] as number;
    const end = i + code - 1;
    if (code === DELIMITER || end > stuffed.length) return undefined;
    while (i < end) {
      const value = stuffed[i++] as number;
      if (value === DELIMITER) return undefined;
      out[length++] = value;
    }
    if (code !== FULL_BLOCK && i < stuffed.length) out[length++] = 0;
  }
  const bodyLength = length - CRC_BYTES;
  if (bodyLength < 0) return undefined;
  const crc = ((out[bodyLength] as number) << 8) | (out[bodyLength + 1] as number);
  return crc16(out, bodyLength) === crc ? out.slice(0, bodyLength) : undefined;
}
