import { frameTypeName, type Priority } from '../wire/frame-types.js';
import type { ByPriority } from './link-traffic.js';

/** What the engine counts: frames refused by reason, messages by type, and the work of flooding and delivery. */
export class Counters {
  readonly refused = new Map<string, number>();
  readonly received = new Map<string, number>();
  readonly sent = new Map<string, number>();
  /** Bytes of frames handed to each carrier, by carrier index. */
  readonly bytesOut = new Map<number, number>();
  /** Airtime in ms that each carrier took, by carrier index: one number for each priority. */
  readonly airtimeMs = new Map<number, [number, number, number, number]>();
  readonly flood = { originated: 0, relayed: 0, suppressed: 0, duplicates: 0, shouted: 0, overheard: 0 };
  /** `repairs`: answers to what is missing of a message, upon which that was sent. */
  readonly delivery = { delivered: 0, expired: 0, refused: 0, retries: 0, repairs: 0, latencySumMs: 0 };
  /**
   * `kept`: messages of others taken into custody here; `handedOn`: copies of this node's taken by others; `received`: meant for
   * this node; `delivered`, `refused`, `expired`: ends of what was in custody here; `givenUp`: for want of room.
   */
  readonly custody = {
    kept: 0,
    handedOn: 0,
    received: 0,
    delivered: 0,
    refused: 0,
    expired: 0,
    givenUp: 0,
    restored: 0,
  };
  /** `refused`: the radio had no room, and the frame was kept for later; `diverted`: it went another way, as the next hop did not answer. */
  readonly hop = { sent: 0, retransmitted: 0, failed: 0, queueDropped: 0, refused: 0, diverted: 0 };

  /** Frames that found no place in the queue of a link, or lost it, by priority. */
  readonly dropped: ByPriority = [0, 0, 0, 0];
  /**
   * Of payloads that go in chunks: chunks given and got, with their bytes; `repeated`: those that came twice or were asked for
   * again; `done` and `received`: whole ones.
   */
  readonly transfers = {
    chunksOut: 0,
    bytesOut: 0,
    chunksIn: 0,
    bytesIn: 0,
    repeated: 0,
    done: 0,
    received: 0,
    resumed: 0,
  };

  /**
   * Heartbeats that ask for an answer, those without one, neighbours suspected and heard after all, others asked about them, answers given to others,
   * nodes and mere links given up, and times this node itself stood still.
   */
  readonly liveness = {
    probes: 0,
    unanswered: 0,
    suspected: 0,
    refuted: 0,
    asked: 0,
    vouched: 0,
    nodesDead: 0,
    linksDead: 0,
    stalls: 0,
  };

  /** Reasons are a fixed vocabulary of the code, so the map is bounded. */
  refuse(reason: string, by = 1): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + by);
  }

  countBytes(carrier: number, bytes: number): void {
    this.bytesOut.set(carrier, (this.bytesOut.get(carrier) ?? 0) + bytes);
  }

  countAirtime(carrier: number, priority: Priority, ms: number): void {
    const airtime = this.airtimeMs.get(carrier) ?? [0, 0, 0, 0];
    airtime[priority] += ms;
    this.airtimeMs.set(carrier, airtime);
  }

  countDropped(dropped: ByPriority): void {
    dropped.forEach((frames, priority) => {
      (this.dropped[priority] as number) += frames;
      this.hop.queueDropped += frames;
    });
  }

  countReceived(type: number): void {
    bump(this.received, type);
  }

  countSent(type: number): void {
    bump(this.sent, type);
  }
}

function bump(counts: Map<string, number>, type: number): void {
  const name = frameTypeName(type);
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
