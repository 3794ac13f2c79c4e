import { equalBytes, readU16 } from '../core/bytes.js';
import { type NodeId, nodeIdOf } from '../core/ids.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';

export const PUBLIC_KEY_BYTES = 32;
export const BOOT_SALT_BYTES = 16;

/** One start of a node: its salt tells its frames from those of all other starts. */
export interface Boot {
  readonly salt: Uint8Array;
  /** Raised at every start and kept on disk. */
  readonly counter: number;
}

/** What this node is while it runs. */
export interface Self {
  readonly id: NodeId;
  readonly keys: KeyPair;
  readonly boot: Boot;
}

export const nodeIdOfKey = (crypto: Crypto, publicKey: Uint8Array): NodeId => nodeIdOf(crypto.sha256(publicKey));

export const saltHintOf = (salt: Uint8Array): number => readU16(salt, 0);

export const sameBoot = (a: Boot, b: Boot): boolean => a.counter === b.counter && equalBytes(a.salt, b.salt);
