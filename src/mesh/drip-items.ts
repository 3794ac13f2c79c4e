import { readU32, utf8 } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { Crypto } from '../ports/crypto.js';
import { parseBeat } from '../trust/beat.js';
import { Body, encode } from '../wire/bodies.js';
import type { Priority } from '../wire/frame-types.js';

const ID_BYTES = 8;
const NOBODY = new Uint8Array(0);

export const DripKind = { Beat: 1, State: 2, Alert: 3, Segment: 4 } as const;
export type DripKind = (typeof DripKind)[keyof typeof DripKind];

/** One small thing that is to reach everybody: the newest beat or state of one node, an alert, or what a segment's head says of it. */
export interface DripItem {
  readonly kind: DripKind;
  readonly source: NodeId;
  readonly saltHint: number;
  /** Of the frame it was originated in; 0 for a beat. */
  readonly sequence: number;
  /** Orders the items of one source and kind: newer is greater. Alerts stand side by side, it tells them apart. */
  readonly rank: bigint;
  readonly body: Uint8Array;
  /** Of an alert. */
  readonly priority?: Priority | undefined;
  /** When an alert was raised, a beat or a summary signed, on this node's monotonic clock. */
  readonly raisedAt?: number | undefined;
}

/** Of alerts there is one for each rank, of the others one for each source. */
export const keyOf = (kind: number, source: NodeId, rank: bigint): string =>
  kind === DripKind.Alert ? `${kind}${source}${rank}` : `${kind}${source}`;

export const keyOfItem = ({ kind, source, rank }: DripItem): string => keyOf(kind, source, rank);

/** Whether nobody waits for it: what the heads of segments say, and a further beat of a boot that is vouched for already. */
export const isRoutine = ({ kind, rank }: DripItem, before: DripItem | undefined): boolean =>
  kind === DripKind.Segment || (kind === DripKind.Beat && before !== undefined && before.rank >> 32n === rank >> 32n);

export const isKind = (kind: number): kind is DripKind => kind >= DripKind.Beat && kind <= DripKind.Segment;

/** What makes an alert one of its source's. */
export const alertRank = (saltHint: number, sequence: number): bigint => (BigInt(saltHint) << 32n) | BigInt(sequence);

/** The body of a Drip frame. `brief`: of a beat only what it does not say itself, so that it fits a frame of slow air. */
export const dripBody = (items: readonly DripItem[], now: Instant, brief = false): Uint8Array =>
  encode(Body.DripSchema, {
    items: items.map(({ kind, source, saltHint, sequence, body, priority, raisedAt }) => {
      const names = kind !== DripKind.Beat || !brief;
      return {
        kind,
        sequence,
        body,
        priority: priority ?? 0,
        source: names ? nodeIdBytes(source) : NOBODY,
        saltHint: names ? saltHint : 0,
        ageS: raisedAt === undefined ? 0 : Math.max(0, Math.round((now.mono - raisedAt) / 1_000)),
      };
    }),
  });

/** 32 bits that differ for each item and rank. Two alerts of one source may say the same: they differ by their names. */
export const hashOf = ({ source, kind, rank, body }: DripItem, crypto: Pick<Crypto, 'sha256'>): number =>
  readU32(crypto.sha256(nodeIdBytes(source), Uint8Array.of(kind), kind === DripKind.Alert ? utf8(`${rank}`) : body), 0);

/** Of whom an item is, as it came: a brief beat says so itself. `undefined` when it is malformed. */
export function sourceOf({ kind, source, body }: Pick<Body.DripItem, 'kind' | 'source' | 'body'>): NodeId | undefined {
  if (source.length === ID_BYTES) return nodeIdOf(source);
  return kind === DripKind.Beat && source.length === 0 ? parseBeat(body)?.beat.author : undefined;
}
