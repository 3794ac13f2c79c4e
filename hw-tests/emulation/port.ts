import type { ControllerPort, PortEvents } from '../../dist/radios/ble/controller-port.js';
import type { EmulatedController } from './controller.js';

/** A controller in the same process. */
export class EmulatedPort implements ControllerPort {
  readonly #controller: EmulatedController;
  #events: PortEvents | undefined;

  constructor(controller: EmulatedController) {
    this.#controller = controller;
  }

  async open(events: PortEvents): Promise<void> {
    this.#events = events;
    this.#controller.onData = (packet) => this.#events?.packet(packet);
  }

  write(packet: Uint8Array): void {
    if (this.#events !== undefined) this.#controller.receive(new Uint8Array(packet));
  }

  /** The cable is pulled. */
  unplug(): void {
    const events = this.#events;
    this.#events = undefined;
    this.#controller.reset();
    events?.closed('unplugged');
  }

  async close(): Promise<void> {
    if (this.#events === undefined) return;
    this.#events = undefined;
    this.#controller.onData = () => {};
    this.#controller.reset();
  }
}
