import { EventEmitter } from 'node:events';
import { messageOf } from '../../core/errors.js';
import { AclGuard } from './acl-guard.js';

/** One of the multiplexer's two sides towards a Bluetooth stack. */
export class HciHost {
  readonly name: string;
  readonly #fromHost: (packet: Uint8Array) => void;
  readonly #guard = new AclGuard();
  #receive: ((packet: Buffer) => void) | undefined;

  constructor(name: string, fromHost: (packet: Uint8Array) => void) {
    this.name = name;
    this.#fromHost = fromHost;
  }

  /** The stack hears from now on, and only this one. */
  attach(receive: (packet: Buffer) => void): void {
    this.#receive = receive;
  }

  detach(): void {
    this.#receive = undefined;
  }

  write(packet: Uint8Array): void {
    if (this.#receive !== undefined) this.#fromHost(packet);
  }

  /** Why the stack was spared it, or what it threw at it, if so: both throw on short packets. */
  deliver(packet: Uint8Array): string | undefined {
    const refusal = this.#guard.refusal(packet);
    if (refusal !== undefined) return refusal;
    try {
      this.#receive?.(Buffer.from(packet));
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }
}

/** The interface of `bluetooth-hci-socket` on top of a multiplexer's side, for the stacks' public `hciDriver` option. */
export class HostDriver extends EventEmitter {
  #host: HciHost | undefined;

  bindUser(device: number | undefined, parameters?: { port?: HciHost }): number {
    this.#host = parameters?.port;
    this.#host?.attach((packet) => this.emit('data', packet));
    return device ?? 0;
  }

  bindRaw(device: number | undefined, parameters?: { port?: HciHost }): number {
    return this.bindUser(device, parameters);
  }

  /** The peripheral stack opens a second, management socket for each link: there is nothing to manage. */
  bindControl(): number {
    return 0;
  }

  setFilter(): void {}
  start(): void {}

  stop(): void {
    this.#host?.detach();
  }

  getDeviceList(): [] {
    return [];
  }

  isDevUp(): boolean {
    return this.#host !== undefined;
  }

  reset(): void {}

  write(packet: Uint8Array): void {
    this.#host?.write(packet);
  }
}
