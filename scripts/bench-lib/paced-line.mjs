// A serial line that takes its time. A pair of pseudo terminals carries megabytes a second whatever baud rate is set;
// here each byte arrives when a UART would have delivered it: a start bit, eight bits and a stop bit later.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { HelperProcess } from '../demo-lib/helper-process.mjs';

export const BITS_PER_BYTE = 10;
const LOOK_EVERY_MS = 1;
/** Bytes taken from a writer ahead of the line, as a driver's buffer does; beyond it the writer waits. */
const AHEAD_BYTES = 4_096;

/** One direction: what is written to `from` arrives at `to` at the line's speed. */
class Direction {
  #from;
  #to;
  #byteMs;
  #chunks = [];
  #waiting = 0;
  /** When the first waiting byte began to be sent. */
  #since = 0;
  #timer;

  constructor(from, to, baud) {
    this.#from = from;
    this.#to = to;
    this.#byteMs = (BITS_PER_BYTE * 1_000) / baud;
    from.on('data', (chunk) => this.#take(chunk));
  }

  stop() {
    clearInterval(this.#timer);
  }

  #take(chunk) {
    if (this.#waiting === 0) this.#since = performance.now();
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting > AHEAD_BYTES) this.#from.pause();
    this.#timer ??= setInterval(() => this.#deliver(), LOOK_EVERY_MS);
  }

  #deliver() {
    const through = Math.min(this.#waiting, Math.floor((performance.now() - this.#since) / this.#byteMs));
    if (through === 0) return;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes.subarray(through)];
    this.#waiting -= through;
    this.#since += through * this.#byteMs;
    this.#to.write(bytes.subarray(0, through));
    if (this.#waiting <= AHEAD_BYTES) this.#from.resume();
    if (this.#waiting > 0) return;
    this.#chunks = [];
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** A pseudo terminal at `path`, and the socket that is its other side. */
async function terminal(path) {
  const server = createServer();
  const socketPath = `${path}.sock`;
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  const connected = new Promise((resolve) => server.once('connection', resolve));
  const args = ['--pdeathsig', 'TERM', 'socat', `pty,rawer,link=${path}`, `UNIX-CONNECT:${socketPath}`];
  const helper = await new HelperProcess('the serial line', 'setpriv', args).ready(() => existsSync(path));
  const socket = await connected;
  socket.on('error', () => {});
  server.close();
  return { helper, socket };
}

/** Two device files with a line of `baud` bits a second between them. */
export async function pacedLine(ends, baud) {
  const [a, b] = await Promise.all(ends.map(terminal));
  const directions = [new Direction(a.socket, b.socket, baud), new Direction(b.socket, a.socket, baud)];
  return {
    async stop() {
      for (const direction of directions) direction.stop();
      for (const { socket } of [a, b]) socket.destroy();
      await Promise.all([a, b].map(({ helper }) => helper.stop()));
    },
  };
}
