import type { ObservedNode, Observer, Transmission } from './observer.js';

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

const HEADER_BYTES = 20;
const TAG_BYTES = 8;

/**
 * A running hash (two 32-bit lanes of FNV-1a kind) over who transmitted what, when and to whom. Of a frame its header
 * and its tag go in: the tag is a hash of all of it.
 */
export class Trace implements Observer {
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;
  frames = 0;
  bytes = 0;

  transmitted(node: ObservedNode, { radio, to, frame }: Transmission, now: number): void {
    this.frames++;
    this.bytes += frame.length;
    this.#mix(node.index);
    this.#mix(radio);
    this.#mix(Math.floor(now));
    this.#mix(Math.floor((now % 1) * 2 ** 31));
    for (let i = 0; i < (to?.length ?? 0); i++) this.#mix((to as string).charCodeAt(i));
    this.#mix(frame.length);
    for (let i = 0; i < Math.min(HEADER_BYTES, frame.length); i++) this.#mix(frame[i] as number);
    for (let i = Math.max(0, frame.length - TAG_BYTES); i < frame.length; i++) this.#mix(frame[i] as number);
  }

  hash(): string {
    return `${hex(this.#a)}${hex(this.#b)}-${this.frames}-${this.bytes}`;
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193);
    this.#b = Math.imul((this.#b << 5) ^ (this.#b >>> 3) ^ word, 0x85ebca6b);
  }
}
