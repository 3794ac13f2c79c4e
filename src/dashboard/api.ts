import { after, type Pause } from './clock.js';
import { SseParser, type StreamEvent } from './sse.js';

const TOKEN_KEY = 'edge-agent token';
/** The server sends something every 15 s; silence for longer means the path is gone. */
const SILENCE_MS = 40_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 10_000;

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

// A token lives as long as the tab; it is never put into an address.
export const setToken = (token: string): void => window.sessionStorage.setItem(TOKEN_KEY, token);

function headers(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const token = window.sessionStorage.getItem(TOKEN_KEY);
  return { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...more };
}

async function open(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(`/api/v1/${path}`, { ...init, cache: 'no-store' });
  if (response.ok) return response;
  const problem: { detail?: string } = await response.json().catch(() => ({}));
  throw new ApiError(response.status, problem.detail ?? `the agent answered ${response.status}`);
}

export async function get<T>(path: string): Promise<T> {
  const response = await open(path, { headers: headers(), signal: AbortSignal.timeout(10_000) });
  return (await response.json()) as T;
}

interface StreamListener {
  live(): void;
  event(event: StreamEvent): void;
  /** The stream ended; it is tried again after `retryMs`, and at once when `retry` is called. */
  lost(error: unknown, retryMs: number): void;
}

interface EventConnection {
  retry(): void;
}

/**
 * Follows the agent's events for as long as the page lives, resuming where it stopped. Over `fetch` rather than
 * EventSource, which cannot send a token.
 */
export function follow(path: string, listener: StreamListener): EventConnection {
  const parser = new SseParser();
  let retryMs = RETRY_FIRST_MS;
  let pending: Pause | undefined;

  const attempt = async (): Promise<void> => {
    pending = undefined;
    const abort = new AbortController();
    let watchdog = after(SILENCE_MS, () => abort.abort());
    const alive = (): void => {
      watchdog.cancel();
      watchdog = after(SILENCE_MS, () => abort.abort());
    };
    try {
      const resume = parser.lastEventId === '' ? {} : { 'last-event-id': parser.lastEventId };
      const response = await open(path, { headers: headers(resume), signal: abort.signal });
      retryMs = RETRY_FIRST_MS;
      listener.live();
      for await (const text of textOf(response)) {
        alive();
        for (const event of parser.push(text)) listener.event(event);
      }
      again(new Error('the agent closed the stream'));
    } catch (error) {
      again(error);
    } finally {
      watchdog.cancel();
    }
  };

  const again = (error: unknown): void => {
    listener.lost(error, retryMs);
    pending = after(retryMs, () => void attempt());
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  };

  void attempt();
  return {
    retry: () => {
      if (pending === undefined) return;
      pending.cancel();
      retryMs = RETRY_FIRST_MS;
      void attempt();
    },
  };
}

async function* textOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}
