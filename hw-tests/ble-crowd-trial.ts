import { Crowd, type CrowdOptions, MAX_LINKS, type Member, SIZE } from './ble-crowd.js';

const LOOK_MS = 100;
/** Until no link is made any more. */
const SETTLE_MS = 45_000;
const REST_MS = 45_000;
/** One in ten moves or restarts each minute. */
export const CHANGES_PER_MINUTE = SIZE / 10;

export interface Trial {
  readonly connectedMs: number;
  /** Ends of links that went while nothing changed, within 45 s. */
  readonly restless: number;
  /** Of the time in which nodes move and restart, how much all were connected; 0 to 1. */
  readonly share: number;
  /** Of each time they were not: how long, and after which change. */
  readonly repairs: readonly { readonly ms: number; readonly after: string }[];
  /** At the end, all at rest again for 15 s. */
  readonly endsConnected: boolean;
  /** What hosts did that controllers do not allow. */
  readonly violations: readonly string[];
}

/** A crowd from its start through minutes in which nodes move, restart and lose power, in turns. */
export async function tryCrowd(options: CrowdOptions, minutes: number): Promise<Trial> {
  const crowd = new Crowd(options);
  try {
    await crowd.open();
    const connectedMs = await crowd.untilConnected(120_000);
    await crowd.pass(SETTLE_MS);
    const before = losses(crowd);
    await crowd.pass(REST_MS);
    const restless = losses(crowd) - before;
    const { share, repairs } = await unrest(crowd, minutes);
    await crowd.pass(15_000);
    return {
      connectedMs,
      restless,
      share,
      repairs,
      endsConnected: crowd.reached() === SIZE,
      violations: faults(crowd),
    };
  } finally {
    await crowd.close();
  }
}

const CHANGES = {
  move: (crowd: Crowd, member: Member) => crowd.move(member),
  restart: (crowd: Crowd, member: Member) => crowd.restart(member),
  crash: (crowd: Crowd, member: Member) => crowd.crash(member),
} as const;
const ORDER = ['move', 'restart', 'move', 'crash'] as const;

async function unrest(crowd: Crowd, minutes: number): Promise<Pick<Trial, 'share' | 'repairs'>> {
  const repairs: { ms: number; after: string }[] = [];
  const from = crowd.now;
  const everyMs = 60_000 / CHANGES_PER_MINUTE;
  let brokenSince: number | undefined;
  let brokenMs = 0;
  let last = '';
  for (let i = 0; i < minutes * CHANGES_PER_MINUTE; i++) {
    const member = crowd.any();
    const kind = ORDER[i % ORDER.length] as keyof typeof CHANGES;
    last = `${kind} of ${member.controller.name} at ${Math.round(crowd.now)}`;
    await CHANGES[kind](crowd, member);
    while (crowd.now < from + (i + 1) * everyMs) {
      const isWhole = crowd.reached() === SIZE;
      if (isWhole && brokenSince !== undefined) {
        repairs.push({ ms: crowd.now - brokenSince, after: last });
        brokenMs += crowd.now - brokenSince;
        brokenSince = undefined;
      } else if (!isWhole) brokenSince ??= crowd.now;
      await crowd.pass(LOOK_MS);
    }
  }
  if (brokenSince !== undefined) brokenMs += crowd.now - brokenSince;
  return { share: 1 - brokenMs / (crowd.now - from), repairs };
}

const losses = ({ members }: Crowd): number =>
  members.reduce((sum, { downs }) => sum + [...downs.values()].reduce((all, count) => all + count, 0), 0);

const faults = ({ members }: Crowd): string[] =>
  members.flatMap(({ controller }) => [
    ...controller.violations,
    ...(controller.linkCount > MAX_LINKS ? [`${controller.linkCount} links`] : []),
  ]);

/** One line for people. */
export function describeTrial({ connectedMs, restless, share, repairs, endsConnected }: Trial): string {
  const times = repairs.map(({ ms }) => Math.round(ms)).sort((a, b) => a - b);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  const slow = repairs.filter(({ ms }) => ms > 8_000).map(({ ms, after }) => `${Math.round(ms)} ms after ${after}`);
  return (
    `connected after ${Math.round(connectedMs)} ms; ${restless} link ends lost at rest; whole ${(100 * share).toFixed(1)} % of the time; ` +
    `${times.length} repairs, half within ${at(0.5)}, 95 % within ${at(0.95)}, all within ${at(1)} ms; ` +
    `${endsConnected ? 'ends connected' : 'ENDS IN PARTS'}${slow.length > 0 ? ` (${slow.join(', ')})` : ''}`
  );
}
