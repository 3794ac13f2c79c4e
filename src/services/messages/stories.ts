import type { MessageId } from '../../core/ids.js';
import { Limit } from '../../core/limits.js';

export type StoryCondition = 'sent' | 'delivered' | 'expired' | 'refused';

export interface StoryEvent {
  readonly happenedAt: number;
  readonly what: string;
  readonly node?: string;
  readonly detail?: string;
}

export interface Story {
  readonly messageId: string;
  readonly to: string;
  readonly type: string;
  readonly priority: 'critical' | 'high' | 'medium' | 'low';
  readonly condition: StoryCondition;
  readonly createdAt: number;
  readonly events: readonly StoryEvent[];
}

/** What became of the messages sent from here. Bounded: the oldest story goes first. */
export class Stories {
  readonly #stories = new Map<MessageId, Story>();

  begin(id: MessageId, story: Omit<Story, 'messageId' | 'condition' | 'events'>): void {
    const events = [{ happenedAt: story.createdAt, what: 'sent' }];
    this.#stories.set(id, { messageId: id, ...story, condition: 'sent', events });
    if (this.#stories.size <= Limit.Stories) return;
    const oldest = this.#stories.keys().next();
    if (!oldest.done) this.#stories.delete(oldest.value);
  }

  note(id: MessageId, event: StoryEvent, condition?: StoryCondition): Story | undefined {
    const story = this.#stories.get(id);
    if (!story) return undefined;
    const told = { ...story, condition: condition ?? story.condition, events: [...story.events, event] };
    this.#stories.set(id, told);
    return told;
  }

  get(id: MessageId): Story | undefined {
    return this.#stories.get(id);
  }
}
