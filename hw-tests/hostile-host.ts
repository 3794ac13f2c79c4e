import { Event, LeEvent, Opcode, Status } from '../dist/radios/ble/hci-codes.js';
import { addressBytes, command, le16, PacketType, parseConnection } from '../dist/radios/ble/hci-packets.js';
import type { Air } from './emulation/air.js';
import { EmulatedController } from './emulation/controller.js';

const ATT_CHANNEL = 4;

/** A host without manners: connects to whom it likes and sends what it likes. */
export class HostileHost {
  readonly controller: EmulatedController;
  #connected: (handle: number) => void = () => {};
  #ended: () => void = () => {};

  constructor(air: Air) {
    this.controller = new EmulatedController(air, { name: 'hostile', aclBuffers: 10_000 });
    this.controller.onData = (packet) => this.#heard(packet);
  }

  /** Resolves with the handle of the link. */
  connect(address: string): Promise<number> {
    const times = [...le16(12), ...le16(12), 0, 0, ...le16(400), 0, 0, 0, 0];
    const parameters = Uint8Array.of(96, 0, 48, 0, 0, 1, ...addressBytes(address), 0, ...times);
    return new Promise((resolve) => {
      this.#connected = resolve;
      this.controller.receive(command(Opcode.LeCreateConnection, parameters));
    });
  }

  /** Resolves when the link has been ended from the other side. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  /** One attribute protocol packet, or what is to look like one. */
  sendAtt(handle: number, value: Uint8Array): void {
    const l2cap = Uint8Array.of(...le16(value.length), ...le16(ATT_CHANNEL), ...value);
    this.sendRaw(handle, l2cap);
  }

  sendRaw(handle: number, bytes: Uint8Array): void {
    this.controller.receive(Uint8Array.of(PacketType.Acl, ...le16(handle), ...le16(bytes.length), ...bytes));
  }

  #heard(packet: Uint8Array): void {
    if (packet[1] === Event.DisconnectionComplete) this.#ended();
    if (packet[1] !== Event.LeMeta || packet[3] !== LeEvent.ConnectionComplete) return;
    const connection = parseConnection(packet);
    if (connection?.status === Status.Success) this.#connected(connection.handle);
  }
}
