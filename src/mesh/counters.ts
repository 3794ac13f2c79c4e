import { frameTypeName, type Priority } from '../wire/frame-types.js';
import type { ByPriority } from './link-traffic.js';

/** A frame's type is one byte. */
const TYPES = 256;

/** What the engine counts: frames refused by reason, messages by type, and the work of flooding and delivery. */
export class Counters {
  readonly refused = new Map<string, number>();
  /** By type: counted for each frame, and looked at now and then. */
  readonly #received = new Float64Array(TYPES);
  readonly #sent = new Float64Array(TYPES);
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

  /** `flaps`: links that went down without a goodbye; `damped`: times that became too often for one; `replaced`: links that made room for others. */
  readonly links = { flaps: 0, damped: 0, replaced: 0 };

  /** By the names of types. */
  get received(): ReadonlyMap<string, number> {
    return named(this.#received);
  }

  get sent(): ReadonlyMap<string, number> {
    return named(this.#sent);
  }

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
    (this.#received[type] as number)++;
  }

  countSent(type: number): void {
    (this.#sent[type] as number)++;
  }
}

function named(counts: Float64Array): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const [type, count] of counts.entries()) if (count > 0) names.set(frameTypeName(type), count);
  return names;
}
