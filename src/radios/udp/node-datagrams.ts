import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import {
  DATAGRAM_BYTES,
  type DatagramHandlers,
  type DatagramOptions,
  type DatagramSocket,
  type Datagrams,
} from '../../ports/datagrams.js';
import { endpointText } from './address.js';

/** Datagrams handed on at once; further ones go in another call. */
const BATCH = 256;
const SLAB_BYTES = 64 << 10;
/** Sources remembered; when there are more all are forgotten. */
const SOURCES_MAX = 4096;

/** Sockets by Node's dgram: what serves where the addon does not. */
export const nodeDatagrams: Datagrams = { open: openSocket };

/** Hosts are always addresses here: the lookup of a name would cost a turn of the event loop for every datagram. */
function noLookup(host: string, family: unknown, done: (error: null, host: string, family: number) => void): void {
  done(null, host, family === 6 ? 6 : 4);
}

/** The socket is closed when it cannot be bound. */
function openSocket(options: DatagramOptions, handlers: DatagramHandlers): Promise<DatagramSocket> {
  const socket = createSocket({
    type: options.family === 6 ? 'udp6' : 'udp4',
    reuseAddr: options.share,
    ipv6Only: options.family === 6,
    recvBufferSize: options.receiveBytes,
    lookup: noLookup as never,
  });
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => {
      socket.close(() => reject(error));
    };
    socket.once('error', refused);
    socket.bind({ address: options.host, port: options.port, exclusive: true }, () => {
      socket.off('error', refused);
      resolve(new NodeSocket(socket, options, handlers));
    });
  });
}

class NodeSocket implements DatagramSocket {
  readonly port: number;
  readonly #socket: Socket;
  readonly #queueBytes: number;
  readonly #handlers: DatagramHandlers;
  readonly #sent: (error: Error | null) => void;
  readonly #inbox: Inbox;

  constructor(socket: Socket, options: DatagramOptions, handlers: DatagramHandlers) {
    this.#socket = socket;
    this.#queueBytes = options.queueBytes;
    this.#handlers = handlers;
    this.port = socket.address().port;
    this.#inbox = new Inbox(handlers);
    this.#sent = (error) => {
      if (error !== null) handlers.error(error);
    };
    socket.on('error', handlers.error);
    socket.on('message', (bytes, from) => this.#inbox.put(bytes, from));
  }

  send(datagram: Uint8Array, host: string, port: number): 'queued' | 'full' {
    if (this.#socket.getSendQueueSize() + datagram.length > this.#queueBytes) return 'full';
    // The kernel may take it after this call has returned.
    this.#socket.send(Buffer.from(datagram), port, host, this.#sent);
    return 'queued';
  }

  join(group: string, member: string): void {
    this.#socket.addMembership(group, member);
  }

  multicastVia(member: string): void {
    this.#socket.setMulticastInterface(member);
  }

  close(): Promise<void> {
    this.#inbox.close();
    return new Promise((resolve) => {
      try {
        this.#socket.close(() => resolve());
      } catch (error) {
        // It was closed before.
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING')
          this.#handlers.error(error as Error);
        resolve();
      }
    });
  }
}

/** Gathers what arrives within one turn of the event loop, so that the engine is called once for all of it. */
class Inbox {
  readonly #handlers: DatagramHandlers;
  readonly #slab = new Uint8Array(SLAB_BYTES);
  readonly #offsets = new Uint32Array(BATCH + 1);
  readonly #sources = new Uint32Array(BATCH);
  readonly #hosts: string[] = [];
  readonly #addresses: string[] = [];
  readonly #slots = new Map<string, number>();
  #count = 0;
  #flush: NodeJS.Immediate | undefined;

  constructor(handlers: DatagramHandlers) {
    this.#handlers = handlers;
  }

  put(bytes: Uint8Array, from: RemoteInfo): void {
    const length = Math.min(bytes.length, DATAGRAM_BYTES);
    const isFull = this.#count === BATCH || (this.#offsets[this.#count] as number) + length > SLAB_BYTES;
    if (isFull || this.#slots.size === SOURCES_MAX) this.#now();
    const at = this.#offsets[this.#count] as number;
    this.#slab.set(length === bytes.length ? bytes : bytes.subarray(0, length), at);
    this.#sources[this.#count++] = this.#slotOf(from);
    this.#offsets[this.#count] = at + length;
    this.#flush ??= setImmediate(() => this.#now());
  }

  close(): void {
    this.#count = 0;
    this.#stop();
  }

  #slotOf({ family, address, port }: RemoteInfo): number {
    const text = endpointText(family === 'IPv6' ? 6 : 4, address, port);
    let slot = this.#slots.get(text);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(text, slot);
      this.#hosts[slot] = address;
      this.#addresses[slot] = text;
    }
    return slot;
  }

  #now(): void {
    this.#stop();
    const count = this.#count;
    this.#count = 0;
    if (count > 0) {
      this.#handlers.batch({
        slab: this.#slab,
        offsets: this.#offsets,
        count,
        sources: this.#sources,
        hosts: this.#hosts,
        addresses: this.#addresses,
      });
    }
    if (this.#slots.size === SOURCES_MAX) this.#slots.clear();
  }

  #stop(): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush);
    this.#flush = undefined;
  }
}
