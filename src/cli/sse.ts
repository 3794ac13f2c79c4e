import { EdgeError } from '../core/errors.js';

/** One event of a text/event-stream (WHATWG HTML, 9.2). */
export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** An event longer than this is refused: the agent sends none. */
const MAX_EVENT_CHARACTERS = 4 * 2 ** 20;

/** Takes a stream apart into events, however its bytes are cut. */
export class SseParser {
  /** How long to wait before connecting again, when the agent said so. */
  retryMs: number | undefined;
  readonly #decoder = new TextDecoder();
  #rest = '';
  #id = '';
  #event = '';
  #data: string[] = [];
  #dataCharacters = 0;

  push(bytes: Uint8Array): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() as string;
    if (this.#rest.length + this.#dataCharacters > MAX_EVENT_CHARACTERS) {
      throw new EdgeError('cli.stream', 'The agent sent an event that is too long.', { status: 502 });
    }
    for (const line of lines) {
      const event = this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    // A comment keeps the connection open, no more.
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this.#data.push(value);
      this.#dataCharacters += value.length;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
    else if (field === 'retry' && /^\d{1,8}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    this.#dataCharacters = 0;
    return isEmpty ? undefined : event;
  }
}
