import type { JsonValue, PayloadInput, PayloadOutput } from './payload.js';
import type { StoryCondition } from './story.js';
import type { PriorityName } from './terms.js';

export interface SendInput extends PayloadInput {
  readonly to: string;
  readonly type: string;
  readonly priority?: PriorityName;
  readonly ack?: boolean;
  readonly timeoutMs?: number;
}

export interface Received extends Omit<PayloadOutput, 'large'> {
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly priority: PriorityName;
  readonly hops: number;
  readonly receivedAt: number;
  /** Of a large one, whose bytes `payload` gives. */
  readonly payloadBytes?: number;
  /** Of one that was kept on its way: how long ago it was sent. */
  readonly ageMs?: number;
}

export interface Sent {
  readonly messageId: string;
  /** Once a message to one node is on this node's disk, or delivered; at once for others. Rejects when it is neither. */
  readonly accepted: Promise<void>;
}

export interface Answer extends Omit<PayloadOutput, 'large'> {
  readonly messageId: string;
  readonly from: string;
  readonly tookMs: number;
}

export type Handler = (message: Received) => JsonValue | undefined | Promise<JsonValue | undefined>;

export interface Transfer {
  readonly messageId: string;
  readonly to: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly condition: StoryCondition;
}

export interface MessagesEvents {
  message(message: Received): void;
  /** A question for which this process has no handler. */
  query(message: Received): void;
  /** Of a large message of this node: what its destination has. The last one has its end. */
  transfer(transfer: Transfer): void;
  counted(reason: string): void;
}
