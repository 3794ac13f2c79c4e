import type { EventEmitter } from 'node:events';
import { messageOf } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import { GOODBYE_MS } from './limits.js';

interface DnsSdService {
  /** For people; made unique with the node id. */
  readonly name: string;
  readonly nodeId: string;
  /** The agent's own port. */
  readonly port: number;
  readonly discoveryPort: number;
  /** IPv4 address of the interface to announce on. */
  readonly address: string;
}

export interface DnsSdHandle {
  /** Says goodbye on the air, but waits no longer than `GOODBYE_MS`. */
  stop(): Promise<void>;
}

const MAX_NAME_BYTES = 40;

/** A DNS label has 63 bytes; what is cut must not be half a character. */
function instanceName(service: DnsSdService): string {
  let name = service.name.replace(/\p{Cc}/gu, '').slice(0, MAX_NAME_BYTES);
  while (Buffer.byteLength(name) > MAX_NAME_BYTES) name = [...name].slice(0, -1).join('');
  return `${name || 'edge-agent'} ${service.nodeId}`;
}

/**
 * Publishes `_edge-agent._udp`, so that people see the agent with the tools they have. The mesh does not depend on
 * it: whatever fails is logged and that is all. `undefined` when it could not be started.
 */
export async function advertise(service: DnsSdService, clock: Clock, log: Log): Promise<DnsSdHandle | undefined> {
  const failed = (error: unknown): void => log.warn('DNS-SD failed', { reason: messageOf(error) });
  try {
    const { Bonjour } = await import('bonjour-service');
    const options = { interface: service.address, bind: '0.0.0.0' } as object;
    const bonjour = new Bonjour(options, failed);
    // The library leaves its socket's errors unheard, which would end the process.
    const { mdns } = (bonjour as unknown as { server: { mdns: EventEmitter } }).server;
    mdns.on('error', failed);
    const name = instanceName(service);
    const txt = { id: service.nodeId, discovery: String(service.discoveryPort) };
    // Names hold the node id, so there is nothing to probe for.
    bonjour.publish({ name, type: 'edge-agent', protocol: 'udp', port: service.port, txt, probe: false });
    return { stop: () => goodbye(bonjour, clock) };
  } catch (error) {
    failed(error);
    return undefined;
  }
}

interface Publisher {
  unpublishAll(done: () => void): void;
  destroy(done: () => void): void;
}

function goodbye(bonjour: Publisher, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const destroy = (): void => {
      limit.cancel();
      try {
        bonjour.destroy(resolve);
      } catch {
        resolve();
      }
    };
    const limit = clock.timer('udp.dns-sd.goodbye', GOODBYE_MS, destroy);
    try {
      bonjour.unpublishAll(destroy);
    } catch {
      destroy();
    }
  });
}
