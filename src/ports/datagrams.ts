/** An error of the system: `code` is its name, `EADDRINUSE`. */
export interface SystemError extends Error {
  readonly code?: string;
}

export interface DatagramOptions {
  readonly family: 4 | 6;
  /** An address to bind to; of a link-local one with its interface, `fe80::1%eth0`. A multicast group will do. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whether others may listen on the port too. */
  readonly share: boolean;
  /** What the kernel is to hold while the program is busy; it takes as much of it as it likes. */
  readonly receiveBytes: number;
  /** Bytes that may wait for the kernel; beyond it `send` says `full`. */
  readonly queueBytes: number;
}

/** Datagrams that arrived together, in memory of the socket's own: good during the call only. */
export interface DatagramBatch {
  readonly slab: Uint8Array;
  /** Datagram i is `slab[offsets[i], offsets[i + 1])`. */
  readonly offsets: Uint32Array;
  readonly count: number;
  /** Datagram i came from `hosts[sources[i]]`, which as `host:port` or `[host]:port` is `addresses[sources[i]]`. */
  readonly sources: Uint32Array;
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
}

export interface DatagramHandlers {
  batch(batch: DatagramBatch): void;
  /** Something could not be received, or a datagram not sent. */
  error(error: SystemError): void;
}

export interface DatagramSocket {
  /** The port it is bound to. */
  readonly port: number;
  /** The datagram is copied, and goes out by the end of this turn of the event loop. `host` is an address. */
  send(datagram: Uint8Array, host: string, port: number): 'queued' | 'full';
  /** `member`: the address of an interface (IPv4), or `::%name` (IPv6). Throws SystemError. */
  join(group: string, member: string): void;
  /** From which interface multicasts leave. Throws SystemError. */
  multicastVia(member: string): void;
  /** What was queued is sent first. */
  close(): Promise<void>;
}

/** Where sockets of UDP come from. Datagrams over 2,048 bytes are neither sent nor received whole. */
export interface Datagrams {
  /** Rejects with SystemError when the socket cannot be had. */
  open(options: DatagramOptions, handlers: DatagramHandlers): Promise<DatagramSocket>;
}

export const DATAGRAM_BYTES = 2048;
/** Datagrams of one batch at most. */
export const BATCH_DATAGRAMS = 512;
