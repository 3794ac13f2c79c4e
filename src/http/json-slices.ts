const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** The index of the quote that ends the string whose text starts at `at`, or -1. */
function stringEnd(bytes: Buffer, at: number): number {
  for (let quote = bytes.indexOf(QUOTE, at); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let back = quote;
    while (back > at && bytes[back - 1] === BACKSLASH) back--;
    if ((quote - back) % 2 === 0) return quote;
  }
  return -1;
}

/** What a byte means to the slicer; commas matter between elements only, the rest of a number or a word never does. */
const PLAIN = 0;
const SEPARATOR = 1;
const SPECIAL = 2;
const CLASS = new Uint8Array(256);
CLASS[COMMA] = SEPARATOR;
for (const byte of [QUOTE, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE]) CLASS[byte] = SPECIAL;

/**
 * Where the elements of a top-level JSON array start and end, as pairs, so that they can be parsed one at a time.
 * It only finds commas and brackets; parsing the slices is what checks the grammar, and together they take and refuse
 * exactly what `JSON.parse` does. `undefined` when the bytes are not one bracketed array. Stops after `max` elements.
 */
export function sliceArray(
  bytes: Buffer,
  max: number,
): { readonly slices: number[]; readonly more: boolean } | undefined {
  let at = 0;
  while (isSpace(bytes[at])) at++;
  if (bytes[at] !== OPEN_BRACKET) return undefined;
  const slices: number[] = [];
  let depth = 1;
  let start = ++at;
  for (; at < bytes.length; at++) {
    // Nearly all of a body of embeddings is digits: this is the loop that takes the time.
    const skipped = depth === 1 ? PLAIN : SEPARATOR;
    while (at < bytes.length && (CLASS[bytes[at] as number] as number) <= skipped) at++;
    switch (bytes[at]) {
      case QUOTE:
        at = stringEnd(bytes, at + 1);
        if (at === -1) return undefined;
        break;
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth++;
        break;
      case CLOSE_BRACE:
        if (--depth === 0) return undefined;
        break;
      case CLOSE_BRACKET:
        if (--depth === 0) return finish(bytes, slices, start, at);
        break;
      case COMMA:
        if (slices.length === max * 2) return { slices, more: true };
        slices.push(start, at);
        start = at + 1;
        break;
      default:
    }
  }
  return undefined;
}

function finish(bytes: Buffer, slices: number[], start: number, end: number) {
  for (let at = end + 1; at < bytes.length; at++) if (!isSpace(bytes[at])) return undefined;
  let blank = true;
  for (let at = start; at < end && blank; at++) blank = isSpace(bytes[at]);
  if (!(blank && slices.length === 0)) slices.push(start, end);
  return { slices, more: false };
}
