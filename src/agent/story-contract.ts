import type { Story } from '../services/messages/story.js';

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

/** What this node knows of a message, and what is done for it now if it has no end yet. */
export interface MessageStory extends Story {
  readonly standing?: StoryStanding;
}
