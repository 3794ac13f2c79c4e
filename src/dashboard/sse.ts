export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** Longest line kept; a longer one is dropped, for no event of ours comes near. */
const LINE_CHARS = 1024 * 1024;

/** Reads server-sent events from pieces of text, as the HTML standard says; `lastEventId` is where to resume. */
export class SseParser {
  lastEventId = '';
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id = '';

  /** The events that this piece completes. */
  push(text: string): readonly StreamEvent[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, LINE_CHARS);
    return lines.flatMap((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  #line(line: string): readonly StreamEvent[] {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.#id = value;
    return [];
  }

  #dispatch(): readonly StreamEvent[] {
    this.lastEventId = this.#id;
    const event = { event: this.#event || 'message', data: this.#data.join('\n') };
    const any = this.#data.length > 0;
    this.#event = '';
    this.#data = [];
    return any ? [event] : [];
  }
}
