import { messageOf } from '../core/errors.js';
import type { Log } from '../ports/log.js';
import type { AgentEventName, AgentEvents } from './contract.js';

/** Listeners of one agent; a further one is refused, as it is most likely a leak. */
const LISTENERS_MAX = 1_024;

type Listener<Name extends AgentEventName> = (payload: AgentEvents[Name]) => void;

/** What an agent tells its listeners. One that throws is logged and harms nobody else. */
export class Events {
  readonly #log: Log;
  readonly #listeners = new Map<AgentEventName, Set<Listener<never>>>();
  #count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  on<Name extends AgentEventName>(event: Name, listener: Listener<Name>): () => void {
    if (this.#count >= LISTENERS_MAX) throw new RangeError(`an agent has at most ${LISTENERS_MAX} listeners`);
    const listeners = this.#listeners.get(event) ?? new Set();
    listeners.add(listener as Listener<never>);
    this.#listeners.set(event, listeners);
    this.#count++;
    return () => {
      if (listeners.delete(listener as Listener<never>)) this.#count--;
    };
  }

  emit<Name extends AgentEventName>(event: Name, payload: AgentEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as Listener<Name>)(payload);
      } catch (error) {
        this.#log.error(`a listener for ${event} failed`, { error: messageOf(error) });
      }
    }
  }
}
