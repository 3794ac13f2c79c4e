import { createHash, timingSafeEqual } from 'node:crypto';
import { EdgeError } from '../core/errors.js';
import { isLoopbackHost } from '../core/loopback.js';

export interface GuardOptions {
  /** The address or name the server listens on. */
  readonly host: string;
  readonly token?: string;
}

/** What the guard looks at in a request. */
interface Credentials {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
}

export interface Guard {
  /** Throws 403 `request.host` or `request.origin` for what a web page elsewhere may have sent. */
  checkSource(credentials: Credentials): void;
  /** Throws 401 `request.token` when a token is set and not given. */
  checkToken(credentials: Credentials): void;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The name in a Host header or an origin's authority, without its port. */
function nameOf(authority: string): string | undefined {
  return /^(\[[0-9a-fA-F:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/.exec(authority)?.[1]?.toLowerCase();
}

/**
 * Loopback: no token needed, but a page of another site must not reach the agent through the user's browser, so the
 * Host header must be a loopback name (DNS rebinding) and an Origin must be this very server (cross-site requests).
 * Any other address: a token is needed; throws `http.token` without one.
 */
export function createGuard(options: GuardOptions): Guard {
  const { host, token } = options;
  const loopback = isLoopbackHost(host);
  if (!loopback && !token) {
    throw new EdgeError('http.token', `listening on ${host} would let anyone in reach use this agent`, {
      fix: 'set a token (http.token in the configuration or EDGE_AGENT_TOKEN), or listen on 127.0.0.1',
    });
  }
  const expected = token ? digest(`Bearer ${token}`) : undefined;
  const bound = host.toLowerCase();

  return {
    checkSource(credentials) {
      const name = credentials.host === undefined ? undefined : nameOf(credentials.host);
      if (loopback && (name === undefined || !(isLoopbackHost(name) || name === bound))) {
        throw new EdgeError('request.host', 'the Host header is not a name of this machine', {
          status: 403,
          fix: 'use http://127.0.0.1 or http://localhost; to reach the agent by another name, listen there with a token',
        });
      }
      if (credentials.origin !== undefined && !sameOrigin(credentials.origin, credentials.host)) {
        throw new EdgeError('request.origin', 'requests from pages of another origin are refused', {
          status: 403,
          fix: 'use the dashboard this agent serves, or send the request from a program without an Origin header',
        });
      }
    },
    checkToken(credentials) {
      if (expected === undefined) return;
      const scheme = /^bearer +(\S+) *$/i.exec(credentials.authorization ?? '');
      if (scheme === null || !timingSafeEqual(digest(`Bearer ${scheme[1]}`), expected)) {
        throw new EdgeError('request.token', 'this agent needs a token', {
          status: 401,
          fix: 'send Authorization: Bearer TOKEN, with the token from the agent configuration',
        });
      }
    },
  };
}

function sameOrigin(origin: string, host: string | undefined): boolean {
  const match = /^https?:\/\/(.+)$/i.exec(origin);
  return match !== null && host !== undefined && match[1]?.toLowerCase() === host.toLowerCase();
}
