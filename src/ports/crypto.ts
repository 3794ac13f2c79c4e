export interface KeyPair {
  /** Raw 32-byte Ed25519 public key. */
  readonly publicKey: Uint8Array;
  /** Raw 32-byte Ed25519 seed. */
  readonly secretKey: Uint8Array;
}

/** All calls are synchronous and deterministic given their arguments, except `randomBytes` and `generate`. */
export interface Crypto {
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  /** HKDF-SHA256 (RFC 5869). */
  hkdf(secret: Uint8Array, salt: Uint8Array, info: string, length: number): Uint8Array;
  generate(): KeyPair;
  keyPairOf(secretKey: Uint8Array): KeyPair;
  /** Ed25519 (RFC 8032): a 64-byte signature. */
  sign(keys: KeyPair, message: Uint8Array): Uint8Array;
  /** False for a wrong signature and for any malformed key or signature; never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  randomBytes(length: number): Uint8Array;
}
