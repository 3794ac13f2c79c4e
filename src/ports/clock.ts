export interface Timer {
  cancel(): void;
}

/** The only source of time above the pure floors. Implementations: the system's clock, the simulator's. */
export interface Clock {
  /** Monotonic milliseconds, never stepping back. */
  now(): number;
  /** Unix milliseconds as this device believes them. */
  wall(): number;
  /** Runs `fn` once after `delayMs`; `name` shows in diagnostics. Never keeps the process alive. */
  timer(name: string, delayMs: number, fn: () => void): Timer;
}
