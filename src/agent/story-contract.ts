export type MessageCondition = 'sent' | 'delivered' | 'expired' | 'refused';

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

/** What is done for a message now that has no end yet. */
export interface StoryStanding {
  /**
   * `trying`: sent again until it is acknowledged; `waiting`: kept until a path leads there; `handing-over`: being handed over;
   * `transferring`: going in chunks.
   */
  readonly doing: 'trying' | 'waiting' | 'handing-over' | 'transferring';
  /** Whether a path leads to its destination. */
  readonly reachable: boolean;
  /** The neighbour that it would go to now. */
  readonly nextHop?: string;
  readonly attempts?: number;
  readonly nextTryAt?: number;
  readonly expiresAt: number;
  /** Neighbours that have a copy, or are being given one. */
  readonly keepers: readonly string[];
}

/** One message's story: what this node knows of it, oldest first. */
export interface MessageStory {
  readonly messageId: string;
  readonly to: string;
  readonly type: string;
  readonly priority: 'critical' | 'high' | 'medium' | 'low';
  readonly condition: MessageCondition;
  readonly createdAt: number;
  /** Of a large one, while it goes in chunks: what its destination has. */
  readonly progress?: { readonly doneBytes: number; readonly totalBytes: number };
  readonly events: readonly StoryEvent[];
  readonly standing?: StoryStanding;
}
