import type { RemoteInfo, Socket } from 'node:dgram';
import { type Endpoint, endpointText, type Family, isLoopback } from './address.js';
import type { AnyPlan, DataPlan } from './plan.js';
import { closeSocket, openSocket } from './socket.js';

export interface DataSocket {
  readonly plan: DataPlan;
  readonly socket: Socket;
  /** As others see it. */
  readonly address: string;
}

export interface SocketSetEvents {
  message(bytes: Uint8Array, from: string): void;
  error(error: NodeJS.ErrnoException): void;
}

export interface Failure {
  readonly plan: AnyPlan;
  readonly port: number;
  readonly error: NodeJS.ErrnoException;
}

export interface SocketPorts {
  readonly discovery: number;
  /** 0: any free one, but the same on every interface where possible. */
  readonly data: number;
}

const familyOf = (from: RemoteInfo): Family => (from.family === 'IPv6' ? 6 : 4);

/** The sockets that are open, kept in step with the plan. Bounded by the plan: at most 7 per interface. */
export class SocketSet {
  readonly #ports: SocketPorts;
  readonly #events: SocketSetEvents;
  readonly #open = new Map<string, Socket>();
  readonly #own = new Set<string>();
  #data: DataSocket[] = [];
  #ownPort: number;

  constructor(ports: SocketPorts, events: SocketSetEvents) {
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
        this.#admit(plan, await openSocket(plan, port, this.#handlers(plan)));
        return undefined;
      } catch (caught) {
        const error = caught as NodeJS.ErrnoException;
        const movable = plan.role === 'data' && this.#ports.data === 0 && port !== 0;
        if (!movable || error.code !== 'EADDRINUSE') return { plan, port, error };
        port = 0;
      }
    }
  }

  #admit(plan: AnyPlan, socket: Socket): void {
    this.#open.set(plan.key, socket);
    if (plan.role !== 'data') return;
    const { port } = socket.address();
    if (this.#ownPort === 0) this.#ownPort = port;
    const address = endpointText(plan.family, plan.host, port);
    this.#own.add(address);
    this.#data.push({ plan, socket, address });
  }

  #handlers(plan: AnyPlan): { message(bytes: Uint8Array, from: RemoteInfo): void; error(error: Error): void } {
    const accepts = plan.role === 'group' ? plan.accepts : undefined;
    return {
      message: (bytes, from) => {
        if (accepts !== undefined && !accepts(from.address)) return;
        const address = endpointText(familyOf(from), from.address, from.port);
        if (!this.#own.has(address)) this.#events.message(bytes, address);
      },
      error: this.#events.error,
    };
  }

  async #closeWhere(gone: (key: string) => boolean): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [key, socket] of this.#open) {
      if (!gone(key)) continue;
      this.#open.delete(key);
      closing.push(closeSocket(socket));
    }
    this.#data = this.#data.filter(({ plan, address }) => {
      if (!gone(plan.key)) return true;
      this.#own.delete(address);
      return false;
    });
    await Promise.all(closing);
  }
}
