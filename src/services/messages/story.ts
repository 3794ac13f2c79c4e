/** `received`: here, of what went to all; asked at its destination, what went to one node is `delivered`. */
export type StoryCondition = 'sent' | 'received' | 'delivered' | 'expired' | 'refused';

/** `what`: `docs/operations.md` has them all, and what to do about each. */
export interface StoryEvent {
  readonly happenedAt: number;
  readonly what: string;
  readonly node?: string;
  readonly detail?: string;
  readonly radio?: string;
  /** Links on the way. */
  readonly hops?: number;
  /** The same happened so often, and last at this time. */
  readonly times?: number;
  readonly lastAt?: number;
}

/** Of a large message, while it goes in chunks: what its destination has. */
export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** One message's story: what this node knows of it, oldest first. */
export interface Story {
  readonly messageId: string;
  readonly to: string;
  readonly type: string;
  readonly priority: 'critical' | 'high' | 'medium' | 'low';
  readonly condition: StoryCondition;
  readonly createdAt: number;
  readonly progress?: Progress;
  readonly events: readonly StoryEvent[];
}
