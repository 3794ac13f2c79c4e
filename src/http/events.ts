import type { ServerResponse } from 'node:http';
import { AGENT_EVENT_NAMES, type AgentApi, type AgentEventName } from '../agent/contract.js';
import type { Clock, Timer } from '../ports/clock.js';
import { EVENT_CLIENT_BYTES, EVENT_CLIENTS, EVENT_HEARTBEAT_MS, EVENT_RETRY_MS, EVENT_RING } from './limits.js';
import { BusyError } from './problem.js';

interface Entry {
  readonly number: number;
  readonly name: AgentEventName;
  readonly payload: unknown;
  /** Made when the first client needs it: most events on a busy node are read by nobody. */
  text: string | undefined;
}

interface Client {
  readonly response: ServerResponse;
  readonly types: ReadonlySet<AgentEventName>;
  corked: boolean;
}

export interface EventFeedOptions {
  readonly agent: Pick<AgentApi, 'on'>;
  readonly clock: Clock;
  /** Tells runs apart, so that a client resuming over a restart is told of the gap. */
  readonly bootId: string;
}

interface Subscription {
  /** All when empty. */
  readonly types: readonly AgentEventName[];
  readonly lastEventId: string | undefined;
}

/**
 * The agent's events as server-sent events. Ids are `<bootId>-<n>`; the last `EVENT_RING` are kept for clients that
 * come back, older ones are told as one `gap` event. A client that does not read is disconnected, never waited for.
 */
export class EventFeed {
  readonly #clock: Clock;
  readonly #bootId: string;
  readonly #ring: Entry[] = [];
  readonly #clients = new Set<Client>();
  readonly #unsubscribe: readonly (() => void)[];
  #newest = 0;
  #slowClients = 0;
  #heartbeat: Timer | undefined;

  constructor(options: EventFeedOptions) {
    this.#clock = options.clock;
    this.#bootId = options.bootId;
    this.#unsubscribe = AGENT_EVENT_NAMES.map((name) => options.agent.on(name, (payload) => this.#add(name, payload)));
    this.#beatLater();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Clients disconnected for not reading, since the start. */
  get slowClients(): number {
    return this.#slowClients;
  }

  /** Throws BusyError when there are `EVENT_CLIENTS` already. */
  admit(): void {
    if (this.#clients.size < EVENT_CLIENTS) return;
    throw new BusyError('events.clients', `${EVENT_CLIENTS} event streams are open (limit ${EVENT_CLIENTS})`);
  }

  /** Streams to a response whose head is not yet written, until either side closes. */
  connect(response: ServerResponse, headers: Readonly<Record<string, string>>, subscription: Subscription): void {
    const types = subscription.types.length === 0 ? AGENT_EVENT_NAMES : subscription.types;
    const client: Client = { response, types: new Set(types), corked: false };
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.on('close', () => this.#clients.delete(client));
    response.on('error', () => this.#clients.delete(client));
    this.#clients.add(client);
    this.#write(client, `retry: ${EVENT_RETRY_MS}\n`);
    this.#resume(client, subscription.lastEventId);
    this.#write(client, this.#position());
  }

  close(): void {
    this.#heartbeat?.cancel();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
  }

  #add(name: AgentEventName, payload: unknown): void {
    const entry: Entry = { number: ++this.#newest, name, payload, text: undefined };
    this.#ring[entry.number % EVENT_RING] = entry;
    for (const client of this.#clients) if (client.types.has(name)) this.#write(client, this.#textOf(entry));
  }

  #textOf(entry: Entry): string {
    entry.text ??= `event: ${entry.name}\nid: ${this.#idOf(entry.number)}\ndata: ${JSON.stringify(entry.payload)}\n\n`;
    return entry.text;
  }

  #idOf(number: number): string {
    return `${this.#bootId}-${number}`;
  }

  /** An id without data: the client's position moves on past events it did not ask for, and nothing is dispatched. */
  #position(): string {
    return `id: ${this.#idOf(this.#newest)}\n\n`;
  }

  #resume(client: Client, lastEventId: string | undefined): void {
    if (lastEventId === undefined || lastEventId === '') return;
    const separator = lastEventId.lastIndexOf('-');
    const last = Number(lastEventId.slice(separator + 1));
    const sameRun =
      lastEventId.slice(0, separator) === this.#bootId && Number.isSafeInteger(last) && last <= this.#newest;
    const oldest = Math.max(1, this.#newest - EVENT_RING + 1);
    if (!sameRun) this.#gap(client, oldest - 1, { reason: 'restarted' });
    else if (last + 1 < oldest) this.#gap(client, oldest - 1, { reason: 'expired', missed: oldest - 1 - last });
    for (let number = sameRun ? Math.max(oldest, last + 1) : oldest; number <= this.#newest; number++) {
      const entry = this.#ring[number % EVENT_RING];
      if (entry !== undefined && client.types.has(entry.name)) this.#write(client, this.#textOf(entry));
    }
  }

  #gap(client: Client, upTo: number, data: object): void {
    this.#write(client, `event: gap\nid: ${this.#idOf(upTo)}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #write(client: Client, text: string): void {
    const { response } = client;
    if (response.writableLength + text.length > EVENT_CLIENT_BYTES) {
      this.#slowClients++;
      this.#clients.delete(client);
      response.destroy();
      return;
    }
    // A burst of events leaves as one packet.
    if (!client.corked) {
      client.corked = true;
      response.cork();
      setImmediate(() => {
        client.corked = false;
        response.uncork();
      });
    }
    response.write(text);
  }

  #beatLater(): void {
    this.#heartbeat = this.#clock.timer('http event heartbeat', EVENT_HEARTBEAT_MS, () => {
      for (const client of this.#clients) this.#write(client, `: heartbeat\n${this.#position()}`);
      this.#beatLater();
    });
  }
}
