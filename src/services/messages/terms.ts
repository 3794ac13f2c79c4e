import { EdgeError } from '../../core/errors.js';

export const PRIORITY_NAMES = ['critical', 'high', 'medium', 'low'] as const;
export type PriorityName = (typeof PRIORITY_NAMES)[number];

/** How long who waits for the end of a message, or for an answer, waits. */
const WAIT_DEFAULT_MS = 30_000;
const WAIT_MAX_MS = 600_000;
/** How long a message to one node is kept for it, and at most. */
const LIFE_DEFAULT_MS = 24 * 3_600_000;
const LIFE_MAX_MS = 7 * 24 * 3_600_000;
interface Terms {
  readonly to: string;
  readonly ack?: boolean;
  readonly timeoutMs?: number;
}

/** How long a message may travel. */
export const lifeOf = ({ to, ack, timeoutMs }: Terms): number =>
  checkedTimeout(timeoutMs ?? (to === '*' || ack === false ? WAIT_DEFAULT_MS : LIFE_DEFAULT_MS), LIFE_MAX_MS);

/** How long its sender waits for its end. */
export const waitOf = ({ timeoutMs }: Terms): number => checkedTimeout(timeoutMs ?? WAIT_DEFAULT_MS, WAIT_MAX_MS);

function checkedTimeout(timeoutMs: number, most: number): number {
  if (timeoutMs >= 1 && timeoutMs <= most) return timeoutMs;
  throw new EdgeError('message.timeout', `timeoutMs is 1 to ${most} here, not ${timeoutMs}`, {
    fix: 'give milliseconds in that range',
  });
}

export function checkPriority(priority: string): void {
  if (PRIORITY_NAMES.some((name) => name === priority)) return;
  throw new EdgeError('message.priority', `there is no priority ${JSON.stringify(priority)}`, {
    fix: `give one of ${PRIORITY_NAMES.join(', ')}`,
  });
}
