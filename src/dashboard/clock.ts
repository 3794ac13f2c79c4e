/** The browser's time, in one place. */
export const wallMs = (): number => window.performance.timeOrigin + window.performance.now();

export interface Pause {
  cancel(): void;
}

export function after(delayMs: number, fn: () => void): Pause {
  const handle = window.setTimeout(fn, delayMs);
  return { cancel: () => window.clearTimeout(handle) };
}
