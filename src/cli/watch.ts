import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeError } from '../core/errors.js';
import type { ApiClient } from './client.js';
import { note } from './output.js';
import { Exit, exitCodeOf, RemoteProblem } from './report.js';
import { type ServerEvent, SseParser } from './sse.js';

const DEFAULT_RETRY_MS = 2_000;
const MAX_PROBLEM_BYTES = 64 * 1_024;

export interface WatchOptions {
  readonly types?: string;
  /** Ends after this many events. */
  readonly count?: number;
  readonly onEvent: (event: ServerEvent) => void;
}

async function problemOf(response: IncomingMessage): Promise<RemoteProblem> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_PROBLEM_BYTES) break;
  }
  try {
    return new RemoteProblem(response.statusCode ?? 0, JSON.parse(text) as Record<string, unknown>);
  } catch {
    return new RemoteProblem(response.statusCode ?? 0, {});
  }
}

/** Only an agent that is away for the moment is worth another try, and only after it was there once. */
const isPassing = (error: unknown): boolean =>
  error instanceof EdgeError &&
  (exitCodeOf(error) === Exit.NoAgent || error.code === 'cli.connection' || error.code === 'cli.timeout');

/** Follows the agent's events until `count` of them came or the process is ended; connects again where it stopped. */
export async function watch(client: ApiClient, { types, count, onEvent }: WatchOptions): Promise<void> {
  let left = count ?? Number.POSITIVE_INFINITY;
  let lastId = '';
  let wasThere = false;
  // Ending it by hand is how watching ends.
  process.once('SIGINT', () => process.exit(Exit.Done));
  process.once('SIGTERM', () => process.exit(Exit.Done));
  for (;;) {
    const parser = new SseParser();
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) };
      const response = await client.open('events', { headers, query: { types } });
      if (response.statusCode !== 200) throw await problemOf(response);
      if (wasThere) note('connected again');
      wasThere = true;
      for await (const chunk of response as AsyncIterable<Uint8Array>) {
        for (const event of parser.push(chunk)) {
          lastId = event.id;
          onEvent(event);
          left -= 1;
          if (left <= 0) {
            response.destroy();
            return;
          }
        }
      }
    } catch (error) {
      const isCut = wasThere && !(error instanceof EdgeError) && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (!isCut && !(wasThere && isPassing(error))) throw error;
    }
    const waitMs = parser.retryMs ?? DEFAULT_RETRY_MS;
    note(`connection lost; trying again in ${waitMs} ms`);
    await sleep(waitMs);
  }
}
