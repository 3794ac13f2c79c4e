import { type MessageId, type NodeId, parseMessageId } from '../../core/ids.js';
import type { Clock } from '../../ports/clock.js';
import type { Store } from '../../ports/store.js';
import { codeFrom } from './faults.js';
import type { MessagesEvents, Received } from './message.js';
import type { Outcome, Waypoint } from './messages-mesh.js';
import { ReceivedLog } from './received-log.js';
import { type Fate, Stories } from './stories.js';
import type { Progress, Story } from './story.js';
import { eventOf, NO_PATH, type Trail } from './trail.js';

const NO_ACK = 'a path leads there, but no acknowledgement came back';

/** Makes stories of what the mesh says of messages: of those sent from here, and of those that came here. */
export class Telling {
  readonly #stories: Stories;
  readonly #arrived = new ReceivedLog();
  readonly #clock: Clock;
  readonly #events: MessagesEvents;
  readonly #reaches: (node: NodeId) => boolean;

  constructor(store: Store, clock: Clock, events: MessagesEvents, reaches: (node: NodeId) => boolean) {
    this.#stories = new Stories(store, clock, () => events.counted('stories.store'));
    this.#clock = clock;
    this.#events = events;
    this.#reaches = reaches;
  }

  get(id: MessageId): Story | undefined {
    return this.#stories.get(id);
  }

  /** Also of a message that came here lately. */
  find(messageId: string): Story | undefined {
    const id = parseMessageId(messageId);
    return id && (this.#stories.get(id) ?? this.#arrived.get(id));
  }

  flush(): void {
    this.#stories.flush();
  }

  begin(id: MessageId, message: Pick<Story, 'to' | 'type' | 'priority'>, fate: Fate): void {
    this.#stories.begin(id, { ...message, createdAt: this.#clock.wall() }, fate);
  }

  received(id: MessageId, message: Received): void {
    this.#arrived.received(id, message);
  }

  /** What is done for a message. */
  trail(trail: Trail): void {
    const event = eventOf(trail, this.#clock.wall());
    const { id, what, node } = trail;
    if (what === 'duplicate') return this.#arrived.duplicate(id, event);
    const story = this.#stories.get(id);
    // Of what has its end only that a copy came there again, and that from nobody else.
    const isTold =
      what === 'again' ? story?.condition === 'delivered' && story.to === node : story?.condition === 'sent';
    if (isTold) this.#stories.note(id, event);
  }

  progress(id: MessageId, progress: Progress): void {
    this.#stories.progress(id, progress);
    this.#transfer(id, progress);
  }

  waypoint({ id, what, node, code }: Waypoint): void {
    if (what === 'kept') return;
    const detail = code === undefined ? {} : { detail: codeFrom(code, 'custody.unknown') };
    // Its end with a keeper is not the end of the message.
    const told = what === 'expired' ? 'given-up' : what;
    this.#stories.note(id, { happenedAt: this.#clock.wall(), what: told, ...(node && { node }), ...detail });
  }

  /** `code`: of a refusal, fit to be shown. */
  outcome({ id, outcome, node, back }: Outcome, code: string | undefined): void {
    const { to, progress } = this.#stories.get(id) ?? {};
    const detail = code !== undefined ? { detail: code } : outcome === 'expired' ? this.#lostBecause(to) : {};
    // Who says it for another is worth naming; else the neighbour by which the word came.
    const by =
      node !== undefined && node !== to
        ? { node }
        : back && { ...(back.via !== undefined && { node: back.via }), hops: back.hops };
    this.#stories.note(id, { happenedAt: this.#clock.wall(), what: outcome, ...by, ...detail }, outcome);
    if (progress) this.#transfer(id, progress);
  }

  /** Why a message that expired is taken to be lost, as far as this node can know. */
  #lostBecause(to: string | undefined): { readonly detail?: string } {
    if (to === undefined || to === '*') return {};
    return { detail: this.#reaches(to as NodeId) ? NO_ACK : NO_PATH };
  }

  #transfer(id: MessageId, progress: Progress): void {
    const story = this.#stories.get(id);
    if (!story) return;
    const { to, condition } = story;
    const doneBytes = condition === 'delivered' ? progress.totalBytes : progress.doneBytes;
    this.#events.transfer({ messageId: id, to, ...progress, doneBytes, condition });
  }
}
