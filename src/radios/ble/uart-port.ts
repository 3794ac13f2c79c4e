import { messageOf } from '../../core/errors.js';
import type { ControllerPort, PortEvents } from './controller-port.js';
import { diagnose } from './diagnose.js';
import { PacketSplitter } from './hci-packets.js';
import { ResetAnswer } from './reset-answer.js';

type SerialPort = import('serialport').SerialPort;

/** More than a controller says before it hears the reset: those are no packets, but noise. */
const NOISE_BYTES = 16_384;

/** What a write says when there is no device any more, if it comes before the driver has noticed. */
const GONE = /EIO|ENXIO|ENODEV|EBADF|i\/o error|no such device|bad file descriptor/i;

/** H4 over a serial line with hardware flow control: a module on the header, or a dongle running an HCI firmware. */
export class UartPort implements ControllerPort {
  readonly #path: string;
  readonly #baud: number;
  #port: SerialPort | undefined;

  constructor(path: string, baud: number) {
    this.#path = path;
    this.#baud = baud;
  }

  async open(events: PortEvents): Promise<void> {
    const { SerialPort } = await import('serialport');
    const port = new SerialPort({ path: this.#path, baudRate: this.#baud, rtscts: true, autoOpen: false });
    await new Promise<void>((resolve, reject) => {
      port.open((error) => (error === null ? resolve() : reject(diagnose(error, `uart:${this.#path}`))));
    });
    this.#port = port;
    const gone = (reason: string): void => {
      if (this.#port !== port) return;
      this.#port = undefined;
      events.closed(reason);
      if (port.isOpen) port.close(() => {});
    };
    port.on(
      'data',
      this.#reader(events, (reason) => gone(`${this.#path}: ${reason}; the speed may be wrong`)),
    );
    const unplugged = `${this.#path} was unplugged`;
    port.on('error', (error) => gone(GONE.test(error.message) ? unplugged : `${this.#path}: ${messageOf(error)}`));
    port.on('close', () => gone(unplugged));
  }

  write(packet: Uint8Array): void {
    if (this.#port?.isOpen) this.#port.write(Buffer.from(packet));
  }

  async close(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }

  /** Takes bytes as they come. Nothing counts until the controller has answered the reset that every session begins with. */
  #reader(events: PortEvents, noise: (reason: string) => void): (chunk: Uint8Array) => void {
    const splitter = new PacketSplitter(events.packet, noise);
    const answer = new ResetAnswer();
    let inStep = false;
    return (chunk) => {
      if (inStep) return splitter.push(chunk);
      const found = answer.push(chunk);
      inStep = found !== undefined;
      if (found !== undefined) splitter.push(found);
      else if (answer.skipped > NOISE_BYTES) noise(`${answer.skipped} bytes and no answer among them`);
    };
  }
}
