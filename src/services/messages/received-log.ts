import type { MessageId } from '../../core/ids.js';
import { Limit } from '../../core/limits.js';
import type { Received } from './message.js';
import type { Story, StoryEvent } from './story.js';

/** What came here lately, for who asks at this end what became of a message. In memory; the oldest goes first. */
export class ReceivedLog {
  readonly #stories = new Map<MessageId, Story>();

  received(id: MessageId, message: Received): void {
    const { from, to, type, priority, hops, receivedAt, ageMs, payloadBytes } = message;
    // A large payload is fetched from where it began: it has an age, and nobody had it on the way.
    const how = payloadBytes === undefined ? 'kept on its way' : 'fetched in chunks';
    const waited = ageMs === undefined ? {} : { detail: how };
    const event = { happenedAt: receivedAt, what: 'received', node: from, hops, ...waited };
    const createdAt = receivedAt - Math.round(ageMs ?? 0);
    this.#stories.delete(id);
    const condition = to === '*' ? 'received' : 'delivered';
    this.#stories.set(id, { messageId: id, to, type, priority, condition, createdAt, events: [event] });
    if (this.#stories.size > Limit.Stories) this.#stories.delete(this.#stories.keys().next().value as MessageId);
  }

  /** It came again, and was not given out a second time. */
  duplicate(id: MessageId, event: StoryEvent): void {
    const story = this.#stories.get(id);
    if (!story) return;
    const [first, again] = story.events;
    if (!first) return;
    const counted: StoryEvent = again
      ? { ...again, times: (again.times ?? 1) + 1, lastAt: event.happenedAt }
      : { ...event, what: 'duplicate' };
    this.#stories.set(id, { ...story, events: [first, counted] });
  }

  get(id: MessageId): Story | undefined {
    return this.#stories.get(id);
  }
}
