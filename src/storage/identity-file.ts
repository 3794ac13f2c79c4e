import { statSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes, fromHex, toHex } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import type { Crypto, KeyPair } from '../ports/crypto.js';
import { guardFiles, readIfThere, writeDurably } from './durable-file.js';

export interface Identity {
  readonly keys: KeyPair;
  /** True when no key file was there and a new identity was drawn. */
  readonly created: boolean;
}

const KEY_FILE = 'identity.key';
const KEY_TEXT = /^edge-agent-identity 1\nsecret ([0-9a-f]{64})\npublic ([0-9a-f]{64})\n$/;
const OTHERS_MODE = 0o077;

/**
 * The node's Ed25519 key pair from `identity.key` (0600), drawn and made durable when the file is absent.
 * Throws `identity.permissions` when others may read it and `identity.corrupt` when it is damaged: a damaged key is
 * never replaced, as that would make another node of this device.
 */
export function loadIdentity(directory: string, crypto: Crypto): Identity {
  const path = join(directory, KEY_FILE);
  const text = readIfThere(path)?.toString('latin1');
  if (text === undefined) {
    const keys = crypto.generate();
    writeDurably(path, `edge-agent-identity 1\nsecret ${toHex(keys.secretKey)}\npublic ${toHex(keys.publicKey)}\n`);
    return { keys, created: true };
  }
  const mode = guardFiles(path, () => statSync(path).mode);
  if ((mode & OTHERS_MODE) !== 0)
    throw new EdgeError('identity.permissions', `Others may read the private key in ${path}.`, {
      status: 500,
      fix: `chmod 600 ${path}`,
      details: { path, mode: (mode & 0o777).toString(8) },
    });
  const match = KEY_TEXT.exec(text);
  const keys = match?.[1] === undefined ? undefined : crypto.keyPairOf(fromHex(match[1]) as Uint8Array);
  // The public half is a check: one flipped bit of the secret is another valid key.
  if (!keys || !equalBytes(keys.publicKey, fromHex(match?.[2] ?? '') as Uint8Array))
    throw new EdgeError('identity.corrupt', `The identity in ${path} is damaged.`, {
      status: 500,
      fix: `Restore ${path} from a copy. Or, to join the mesh as a new node, move it aside and start again.`,
      details: { path },
    });
  return { keys, created: false };
}
