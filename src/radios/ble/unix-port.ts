import { connect, type Socket } from 'node:net';
import type { ControllerPort, PortEvents } from './controller-port.js';
import { diagnose } from './diagnose.js';
import { PacketSplitter } from './hci-packets.js';

/** H4 over a Unix socket: the emulated controllers of the rigs, BlueZ's `btvirt`, or one that another machine lends. */
export class UnixPort implements ControllerPort {
  readonly #path: string;
  #socket: Socket | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  open(events: PortEvents): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#path);
      this.#socket = socket;
      let isOpen = false;
      let failure = `${this.#path} closed the connection`;
      const splitter = new PacketSplitter(events.packet, (reason) => {
        failure = reason;
        socket.destroy();
      });
      socket.on('data', (chunk) => splitter.push(chunk));
      socket.on('error', (error) => {
        failure = `${failure} (${error.message})`;
        if (!isOpen) reject(diagnose(error, `unix:${this.#path}`));
      });
      socket.once('connect', () => {
        isOpen = true;
        resolve();
      });
      socket.once('close', () => {
        if (isOpen && this.#socket === socket) events.closed(failure);
      });
    });
  }

  write(packet: Uint8Array): void {
    if (this.#socket?.writable) this.#socket.write(packet);
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }
}
