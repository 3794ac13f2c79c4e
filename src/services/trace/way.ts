import type { NodeId } from '../../core/ids.js';
import { TraceEnd, type TraceReport, type TraceStep } from '../../mesh/trace-steps.js';

/** One link of a way, and the node at its end. */
export interface Leg {
  readonly node: NodeId;
  readonly step: TraceStep;
  /** The node said so itself; otherwise others say that the way leads there. */
  readonly answered: boolean;
  /** From the asker to this node and back. */
  readonly tookMs?: number;
}

/** Where a way ends short of its destination. */
export interface Stop {
  readonly why: 'no-way' | 'not-taken' | 'hop-limit' | 'loop' | 'silent';
  /** The last node that answered. */
  readonly at: NodeId;
  /** Where it went from there. */
  readonly next?: TraceStep;
}

interface Said {
  readonly report: TraceReport;
  readonly tookMs: number;
}

/** What one probe has found out so far, in whatever order the nodes say it. */
export class Way {
  readonly #to: NodeId;
  readonly #said = new Map<number, Said>();

  constructor(to: NodeId) {
    this.#to = to;
  }

  /** A node that says more replaces what it said, but keeps the links it named only once. */
  add(report: TraceReport, tookMs: number): void {
    const before = this.#said.get(report.hop);
    const isSame = before?.report.node === report.node;
    const merged = isSame ? { ...before.report, ...report } : report;
    this.#said.set(report.hop, { report: merged, tookMs: isSame ? before.tookMs : tookMs });
  }

  /** How many links away the last node is that answered. */
  get length(): number {
    return Math.max(0, ...this.#said.keys());
  }

  get reached(): boolean {
    const last = this.#said.get(this.length)?.report;
    return last?.end === TraceEnd.Arrived && last.node === this.#to;
  }

  /** Whether it has come to an end, there or on the way. */
  get isOver(): boolean {
    const last = this.#said.get(this.length)?.report;
    return last !== undefined && (last.end !== TraceEnd.GoesOn || this.#isCircle(last));
  }

  /** Over, and every node on the way has answered. */
  get isWhole(): boolean {
    return this.isOver && this.#said.size === this.length + 1;
  }

  /** The way there, as far as it is known. */
  legs(): Leg[] {
    const legs: Leg[] = [];
    for (let hop = 1; hop <= this.length; hop++) {
      const said = this.#said.get(hop);
      const before = this.#said.get(hop - 1)?.report.next;
      const came = said?.report.came;
      const isOne = before !== undefined && (!said || before.node === said.report.node);
      // Where a frame was sent on over another link than was said first, the one it came over counts. Its round trip is
      // known at one end, or at both.
      const step = isOne
        ? { ...(came?.rttMs !== undefined && { rttMs: came.rttMs }), ...before }
        : reversed(came, said?.report.node);
      const node = said?.report.node ?? before?.node ?? this.#said.get(hop + 1)?.report.came?.node;
      if (node === undefined) continue;
      legs.push({
        node,
        step: step ?? { node, radio: '', cost: 0, quality: 0 },
        answered: said !== undefined,
        ...(said && { tookMs: said.tookMs }),
      });
    }
    return legs;
  }

  stop(): Stop | undefined {
    if (this.reached) return undefined;
    const last = this.#said.get(this.length)?.report;
    if (!last) return undefined;
    const { node: at, next } = last;
    const why =
      last.end === TraceEnd.NoWay
        ? 'no-way'
        : last.end === TraceEnd.HopLimit
          ? 'hop-limit'
          : this.#isCircle(last)
            ? 'loop'
            : last.end === TraceEnd.NotTaken
              ? 'not-taken'
              : 'silent';
    return { why, at, ...(next && { next }) };
  }

  /** It goes on to where it was already, and is not taken a second time there. */
  #isCircle({ next }: TraceReport): boolean {
    if (!next) return false;
    for (const { report } of this.#said.values()) if (report.node === next.node) return true;
    return false;
  }

  /** By node, the link that leads from it to the asker. */
  backSteps(): Map<NodeId, TraceStep> {
    const steps = new Map<NodeId, TraceStep>();
    for (const [hop, { report }] of this.#said) {
      const step = report.back ?? report.came;
      if (hop > 0 && step) steps.set(report.node, step);
    }
    return steps;
  }
}

/** A link as its other end knows it, seen from this one. */
const reversed = (came: TraceStep | undefined, node: NodeId | undefined): TraceStep | undefined =>
  came && node !== undefined ? { ...came, node } : undefined;
