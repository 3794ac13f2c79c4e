import type { Clock, Timer } from '../../ports/clock.js';
import { Opcode } from './hci-codes.js';
import { BleLimit } from './limits.js';

interface QueuedCommand {
  readonly opcode: number;
  readonly packet: Uint8Array;
  /** The answer: a command complete or command status event. */
  answer(event: Uint8Array): void;
}

export interface CommandQueueOptions {
  readonly clock: Clock;
  readonly timeoutMs?: number;
  write(packet: Uint8Array): void;
  /** The controller owes an answer for too long. */
  stuck(opcode: number): void;
}

/**
 * One command to the controller at a time, whoever asks. Slower than what it would allow, but an answer always
 * belongs to the command sent last, and a lost one is noticed.
 */
export class CommandQueue {
  readonly #options: CommandQueueOptions;
  readonly #waiting: QueuedCommand[] = [];
  #current: QueuedCommand | undefined;
  #tries = 0;
  /** From the controller: 0 means that it takes none for now. */
  #allowance = 1;
  #timer: Timer | undefined;
  #closed = false;
  resent = 0;

  constructor(options: CommandQueueOptions) {
    this.#options = options;
  }

  /** False when too many wait already. */
  push(command: QueuedCommand): boolean {
    if (this.#closed || this.#waiting.length >= BleLimit.QueuedCommands) return false;
    this.#waiting.push(command);
    this.#next();
    return true;
  }

  /** An answer came; it goes to whom it belongs. False when nobody asked. */
  answered(opcode: number, allowance: number, event: Uint8Array): boolean {
    this.#allowance = allowance;
    const current = this.#current;
    if (current === undefined || current.opcode !== opcode) {
      this.#next();
      return opcode === Opcode.Nothing;
    }
    this.#current = undefined;
    this.#timer?.cancel();
    current.answer(event);
    this.#next();
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#waiting.length = 0;
    this.#current = undefined;
  }

  #next(): void {
    if (this.#closed || this.#current !== undefined) return;
    const command = this.#waiting[0];
    if (command === undefined) return;
    if (this.#allowance === 0) return this.#awaitAllowance();
    this.#waiting.shift();
    this.#current = command;
    this.#tries = 0;
    this.#send(command);
  }

  #awaitAllowance(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.timer('ble.allowance', this.#timeoutMs(), () => {
      // A controller that forgot to take back its 0 would silence us for good.
      this.#allowance = 1;
      this.#next();
    });
  }

  #send(command: QueuedCommand): void {
    this.#tries++;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.timer('ble.command', this.#timeoutMs(), () => this.#overdue(command));
    this.#options.write(command.packet);
  }

  #overdue(command: QueuedCommand): void {
    // Sent twice, a connection attempt that did start would look refused.
    if (this.#tries > 1 || command.opcode === Opcode.LeCreateConnection) {
      this.#options.stuck(command.opcode);
      return;
    }
    this.resent++;
    this.#send(command);
  }

  #timeoutMs(): number {
    return this.#options.timeoutMs ?? BleLimit.CommandTimeoutMs;
  }
}
