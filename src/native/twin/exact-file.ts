import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { messageOf } from '../../core/errors.js';
import { hotPathError } from '../checks.js';

const MODE = 0o600;
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Files that indexes of this process hold open, as device and inode. */
const inUse = new Set<string>();

const identityOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev}:${ino}`;

/**
 * The float32 vectors of an index, row by row in a file. Read and written, never mapped: should somebody cut the file
 * short, a read comes back short, where a mapping would end the process.
 */
export class ExactFile {
  readonly #path: string;
  readonly #rowBytes: number;
  readonly #row: Float32Array;
  readonly #identity: string;
  #file: number | undefined;

  /** Throws `index.file` when it cannot be made, is no regular file, or serves another index. */
  constructor(path: string, dimension: number) {
    this.#path = path;
    this.#rowBytes = dimension * Float32Array.BYTES_PER_ELEMENT;
    this.#row = new Float32Array(dimension);
    try {
      this.#file = openSync(path, FLAGS, MODE);
      this.#identity = this.#empty(this.#file);
    } catch (error) {
      if (this.#file !== undefined) closeSync(this.#file);
      throw fileError(path, error);
    }
    inUse.add(this.#identity);
  }

  /** Writes vectors one behind the other from row `row` on. Throws `index.file`. */
  write(row: number, vectors: Float32Array): void {
    const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#open(), bytes, done, bytes.length - done, row * this.#rowBytes + done);
      }
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  /** The vector of a row, good until the next call; `undefined` when the file does not give it. */
  read(row: number): Float32Array | undefined {
    const bytes = new Uint8Array(this.#row.buffer);
    try {
      for (let done = 0; done < bytes.length; ) {
        const got = readSync(this.#open(), bytes, done, bytes.length - done, row * this.#rowBytes + done);
        if (got === 0) return undefined;
        done += got;
      }
      return this.#row;
    } catch {
      return undefined;
    }
  }

  /** False when the file does not let itself be read or written. */
  move(from: number, to: number): boolean {
    const vector = this.read(from);
    if (vector === undefined) return false;
    try {
      this.write(to, vector);
      return true;
    } catch {
      return false;
    }
  }

  /** Takes the name away, if it still is this file's; the file itself stays for who still reads, until `close`. */
  remove(): void {
    try {
      if (identityOf(lstatSync(this.#path)) === this.#identity) unlinkSync(this.#path);
    } catch {
      // Somebody else removed it.
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    inUse.delete(this.#identity);
  }

  /** Nothing of a file that is there may change before it is known to be a regular one that serves nobody else. */
  #empty(file: number): string {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error('it is no regular file');
    const identity = identityOf(stat);
    if (inUse.has(identity)) throw new Error('it serves another index');
    fchmodSync(file, MODE);
    ftruncateSync(file, 0);
    return identity;
  }

  #open(): number {
    if (this.#file === undefined) throw new Error('the file is closed');
    return this.#file;
  }
}

const fileError = (path: string, error: unknown) =>
  hotPathError('index.file', `the file for exact vectors cannot be used: ${messageOf(error)}: ${path}`);
