import { concat } from '../../core/bytes.js';
import type { Clock } from '../../ports/clock.js';
import { AclScheduler } from './acl-scheduler.js';
import { CommandQueue } from './command-queue.js';
import { type AddressType, Event, LeEvent, Opcode, Role, Status } from './hci-codes.js';
import { HciHost } from './hci-host.js';
import * as H4 from './hci-packets.js';
import { BleLimit } from './limits.js';

export interface HciLink {
  /** Of its own among the links of all controllers of a radio. */
  readonly id: number;
  /** The controller's. */
  readonly handle: number;
  readonly role: Role;
  readonly address: string;
  readonly addressType: AddressType;
  readonly intervalMs: number;
}

export interface MuxEvents {
  advert(report: H4.AdvertReport): void;
  /** Before the stack of that role hears of it. */
  linkUp(link: HciLink): void;
  /** After the stack of that role heard of it. */
  linkDown(link: HciLink, reason: number): void;
  /** A connection that the central stack asked for did not come about. */
  dialFailed(status: number): void;
  /** The controller must be reset; nothing works on. */
  fault(reason: string): void;
}

export interface CommandResult {
  readonly status: number;
  /** Return parameters after the status. */
  readonly results: Uint8Array;
}

/** Handles have 12 bits; the number of the controller stands before them. */
const HANDLE_BITS = 12;

export const linkId = (controller: number, handle: number): number => (controller << HANDLE_BITS) | handle;

export interface MuxOptions {
  readonly clock: Clock;
  /** Of the controller, where a radio has several. */
  readonly index?: number;
  readonly commandTimeoutMs?: number;
  write(packet: Uint8Array): void;
  readonly events: MuxEvents;
}

/** Settings of the whole controller: made once when it is brought up, or the business of the radio. */
const NOT_FOR_HOSTS: ReadonlySet<number> = new Set([
  Opcode.Reset,
  Opcode.SetEventMask,
  Opcode.WriteLeHostSupport,
  Opcode.LeSetEventMask,
  Opcode.LeSetRandomAddress,
  Opcode.LeSetAdvertisingParameters,
  Opcode.LeSetAdvertisingData,
  Opcode.LeSetScanResponseData,
  Opcode.LeSetAdvertisingEnable,
  Opcode.LeSetScanParameters,
  Opcode.LeSetScanEnable,
]);

/** Answers that stay true while the controller is up: kept from our own asking, or from the first host that asked. */
const CONSTANT: ReadonlySet<number> = new Set([
  Opcode.ReadLocalVersion,
  Opcode.ReadSupportedCommands,
  Opcode.ReadBdAddr,
  Opcode.LeReadFeatures,
  Opcode.LeReadMaximumDataLength,
]);

/**
 * One controller, three users: the central stack, the peripheral stack and the radio itself. Commands take turns,
 * links belong to the stack of their role, adverts to the radio; resets and global settings from a stack go no further.
 */
export class HciMux {
  readonly central: HciHost;
  readonly peripheral: HciHost;
  readonly counters = { strayEvents: 0, strayAcl: 0, hostFaults: 0, overflows: 0, malformed: 0 };
  /** Bring-up says how long ACL packets may be. */
  aclBytes = 27;
  /** Links are made from our random address. */
  ownAddressType = 0;
  readonly #options: MuxOptions;
  readonly #commands: CommandQueue;
  readonly #acl: AclScheduler;
  readonly #links = new Map<number, HciLink>();
  readonly #answers = new Map<number, Uint8Array>();
  #dialling: Uint8Array | undefined;
  #dialEnded: () => void = () => {};
  #closed = false;

  constructor(options: MuxOptions) {
    this.#options = options;
    const { clock, commandTimeoutMs } = options;
    const write = (packet: Uint8Array): void => options.write(packet);
    this.#acl = new AclScheduler(write);
    this.#commands = new CommandQueue({
      clock,
      ...(commandTimeoutMs !== undefined && { timeoutMs: commandTimeoutMs }),
      write,
      stuck: (opcode) => this.#fault(`the controller does not answer command 0x${opcode.toString(16)}`),
    });
    this.central = new HciHost('central', (packet) => this.#fromHost(this.central, packet));
    this.peripheral = new HciHost('peripheral', (packet) => this.#fromHost(this.peripheral, packet));
  }

  get links(): readonly HciLink[] {
    return [...this.#links.values()];
  }

  /** Lost answers that a second try brought. */
  get resent(): number {
    return this.#commands.resent;
  }

  setBuffers(aclBytes: number, count: number): void {
    this.aclBytes = aclBytes;
    this.#acl.setBuffers(count);
  }

  /** A command of the radio's own. Never rejects: what could not be asked has a status, too. */
  command(opcode: number, parameters?: Uint8Array): Promise<CommandResult> {
    return new Promise((resolve) => {
      const packet = H4.command(opcode, parameters);
      const answer = (event: Uint8Array): void => {
        if (CONSTANT.has(opcode) && event[1] === Event.CommandComplete && event[6] === Status.Success)
          this.#answers.set(opcode, event);
        resolve(
          event[1] === Event.CommandStatus
            ? { status: event[3] as number, results: new Uint8Array(0) }
            : { status: event[6] ?? Status.HardwareFailure, results: event.subarray(7) },
        );
      };
      if (!this.#commands.push({ opcode, packet, answer }))
        resolve({ status: Status.MemoryExceeded, results: new Uint8Array(0) });
    });
  }

  /** Resolves when the controller has reported the end of a connection attempt that did not succeed. */
  dialEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#dialEnded = resolve;
    });
  }

  /** Ends a link, whose-ever it is; `linkDown` follows. */
  disconnect(handle: number): void {
    if (this.#links.has(handle))
      void this.command(Opcode.Disconnect, concat(H4.le16(handle), Uint8Array.of(Status.RemoteUserEnded)));
  }

  /** The controller knows nothing of this link any more but did not say so. */
  forget(handle: number, reason: number): void {
    this.receive(
      H4.event(Event.DisconnectionComplete, concat(Uint8Array.of(0), H4.le16(handle), Uint8Array.of(reason))),
    );
  }

  /** One packet from the controller. */
  receive(packet: Uint8Array): void {
    if (this.#closed) return;
    if (packet[0] === H4.PacketType.Acl && packet.length >= 5) return this.#aclIn(packet);
    if (packet[0] !== H4.PacketType.Event || packet.length < 3) {
      this.counters.malformed++;
      return;
    }
    this.#event(packet);
  }

  close(): void {
    this.#closed = true;
    this.#commands.close();
    this.central.detach();
    this.peripheral.detach();
  }

  #fromHost(host: HciHost, packet: Uint8Array): void {
    if (this.#closed) return;
    if (packet[0] === H4.PacketType.Acl) return this.#aclOut(host, packet);
    if (packet[0] !== H4.PacketType.Command || packet.length < 4) {
      this.counters.malformed++;
      return;
    }
    const opcode = H4.u16(packet, 1);
    const known = this.#known(opcode);
    // Later, as a controller would: a stack may set up what it needs for the answer after it has asked.
    if (known !== undefined) return queueMicrotask(() => this.#deliver(host, known));
    const bytes = opcode === Opcode.LeCreateConnection ? this.#dial(packet) : new Uint8Array(packet);
    const answer = (event: Uint8Array): void => {
      if (CONSTANT.has(opcode) && event[6] === Status.Success) this.#answers.set(opcode, event);
      const isRefused = event[1] === Event.CommandStatus && event[3] !== Status.Success;
      if (opcode === Opcode.LeCreateConnection && isRefused) this.#options.events.dialFailed(event[3] as number);
      this.#deliver(host, event);
    };
    if (!this.#commands.push({ opcode, packet: bytes, answer })) {
      this.counters.overflows++;
      queueMicrotask(() => this.#deliver(host, H4.commandComplete(opcode, Status.MemoryExceeded)));
    }
  }

  /** What a host is told without asking the controller. */
  #known(opcode: number): Uint8Array | undefined {
    if (NOT_FOR_HOSTS.has(opcode)) return H4.commandComplete(opcode, Status.Success);
    // The stacks count buffers for all links together, where one slow link stops all; here each link has its share.
    if (opcode === Opcode.LeReadBufferSize)
      return H4.commandComplete(opcode, Status.Success, H4.le16(this.aclBytes), Uint8Array.of(255));
    if (opcode === Opcode.ReadLeHostSupport) return H4.commandComplete(opcode, Status.Success, Uint8Array.of(1, 0));
    return this.#answers.get(opcode);
  }

  #dial(packet: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(packet);
    this.#dialling = bytes.slice(9, 16);
    bytes[16] = this.ownAddressType;
    return bytes;
  }

  #aclOut(host: HciHost, packet: Uint8Array): void {
    const handle = H4.u16(packet, 1) & 0xfff;
    const link = this.#links.get(handle);
    if (link === undefined || this.#hostOf(link) !== host) {
      this.counters.strayAcl++;
      return;
    }
    if (this.#acl.send(handle, new Uint8Array(packet))) return;
    this.counters.overflows++;
    this.disconnect(handle);
  }

  #aclIn(packet: Uint8Array): void {
    const link = this.#links.get(H4.u16(packet, 1) & 0xfff);
    if (link === undefined) this.counters.strayAcl++;
    else this.#deliver(this.#hostOf(link), packet, link.handle);
  }

  #event(packet: Uint8Array): void {
    switch (packet[1]) {
      case Event.CommandComplete:
        if (packet.length < 6) return void this.counters.malformed++;
        return this.#answer(H4.u16(packet, 4), packet[3] as number, packet);
      case Event.CommandStatus:
        if (packet.length < 7) return void this.counters.malformed++;
        return this.#answer(H4.u16(packet, 5), packet[4] as number, packet);
      case Event.CompletedPackets:
        return this.#completed(packet);
      case Event.DisconnectionComplete:
        return this.#disconnected(packet);
      case Event.HardwareError:
        return this.#fault(`the controller reports a hardware error (0x${(packet[3] ?? 0).toString(16)})`);
      case Event.LeMeta:
        return this.#leEvent(packet);
      case Event.EncryptionChange:
      case Event.EncryptionKeyRefresh:
        return this.#toOwner(packet, 4);
      default:
        this.counters.strayEvents++;
    }
  }

  #leEvent(packet: Uint8Array): void {
    switch (packet[3]) {
      case LeEvent.AdvertisingReport:
        for (const report of H4.parseAdvertReports(packet)) this.#options.events.advert(report);
        return;
      case LeEvent.ConnectionComplete:
      case LeEvent.EnhancedConnectionComplete:
        return this.#connected(packet);
      case LeEvent.ConnectionUpdate:
        return this.#toOwner(packet, 5);
      case LeEvent.DataLengthChange:
      case LeEvent.LongTermKeyRequest:
        return this.#toOwner(packet, 4);
      default:
        this.counters.strayEvents++;
    }
  }

  #answer(opcode: number, allowance: number, packet: Uint8Array): void {
    if (!this.#commands.answered(opcode, allowance, packet)) this.counters.strayEvents++;
  }

  #connected(packet: Uint8Array): void {
    const report = H4.parseConnection(packet);
    if (report === undefined) return void this.counters.malformed++;
    const { status, ...link } = report;
    if (status !== Status.Success || link.role !== Role.Peripheral) {
      const dialling = this.#dialling;
      this.#dialling = undefined;
      if (status !== Status.Success) {
        // Many controllers leave the address out of a failure, and the stack then never knows which try it was.
        const told = new Uint8Array(packet);
        if (dialling !== undefined) told.set(dialling, 8);
        this.#dialEnded();
        this.#options.events.dialFailed(status);
        return this.#deliver(this.central, told);
      }
    }
    const role = link.role === Role.Peripheral ? Role.Peripheral : Role.Central;
    const known = { ...link, id: linkId(this.#options.index ?? 0, link.handle), role };
    if (this.#links.has(link.handle)) this.forget(link.handle, Status.ConnectionTimeout);
    this.#links.set(link.handle, known);
    this.#acl.add(link.handle);
    if (this.#links.size > BleLimit.Links) {
      this.counters.overflows++;
      return this.disconnect(link.handle);
    }
    this.#options.events.linkUp(known);
    this.#deliver(this.#hostOf(known), packet, link.handle);
  }

  #disconnected(packet: Uint8Array): void {
    if (packet.length < 7 || packet[3] !== Status.Success) return void this.counters.malformed++;
    const handle = H4.u16(packet, 4) & 0xfff;
    const link = this.#links.get(handle);
    if (link === undefined) return void this.counters.strayEvents++;
    this.#links.delete(handle);
    this.#acl.remove(handle);
    this.#deliver(this.#hostOf(link), packet);
    this.#options.events.linkDown(link, packet[6] as number);
  }

  #completed(packet: Uint8Array): void {
    for (let i = 0, at = 4; i < (packet[3] ?? 0) && at + 4 <= packet.length; i++, at += 4) {
      const handle = H4.u16(packet, at) & 0xfff;
      const count = H4.u16(packet, at + 2);
      const link = this.#links.get(handle);
      if (link === undefined) continue;
      this.#acl.completed(handle, count);
      this.#deliver(this.#hostOf(link), H4.completedPackets(handle, count), handle);
    }
  }

  #toOwner(packet: Uint8Array, handleAt: number): void {
    if (packet.length < handleAt + 2) return void this.counters.malformed++;
    const link = this.#links.get(H4.u16(packet, handleAt) & 0xfff);
    if (link === undefined) this.counters.strayEvents++;
    else this.#deliver(this.#hostOf(link), packet, link.handle);
  }

  #hostOf(link: HciLink): HciHost {
    return link.role === Role.Peripheral ? this.peripheral : this.central;
  }

  /** A stack that throws has met a packet that nobody honest sends: the link it came over ends. */
  #deliver(host: HciHost, packet: Uint8Array, handle?: number): void {
    if (this.#closed || host.deliver(packet) === undefined) return;
    this.counters.hostFaults++;
    if (handle !== undefined) this.disconnect(handle);
  }

  #fault(reason: string): void {
    if (!this.#closed) this.#options.events.fault(reason);
  }
}
