import type { LinkAddress, RadioCounters, SendResult } from '../../ports/radio.js';
import { hostText, parseEndpoint } from './address.js';
import { MAX_DESTINATIONS, MTU_BYTES } from './limits.js';
import type { DataSocket, SocketSet } from './socket-set.js';

/** `framesOut` and `bytesOut` count datagrams handed to the system: a multicast on two interfaces is two. */
export type Tally = { -readonly [Name in keyof RadioCounters]: RadioCounters[Name] };

interface Destination {
  readonly from: DataSocket;
  readonly host: string;
  readonly port: number;
}

/** Puts frames on the sockets. Keeps no queue of its own: the one bound is what the kernel has not taken yet. */
export class Sender {
  readonly #sockets: SocketSet;
  readonly #discoveryPort: number;
  readonly #tally: Tally;
  readonly #destinations = new Map<LinkAddress, Destination>();

  constructor(sockets: SocketSet, discoveryPort: number, tally: Tally) {
    this.#sockets = sockets;
    this.#discoveryPort = discoveryPort;
    this.#tally = tally;
  }

  /** To be called when sockets were opened or closed. */
  forget(): void {
    this.#destinations.clear();
  }

  send(frame: Uint8Array, to?: LinkAddress): SendResult {
    if (this.#sockets.data.length === 0) return 'down';
    if (frame.length === 0 || frame.length > MTU_BYTES) return this.#refuse();
    if (to === undefined) return this.#multicast(frame);
    const destination = this.#destinationOf(to);
    if (destination === undefined) return this.#refuse();
    return this.#put(frame, destination.from, destination.host, destination.port);
  }

  #multicast(frame: Uint8Array): SendResult {
    let result: SendResult = 'down';
    for (const from of this.#sockets.data) {
      const host = from.plan.multicastHost;
      if (host === undefined) continue;
      const one = this.#put(frame, from, host, this.#discoveryPort);
      if (result !== 'queued') result = one;
    }
    return result;
  }

  #put(frame: Uint8Array, from: DataSocket, host: string, port: number): SendResult {
    if (from.socket.send(frame, host, port) === 'full') return 'full';
    this.#tally.framesOut += 1;
    this.#tally.bytesOut += frame.length;
    return 'queued';
  }

  #refuse(): SendResult {
    this.#tally.errors += 1;
    return 'down';
  }

  #destinationOf(to: LinkAddress): Destination | undefined {
    const known = this.#destinations.get(to);
    if (known !== undefined) return known;
    const endpoint = parseEndpoint(to);
    const from = endpoint === undefined ? undefined : this.#sockets.towards(endpoint);
    if (endpoint === undefined || from === undefined) return undefined;
    const destination = { from, host: hostText(endpoint), port: endpoint.port };
    if (this.#destinations.size >= MAX_DESTINATIONS) this.#destinations.clear();
    this.#destinations.set(to, destination);
    return destination;
  }
}
