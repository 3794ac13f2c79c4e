import { isAscii } from 'node:buffer';
import { fromUtf8 } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import { VALUE_DEPTH } from './limits.js';

/**
 * The part of CBOR (RFC 8949) that JSON can also say, plus tag 85 (RFC 8746: float32, little-endian) as Float32Array.
 * General decoders hand out Map, Date, BigInt and shared references that a small body can blow up; here anything
 * else is an error that names the byte. Text keys only, integers up to 2^53, nesting up to `VALUE_DEPTH`.
 */
const TAG_FLOAT32_LE = 85;
const TAG_SELF_DESCRIBED = 55_799;
const BREAK = Symbol('break');
const INDEFINITE = -1;

export class CborReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#skipSelfDescription();
  }

  get at(): number {
    return this.#at;
  }

  /** Enters an array: how many elements, or `undefined` when the value is not an array. */
  enterArray(): { readonly length: number | undefined } | undefined {
    if (this.#at >= this.#bytes.length || (this.#bytes[this.#at] as number) >> 5 !== 4) return undefined;
    const length = this.#argument(this.#take());
    if (length !== INDEFINITE && length > this.#bytes.length - this.#at) throw this.#fault('the array is cut short');
    return { length: length === INDEFINITE ? undefined : length };
  }

  /** The next element of an array without a length, or `undefined` after the last. */
  next(): { readonly value: unknown } | undefined {
    const value = this.#value(VALUE_DEPTH, true);
    return value === BREAK ? undefined : { value };
  }

  read(): unknown {
    return this.#value(VALUE_DEPTH, false);
  }

  /** Throws unless everything has been read. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#fault('bytes follow the value');
  }

  #skipSelfDescription(): void {
    if (this.#bytes.length >= 3 && this.#bytes[0] === 0xd9 && this.#view.getUint16(1) === TAG_SELF_DESCRIBED)
      this.#at = 3;
  }

  #fault(what: string, at = this.#at): EdgeError {
    return new EdgeError('request.cbor', `byte ${at}: ${what}`, {
      fix: 'send definite CBOR with text keys, plain numbers and embeddings as tag 85 (float32, little-endian)',
    });
  }

  #take(): number {
    if (this.#at >= this.#bytes.length) throw this.#fault('the body is cut short');
    return this.#bytes[this.#at++] as number;
  }

  #need(length: number): number {
    if (length > this.#bytes.length - this.#at) throw this.#fault('the body is cut short');
    const at = this.#at;
    this.#at += length;
    return at;
  }

  /** The head's argument; `INDEFINITE` for 31. */
  #argument(head: number): number {
    const low = head & 0x1f;
    if (low < 24) return low;
    if (low === 24) return this.#take();
    if (low === 25) return this.#view.getUint16(this.#need(2));
    if (low === 26) return this.#view.getUint32(this.#need(4));
    if (low === 27) {
      const at = this.#need(8);
      const value = this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
      if (value > Number.MAX_SAFE_INTEGER) throw this.#fault('an integer beyond 2^53', at);
      return value;
    }
    if (low === 31) return INDEFINITE;
    throw this.#fault('a reserved head', this.#at - 1);
  }

  #value(depth: number, breakMayCome: boolean): unknown {
    const at = this.#at;
    const head = this.#take();
    const major = head >> 5;
    if (major === 7) return this.#simple(head, at, breakMayCome);
    const argument = this.#argument(head);
    if (argument === INDEFINITE && (major < 3 || major === 6)) throw this.#fault('a head without length', at);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 3:
        return this.#text(argument);
      case 4:
        return this.#array(argument, this.#deeper(depth));
      case 5:
        return this.#map(argument, this.#deeper(depth));
      case 6:
        return this.#tagged(argument, at);
      default:
        throw this.#fault('a byte string outside tag 85', at);
    }
  }

  #deeper(depth: number): number {
    if (depth === 0) throw this.#fault(`nested deeper than ${VALUE_DEPTH} (limit ${VALUE_DEPTH})`);
    return depth - 1;
  }

  #simple(head: number, at: number, breakMayCome: boolean): unknown {
    switch (head) {
      case 0xf4:
        return false;
      case 0xf5:
        return true;
      case 0xf6:
        return null;
      case 0xf9:
        return halfFloat(this.#view.getUint16(this.#need(2)));
      case 0xfa:
        return this.#view.getFloat32(this.#need(4));
      case 0xfb:
        return this.#view.getFloat64(this.#need(8));
      case 0xff:
        if (breakMayCome) return BREAK;
        throw this.#fault('a break outside an indefinite value', at);
      default:
        throw this.#fault('a simple value other than false, true and null', at);
    }
  }

  #text(length: number): string {
    if (length !== INDEFINITE) return this.#chunk(length);
    let text = '';
    while (this.#bytes[this.#at] !== 0xff) {
      const at = this.#at;
      const head = this.#take();
      const part = head >> 5 === 3 ? this.#argument(head) : INDEFINITE;
      if (part === INDEFINITE) throw this.#fault('a text of parts that are not text', at);
      text += this.#chunk(part);
    }
    this.#at++;
    return text;
  }

  #chunk(length: number): string {
    const at = this.#need(length);
    const slice = this.#bytes.subarray(at, at + length);
    if (isAscii(slice)) return slice.toString('latin1');
    const text = fromUtf8(slice);
    if (text === undefined) throw this.#fault('text that is not UTF-8', at);
    return text;
  }

  #array(length: number, depth: number): unknown[] {
    const array: unknown[] = [];
    if (length === INDEFINITE) {
      for (let value = this.#value(depth, true); value !== BREAK; value = this.#value(depth, true)) array.push(value);
      return array;
    }
    if (length > this.#bytes.length - this.#at) throw this.#fault('the array is cut short');
    for (let i = 0; i < length; i++) array.push(this.#value(depth, false));
    return array;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const limit = length === INDEFINITE ? Number.POSITIVE_INFINITY : length;
    for (let i = 0; i < limit; i++) {
      const at = this.#at;
      const key = this.#value(0, length === INDEFINITE);
      if (key === BREAK) break;
      if (typeof key !== 'string') throw this.#fault('a key that is not text', at);
      if (key === '__proto__') throw this.#fault('the key "__proto__"', at);
      map[key] = this.#value(depth, false);
    }
    return map;
  }

  #tagged(tag: number, at: number): Float32Array {
    if (tag !== TAG_FLOAT32_LE) throw this.#fault(`tag ${tag}: only 85 (float32, little-endian) is taken`, at);
    const head = this.#take();
    const length = head >> 5 === 2 ? this.#argument(head) : INDEFINITE;
    if (length === INDEFINITE || length % 4 !== 0)
      throw this.#fault('tag 85 without a byte string of whole floats', at);
    const start = this.#bytes.byteOffset + this.#need(length);
    // Copied: the vector must not keep the whole body in memory, and rarely starts at a multiple of four.
    return new Float32Array(this.#bytes.buffer.slice(start, start + length));
  }
}

function halfFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
