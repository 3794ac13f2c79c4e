import { join } from 'node:path';
import { fromHex, readU16, readU32, toHex, utf8 } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import type { Crypto } from '../ports/crypto.js';
import { readIfThere, writeDurably } from './durable-file.js';

export interface Boot {
  /** How often this node has started, from 1; never goes back. */
  readonly counter: number;
  /** 16 bytes; the first two are the hint in message ids. */
  readonly salt: Uint8Array;
  /** Where the sequence of messages starts: a random 31-bit number. */
  readonly firstSequence: number;
}

interface BootRecord {
  readonly counter: number;
  /** The hints of the last starts, latest last. */
  readonly hints: readonly number[];
}

type Copy = BootRecord | 'absent' | 'damaged';

const SALT_BYTES = 16;
/** A new hint differs from this many before it. */
export const HINTS_KEPT = 64;

const COPIES = ['boot.a', 'boot.b'] as const;
const DRAWS_MAX = 64;
const RECORD_TEXT = /^edge-agent-boot 1\ncounter (\d{1,15})\nhints ((?:[0-9a-f]{4})*)\n$/;
const SUM_LINE = /sum ([0-9a-f]{64})\n$/;

/**
 * Draws the salt of this start and raises the boot counter, both on disk on return. Two checksummed copies are written
 * in turn; when one is damaged the counter is raised past what that one may have held.
 * Throws `identity.boot` when no copy is readable although one was written.
 */
export function nextBoot(directory: string, crypto: Crypto): Boot {
  const copies = COPIES.map((name) => readCopy(join(directory, name), crypto));
  const [a = 'absent', b = 'absent'] = copies;
  const latest = later(a, b);
  if (latest === undefined && (a === 'damaged' || b === 'damaged'))
    throw new EdgeError('identity.boot', `The boot records in ${directory} are damaged.`, {
      status: 500,
      fix: `Restore ${COPIES.join(' and ')} from a copy. Or remove both: the counter then starts at 1 and the mesh may ask a person whether this card was cloned.`,
    });
  const lostOne = latest !== undefined && (typeof a !== 'object' || typeof b !== 'object');
  const counter = (latest?.counter ?? 0) + (lostOne ? 2 : 1);
  const hints = latest?.hints ?? [];
  const salt = drawSalt(crypto, hints);
  const record = { counter, hints: [...hints, readU16(salt, 0)].slice(-HINTS_KEPT) };
  // The first start writes both: from then on a copy that is missing was lost.
  const due = latest === undefined ? COPIES : [latest === a ? COPIES[1] : COPIES[0]];
  for (const name of due) writeDurably(join(directory, name), textOf(record, crypto));
  return { counter, salt, firstSequence: readU32(crypto.randomBytes(4), 0) >>> 1 };
}

function later(a: Copy, b: Copy): BootRecord | undefined {
  if (typeof a !== 'object') return typeof b === 'object' ? b : undefined;
  return typeof b === 'object' && b.counter > a.counter ? b : a;
}

function drawSalt(crypto: Crypto, hints: readonly number[]): Uint8Array {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const salt = crypto.randomBytes(SALT_BYTES);
    if (!hints.includes(readU16(salt, 0))) return salt;
  }
  throw new EdgeError('identity.random', `The random source repeated itself ${DRAWS_MAX} times.`, {
    status: 500,
    fix: 'Check /dev/urandom: the device has no working source of randomness.',
  });
}

function textOf(record: BootRecord, crypto: Crypto): string {
  const hints = record.hints.map((hint) => hint.toString(16).padStart(4, '0')).join('');
  const body = `edge-agent-boot 1\ncounter ${record.counter}\nhints ${hints}\n`;
  return `${body}sum ${toHex(crypto.sha256(utf8(body)))}\n`;
}

function readCopy(path: string, crypto: Crypto): Copy {
  const text = readIfThere(path)?.toString('latin1');
  if (text === undefined) return 'absent';
  const sum = SUM_LINE.exec(text);
  const body = text.slice(0, sum?.index ?? 0);
  const match = RECORD_TEXT.exec(body);
  if (!sum || !match || toHex(crypto.sha256(utf8(body))) !== sum[1]) return 'damaged';
  const hints = fromHex(match[2] ?? '') as Uint8Array;
  return {
    counter: Number(match[1]),
    hints: Array.from({ length: hints.length / 2 }, (_, i) => readU16(hints, 2 * i)),
  };
}
