import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { RECEIVE_BUFFER_BYTES } from './limits.js';
import type { AnyPlan } from './plan.js';

export interface SocketHandlers {
  message(bytes: Uint8Array, from: RemoteInfo): void;
  /** Trouble after binding, and a group that could not be joined. */
  error(error: NodeJS.ErrnoException): void;
}

/** Hosts are always addresses here: the lookup of a name would cost a turn of the event loop for every frame. */
function noLookup(host: string, family: unknown, done: (error: null, host: string, family: number) => void): void {
  done(null, host, family === 6 ? 6 : 4);
}

/** Binds the planned socket. Rejects with the system's error; the socket is closed then. */
export function openSocket(plan: AnyPlan, port: number, handlers: SocketHandlers): Promise<Socket> {
  const socket = createSocket({
    type: plan.family === 6 ? 'udp6' : 'udp4',
    // Several agents on a host share the discovery port; nobody else may take this agent's own port.
    reuseAddr: plan.role !== 'data',
    ipv6Only: plan.family === 6,
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    lookup: noLookup as never,
  });
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => {
      void closeSocket(socket).then(() => reject(error));
    };
    socket.once('error', refused);
    socket.bind({ address: plan.host, port, exclusive: true }, () => {
      socket.off('error', refused);
      socket.on('error', handlers.error);
      socket.on('message', handlers.message);
      enterGroup(socket, plan, handlers);
      resolve(socket);
    });
  });
}

/** An interface without multicast (a tunnel) still serves for unicast. */
function enterGroup(socket: Socket, plan: AnyPlan, handlers: SocketHandlers): void {
  const attempt = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      handlers.error(error as NodeJS.ErrnoException);
    }
  };
  if (plan.role === 'group') {
    for (const member of plan.members) attempt(() => socket.addMembership(plan.group, member));
  }
  if (plan.role === 'data' && plan.multicastHost !== undefined) {
    attempt(() => socket.setMulticastInterface(plan.family === 6 ? `::%${plan.iface}` : plan.host));
  }
}

export function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      resolve();
    }
  });
}
