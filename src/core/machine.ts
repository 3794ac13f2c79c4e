/** A moment as a machine sees it. Machines never read a clock; the runner (or the simulator) passes this in. */
export interface Instant {
  /** Monotonic milliseconds: for timeouts and intervals. */
  readonly mono: number;
  /** Unix milliseconds as this device believes them: for stamps people read. */
  readonly wall: number;
}

/** A protocol machine: all it may do is return effects. Whoever runs it executes them. */
export interface Machine<Input, Effect> {
  step(input: Input, now: Instant): readonly Effect[];
  /** Monotonic time at which `step({kind:'tick'})` should next be called, or `undefined` when nothing is pending. */
  nextDeadline(): number | undefined;
}
