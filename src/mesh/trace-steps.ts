import { toHex, utf8 } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import { DEFAULT_TTL } from '../core/limits.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { type Link, linkCost } from './links.js';

/** What becomes of a probe at a node. */
export const TraceEnd = { GoesOn: 0, Arrived: 1, NoWay: 2, HopLimit: 3, NotTaken: 4 } as const;
export type TraceEnd = (typeof TraceEnd)[keyof typeof TraceEnd];

export const TOKEN_BYTES = 8;
const RADIO_BYTES_MAX = 24;

/** A link, as the node at one end of it knows it. */
export interface TraceStep {
  /** At the other end. */
  readonly node: NodeId;
  readonly radio: string;
  readonly rttMs?: number;
  readonly cost: number;
  /** Share of frames acknowledged, 0 to 1. */
  readonly quality: number;
}

/** What one node on the way says. Hop 0 is the node that asks. */
export interface TraceReport {
  readonly hop: number;
  readonly node: NodeId;
  readonly came?: TraceStep;
  readonly next?: TraceStep;
  readonly back?: TraceStep;
  readonly end: TraceEnd;
}

export const stepOver = (link: Link): TraceStep => ({
  node: link.peer as NodeId,
  radio: link.carrier.name,
  ...(link.rttMs !== undefined && { rttMs: link.rttMs }),
  cost: linkCost(link),
  quality: link.quality,
});

/** Whole characters that fit. */
function shortened(text: string): string {
  let kept = text.slice(0, RADIO_BYTES_MAX);
  while (utf8(kept).length > RADIO_BYTES_MAX) kept = kept.slice(0, -1);
  return kept;
}

const toWire = ({ node, radio, rttMs, cost, quality }: TraceStep) => ({
  node: nodeIdBytes(node),
  radio: shortened(radio),
  rttUs: rttMs === undefined ? 0 : Math.min(0xffff_ffff, Math.max(1, Math.round(rttMs * 1_000))),
  cost: Math.min(0xffff_ffff, Math.round(cost)),
  quality: Math.round(Math.min(1, Math.max(0, quality)) * 1_000),
});

export const encodeReply = (token: Uint8Array, { hop, came, next, back, end }: TraceReport): Uint8Array =>
  encode(Body.TraceReplySchema, {
    token,
    hop,
    ...(came && { came: toWire(came) }),
    ...(next && { next: toWire(next) }),
    ...(back && { back: toWire(back) }),
    end,
  });

const ENDS: ReadonlySet<number> = new Set(Object.values(TraceEnd));

/** `undefined` for what no node of ours says. */
export function readReply(node: NodeId, bytes: Uint8Array): { token: string; report: TraceReport } | undefined {
  const reply = decode(Body.TraceReplySchema, bytes);
  if (reply?.token.length !== TOKEN_BYTES || !ENDS.has(reply.end)) return undefined;
  if (reply.hop < 1 || reply.hop > DEFAULT_TTL + 1) return undefined;
  const steps: { -readonly [K in 'came' | 'next' | 'back']?: TraceStep } = {};
  for (const key of ['came', 'next', 'back'] as const) {
    const step = reply[key];
    if (!step) continue;
    const read = fromWire(step);
    if (!read) return undefined;
    steps[key] = read;
  }
  return { token: toHex(reply.token), report: { hop: reply.hop, node, ...steps, end: reply.end as TraceEnd } };
}

function fromWire({ node, radio, rttUs, cost, quality }: Body.TraceStep): TraceStep | undefined {
  if (node.length !== 8 || utf8(radio).length > RADIO_BYTES_MAX || quality > 1_000) return undefined;
  const rtt = rttUs === 0 ? {} : { rttMs: rttUs / 1_000 };
  return { node: nodeIdOf(node), radio, ...rtt, cost, quality: quality / 1_000 };
}
