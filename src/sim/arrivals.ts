import type { MessageId } from '../core/ids.js';
import type { Delivered } from '../mesh/types.js';
import type { ObservedNode, Observer, SentMessage } from './observer.js';

export interface Arrival {
  readonly node: number;
  /** From the sending to the delivery, virtual ms. */
  readonly ms: number;
  readonly hops: number;
}

/** When each message a scenario put in reached whom; each node counts once. */
export class Arrivals implements Observer {
  readonly #of = new Map<MessageId, { readonly message: SentMessage; readonly by: Map<number, Arrival> }>();

  sent(message: SentMessage): void {
    this.#of.set(message.id, { message, by: new Map() });
  }

  delivered(node: ObservedNode, { id, hops }: Delivered, now: number): void {
    const story = this.#of.get(id);
    if (!story || story.by.has(node.index)) return;
    story.by.set(node.index, { node: node.index, ms: now - story.message.at, hops });
  }

  /** Nodes it reached, in order of arrival. */
  of(id: MessageId): readonly Arrival[] {
    return [...(this.#of.get(id)?.by.values() ?? [])];
  }

  /** What arrived of the messages `which` chooses. */
  all(which: (message: SentMessage) => boolean = () => true): Arrival[] {
    return [...this.#of.values()].filter(({ message }) => which(message)).flatMap(({ by }) => [...by.values()]);
  }

  messages(): SentMessage[] {
    return [...this.#of.values()].map(({ message }) => message);
  }
}
