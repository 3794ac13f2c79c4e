import { type NodeId, nodeIdOf } from '../core/ids.js';
import type { Instant } from '../core/machine.js';
import type { HeardBatch } from '../ports/radio.js';
import { Freshness, type KnownNodes } from '../trust/known-nodes.js';
import { FIRST_FAR_TYPE, FrameType, type Priority } from '../wire/frame-types.js';
import { FIXED_HEADER_BYTES, Flag, type Header, Offset } from '../wire/header.js';
import { useOf } from './air-load.js';
import { airtimeMs, type Carrier, isSlowAir } from './carrier.js';
import type { Link } from './links.js';

export const wantsHopAck = (type: number): boolean =>
  type !== FrameType.Beacon && type !== FrameType.Heartbeat && type !== FrameType.HopAck;

export function loadOf({ load, traits }: Carrier, batch: HeardBatch, i: number, now: Instant): void {
  load.used(airtimeMs(traits, lengthOf(batch, i)), useOf(typeOf(batch, i)), now.mono);
}

/** A message takes of the share of who transmitted it. */
export function shareOf(
  { shares, traits }: Carrier,
  transmitter: NodeId | undefined,
  batch: HeardBatch,
  i: number,
  now: Instant,
): void {
  if (typeOf(batch, i) < FIRST_FAR_TYPE) return;
  shares.transmitted(transmitter, priorityOf(batch, i), airtimeMs(traits, lengthOf(batch, i)), now.mono);
}

const lengthOf = ({ offsets }: HeardBatch, i: number): number => (offsets[i + 1] as number) - (offsets[i] as number);

export const typeOf = ({ slab, offsets }: HeardBatch, i: number): number =>
  slab[(offsets[i] as number) + Offset.Type] as number;

const priorityOf = ({ slab, offsets }: HeardBatch, i: number): Priority =>
  ((slab[(offsets[i] as number) + Offset.Flags] as number) >>> 6) as Priority;

/** Whether it is for one node. */
export const isDirected = ({ slab, offsets }: HeardBatch, i: number): boolean =>
  ((slab[(offsets[i] as number) + Offset.Flags] as number) & Flag.Directed) !== 0;

export function snrOf({ snrDb }: HeardBatch, i: number): number | undefined {
  const ratio = snrDb?.[i];
  return ratio === undefined || Number.isNaN(ratio) ? undefined : ratio;
}

/** A copy, because the batch is the radio's. */
export const frameOf = ({ slab, offsets }: HeardBatch, i: number): Uint8Array => slab.slice(offsets[i], offsets[i + 1]);

/**
 * Whether a link's ingest may see this frame. Beacons and lists of whom one hears speak for themselves, and what is link-local must come from the
 * link's own neighbour: else a forged one could take a place in the dedup cache that belongs to a genuine one.
 */
export function mayUse(link: Link, batch: HeardBatch, i: number): boolean {
  const start = batch.offsets[i] as number;
  const length = (batch.offsets[i + 1] as number) - start;
  if (length <= Offset.Type) return true;
  const type = typeOf(batch, i);
  if (type === FrameType.Beacon || type === FrameType.Hearing) return false;
  if (type >= FIRST_FAR_TYPE || length < FIXED_HEADER_BYTES) return true;
  return nodeIdOf(batch.slab, start + Offset.Source) === link.peer;
}

/** Over slow air, where beats take their time, the first word of a node of which nothing is known is taken. */
export function freshnessOver(
  carrier: Carrier,
  known: KnownNodes,
  { source, saltHint, sequence }: Pick<Header, 'source' | 'saltHint' | 'sequence'>,
): Freshness {
  const freshness = known.freshness(source, saltHint, sequence);
  if (freshness !== Freshness.UnknownBoot || !isSlowAir(carrier)) return freshness;
  return known.presume(source, saltHint, sequence) ? Freshness.Fresh : freshness;
}
