/** Randomness for jitter, sampling and salts of protocol timers. Never for keys: those come from `Crypto.randomBytes`. */
export interface Random {
  u32(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  bytes(length: number): Uint8Array;
  chance(probability: number): boolean;
  /** An independent stream, the same for the same label and parent seed. */
  fork(label: string): Random;
}
