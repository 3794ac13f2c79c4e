/** Bytes encoded at a time: a multiple of three, and few enough for one call. */
const SLICE_BYTES = 24_576;
const PADDED = /^[A-Za-z0-9+/]*={0,2}$/;

/** RFC 4648, section 4, with padding. */
export const isBase64 = (text: string): boolean => text.length % 4 === 0 && PADDED.test(text);

export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += SLICE_BYTES)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + SLICE_BYTES)));
  return text;
}

export function decodeBase64(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
