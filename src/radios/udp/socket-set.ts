import type { DatagramBatch, DatagramHandlers, DatagramSocket, Datagrams, SystemError } from '../../ports/datagrams.js';
import { type Endpoint, endpointText, isLoopback } from './address.js';
import { MAX_QUEUED_BYTES, RECEIVE_BUFFER_BYTES } from './limits.js';
import type { AnyPlan, DataPlan } from './plan.js';

export interface DataSocket {
  readonly plan: DataPlan;
  readonly socket: DatagramSocket;
  /** As others see it. */
  readonly address: string;
}

export interface SocketSetEvents {
  /** `accepts`: whether a source, by its host, is to be heard on this socket. */
  batch(batch: DatagramBatch, accepts: ((host: string) => boolean) | undefined): void;
  error(error: SystemError): void;
}

export interface Failure {
  readonly plan: AnyPlan;
  readonly port: number;
  readonly error: SystemError;
}

interface SocketPorts {
  readonly discovery: number;
  /** 0: any free one, but the same on every interface where possible. */
  readonly data: number;
}

/** Binds the planned socket. Rejects with the system's error. */
export async function openPlanned(
  datagrams: Datagrams,
  plan: AnyPlan,
  port: number,
  handlers: DatagramHandlers,
): Promise<DatagramSocket> {
  const socket = await datagrams.open(
    {
      family: plan.family,
      host: plan.host,
      port,
      // Several agents on a host share the discovery port; nobody else may take this agent's own port.
      share: plan.role !== 'data',
      receiveBytes: RECEIVE_BUFFER_BYTES,
      queueBytes: MAX_QUEUED_BYTES,
    },
    handlers,
  );
  enterGroup(socket, plan, handlers);
  return socket;
}

/** An interface without multicast (a tunnel) still serves for unicast. */
function enterGroup(socket: DatagramSocket, plan: AnyPlan, handlers: DatagramHandlers): void {
  const attempt = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      handlers.error(error as SystemError);
    }
  };
  if (plan.role === 'group') {
    for (const member of plan.members) attempt(() => socket.join(plan.group, member));
  }
  if (plan.role === 'data' && plan.multicastHost !== undefined) {
    attempt(() => socket.multicastVia(plan.family === 6 ? `::%${plan.iface}` : plan.host));
  }
}

/** The sockets that are open, kept in step with the plan. Bounded by the plan: at most 7 per interface. */
export class SocketSet {
  readonly #datagrams: Datagrams;
  readonly #ports: SocketPorts;
  readonly #events: SocketSetEvents;
  readonly #open = new Map<string, DatagramSocket>();
  readonly #own = new Set<string>();
  #data: DataSocket[] = [];
  #ownPort: number;

  constructor(datagrams: Datagrams, ports: SocketPorts, events: SocketSetEvents) {
    this.#datagrams = datagrams;
    this.#ports = ports;
    this.#events = events;
    this.#ownPort = ports.data;
  }

  /** IPv6 first. */
  get data(): readonly DataSocket[] {
    return this.#data;
  }

  /** This agent's own port, 0 before the first socket is open. */
  get ownPort(): number {
    return this.#ownPort;
  }

  /** Whether an address is one of this agent's own: its multicasts come back to it. */
  isOwn(address: string): boolean {
    return this.#own.has(address);
  }

  /** Closes what is no longer planned and opens what is missing. Returns what could not be opened. */
  async follow(plans: readonly AnyPlan[]): Promise<Failure[]> {
    const keys = new Set(plans.map((plan) => plan.key));
    await this.#closeWhere((key) => !keys.has(key));
    const failures: Failure[] = [];
    for (const plan of plans) {
      if (this.#open.has(plan.key)) continue;
      const failure = await this.#add(plan);
      if (failure !== undefined) failures.push(failure);
    }
    const order = new Map(plans.map((plan, i) => [plan.key, i]));
    this.#data.sort((a, b) => (order.get(a.plan.key) ?? 0) - (order.get(b.plan.key) ?? 0));
    return failures;
  }

  /** The data socket from which a host is reached: its scope decides, then its subnet, then any that routes. */
  towards(to: Endpoint): DataSocket | undefined {
    const same = this.#data.filter(({ plan }) => plan.family === to.family);
    if (to.zone !== undefined) return same.find(({ plan }) => plan.linkLocal && plan.iface === to.zone);
    if (isLoopback(to.address)) return same.find(({ plan }) => isLoopback(plan.host));
    const kind = to.family === 6 ? 'ipv6' : 'ipv4';
    return (
      same.find(({ plan }) => !plan.linkLocal && plan.onLink.check(to.address, kind)) ??
      same.find(({ plan }) => !plan.linkLocal && !plan.loopback)
    );
  }

  async close(): Promise<void> {
    await this.#closeWhere(() => true);
  }

  async #add(plan: AnyPlan): Promise<Failure | undefined> {
    let port = plan.role === 'data' ? this.#ownPort : this.#ports.discovery;
    for (;;) {
      try {
        this.#admit(plan, await openPlanned(this.#datagrams, plan, port, this.#handlers(plan)));
        return undefined;
      } catch (caught) {
        const error = caught as SystemError;
        const movable = plan.role === 'data' && this.#ports.data === 0 && port !== 0;
        if (!movable || error.code !== 'EADDRINUSE') return { plan, port, error };
        port = 0;
      }
    }
  }

  #admit(plan: AnyPlan, socket: DatagramSocket): void {
    this.#open.set(plan.key, socket);
    if (plan.role !== 'data') return;
    const { port } = socket;
    if (this.#ownPort === 0) this.#ownPort = port;
    const address = endpointText(plan.family, plan.host, port);
    this.#own.add(address);
    this.#data.push({ plan, socket, address });
  }

  #handlers(plan: AnyPlan): DatagramHandlers {
    const accepts = plan.role === 'group' ? plan.accepts : undefined;
    return { batch: (batch) => this.#events.batch(batch, accepts), error: this.#events.error };
  }

  async #closeWhere(gone: (key: string) => boolean): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [key, socket] of this.#open) {
      if (!gone(key)) continue;
      this.#open.delete(key);
      closing.push(socket.close());
    }
    this.#data = this.#data.filter(({ plan, address }) => {
      if (!gone(plan.key)) return true;
      this.#own.delete(address);
      return false;
    });
    await Promise.all(closing);
  }
}
