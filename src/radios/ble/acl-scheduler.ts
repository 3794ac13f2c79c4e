import { BleLimit } from './limits.js';

interface LinkQueue {
  readonly packets: Uint8Array[];
  /** Handed to the controller and not reported as completed yet. */
  pending: number;
}

/** Shares the controller's ACL buffers among links, so that one whose peer is slow or gone cannot hold up the others. */
export class AclScheduler {
  readonly #write: (packet: Uint8Array) => void;
  readonly #links = new Map<number, LinkQueue>();
  #buffers = 1;
  #pending = 0;

  constructor(write: (packet: Uint8Array) => void) {
    this.#write = write;
  }

  /** As the controller claims, within reason. */
  setBuffers(count: number): void {
    this.#buffers = Math.max(1, Math.min(BleLimit.AclBuffersMax, count));
  }

  add(handle: number): void {
    if (!this.#links.has(handle)) this.#links.set(handle, { packets: [], pending: 0 });
  }

  /** The controller has freed what was pending on this link. */
  remove(handle: number): void {
    this.#pending -= this.#links.get(handle)?.pending ?? 0;
    this.#links.delete(handle);
    this.#pump();
  }

  /** False when too much waits on this link. */
  send(handle: number, packet: Uint8Array): boolean {
    const link = this.#links.get(handle);
    if (link === undefined || link.packets.length >= BleLimit.QueuedAclPerLink) return false;
    link.packets.push(packet);
    this.#pump();
    return true;
  }

  completed(handle: number, count: number): void {
    const link = this.#links.get(handle);
    if (link === undefined) return;
    // More than were sent is a lie that would overrun its buffers.
    const freed = Math.min(count, link.pending);
    link.pending -= freed;
    this.#pending -= freed;
    this.#pump();
  }

  #pump(): void {
    const share = this.#links.size > 1 ? Math.max(1, this.#buffers >> 1) : this.#buffers;
    for (let sent = true; sent && this.#pending < this.#buffers; ) {
      sent = false;
      for (const link of this.#links.values()) {
        if (link.packets.length === 0 || link.pending >= share || this.#pending >= this.#buffers) continue;
        const packet = link.packets.shift() as Uint8Array;
        link.pending++;
        this.#pending++;
        sent = true;
        this.#write(packet);
      }
    }
  }
}
