/** What a link has carried since it came up, and what waits for it. Four numbers: one for each priority, the most urgent first. */
export interface LinkTraffic {
  framesOut: number;
  bytesOut: number;
  framesIn: number;
  bytesIn: number;
  /** Frames sent again, and frames given up. */
  retransmitted: number;
  failed: number;
  readonly queued: ByPriority;
  /** Frames that found no place in the queue, or lost it. */
  readonly dropped: ByPriority;
}

export type ByPriority = [number, number, number, number];

export const noTraffic = (): LinkTraffic => ({
  framesOut: 0,
  bytesOut: 0,
  framesIn: 0,
  bytesIn: 0,
  retransmitted: 0,
  failed: 0,
  queued: [0, 0, 0, 0],
  dropped: [0, 0, 0, 0],
});
