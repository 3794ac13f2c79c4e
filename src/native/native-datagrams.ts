import { getSystemErrorName } from 'node:util';
import {
  BATCH_DATAGRAMS,
  type DatagramHandlers,
  type DatagramOptions,
  type DatagramSocket,
  type Datagrams,
  type SystemError,
} from '../ports/datagrams.js';
import { type Addon, type AddonSocket, loadAddon } from './load.js';

/** Whatever one message of the kernel brings fits. */
const SLAB_BYTES = 256 << 10;
/** The addon remembers as many; then all are forgotten and looked up again. */
const DESTINATIONS_MAX = 4096;

/** Sockets by recvmmsg and sendmmsg; `undefined` where the addon does not load or has none (other systems than Linux). */
export function nativeDatagrams(addon: Addon | undefined = loadAddon().addon): Datagrams | undefined {
  const Socket = addon?.UdpSocket;
  if (Socket === undefined) return undefined;
  return { open: async (options, handlers) => new NativeSocket(Socket, options, handlers) };
}

class NativeSocket implements DatagramSocket {
  readonly port: number;
  readonly #socket: AddonSocket;
  readonly #handlers: DatagramHandlers;
  readonly #where: string;
  readonly #arrays = {
    slab: new Uint8Array(SLAB_BYTES),
    offsets: new Uint32Array(BATCH_DATAGRAMS + 1),
    sources: new Uint32Array(BATCH_DATAGRAMS),
    fresh: new Uint32Array(BATCH_DATAGRAMS),
  };
  readonly #hosts: string[] = [];
  readonly #addresses: string[] = [];
  /** By address and port, to the addon's number. */
  readonly #destinations = new Map<string, number>();
  #isFlushing = false;
  #isClosed = false;

  constructor(Socket: NonNullable<Addon['UdpSocket']>, options: DatagramOptions, handlers: DatagramHandlers) {
    const { family, host, port, share, receiveBytes, queueBytes } = options;
    this.#handlers = handlers;
    this.#where = `${host}:${port}`;
    this.#socket = new Socket(
      this.#arrays,
      (count, fresh) => this.#received(count, fresh),
      (errno) => handlers.error(this.#error('receive', errno)),
    );
    this.#check('bind', this.#socket.open(family, host, port, share, receiveBytes, queueBytes));
    this.port = this.#socket.local();
  }

  send(datagram: Uint8Array, host: string, port: number): 'queued' | 'full' {
    if (this.#isClosed) return 'full';
    const destination = this.#destinationOf(host, port);
    if (!this.#socket.queue(destination, datagram)) {
      this.#flush();
      if (!this.#socket.queue(destination, datagram)) return 'full';
    }
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      queueMicrotask(() => {
        this.#isFlushing = false;
        if (!this.#isClosed) this.#flush();
      });
    }
    return 'queued';
  }

  join(group: string, member: string): void {
    this.#check('join', this.#socket.join(group, nameOf(member)));
  }

  multicastVia(member: string): void {
    this.#check('multicast', this.#socket.multicastVia(nameOf(member)));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#flush();
    this.#socket.close();
  }

  #flush(): void {
    const errno = this.#socket.flush();
    if (errno !== 0) this.#handlers.error(this.#error('send', errno));
  }

  #received(count: number, fresh: number): void {
    const { slab, offsets, sources } = this.#arrays;
    for (let i = 0; i < fresh; i++) {
      const slot = this.#arrays.fresh[i] as number;
      const { family, host, port } = this.#socket.source(slot);
      this.#hosts[slot] = host;
      this.#addresses[slot] = family === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    }
    this.#handlers.batch({ slab, offsets, count, sources, hosts: this.#hosts, addresses: this.#addresses });
  }

  #destinationOf(host: string, port: number): number {
    const key = `${host} ${port}`;
    let destination = this.#destinations.get(key);
    if (destination !== undefined) return destination;
    if (this.#destinations.size === DESTINATIONS_MAX) {
      this.#destinations.clear();
      this.#socket.forgetDestinations();
    }
    destination = this.#socket.destination(host, port);
    if (destination < 0) throw new TypeError(`${host} is no address of this socket's family`);
    this.#destinations.set(key, destination);
    return destination;
  }

  #check(call: string, errno: number): void {
    if (errno !== 0) throw this.#error(call, errno);
  }

  #error(call: string, errno: number): SystemError {
    const code = getSystemErrorName(-errno);
    return Object.assign(new Error(`${call} ${code} ${this.#where}`), { code, errno: -errno, syscall: call });
  }
}

const nameOf = (member: string): string => (member.startsWith('::%') ? member.slice(3) : member);
