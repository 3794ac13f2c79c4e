/** How long the start of an agent is waited for, and until two have met: a machine that also builds and tests is slow. */
export const START_MS = 60_000;
