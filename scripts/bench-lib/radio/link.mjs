// A link between two processes, made by our radio or by the plain package, over an emulated carrier of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freeUdpPort } from '../../demo-lib/agent-process.mjs';
import { buildEmulation, startAir } from '../../demo-lib/carriers.mjs';
import { pacedLine } from '../paced-line.mjs';

const END = join(import.meta.dirname, 'end.mjs');
const ANSWER_MS = 60_000;
export const BAUD = 115_200;
/** Frames on the way: what keeps the carrier busy, and is not long in coming when it is slow. */
const WINDOW = { ble: 16, serial: 6, udp: 32 };

/** What stands between the ends: their places, and what to stop afterwards. */
const CARRIERS = {
  async ble(folder, say) {
    buildEmulation(say);
    const places = ['near', 'far'].map((name) => join(folder, `${name}.sock`));
    return { places, carrier: await startAir(places, []) };
  },
  async serial(folder) {
    const places = ['near', 'far'].map((name) => join(folder, `tty-${name}`));
    return { places, carrier: await pacedLine(places, BAUD) };
  },
  async udp() {
    const port = await freeUdpPort();
    return { places: [port, port], carrier: { async stop() {} } };
  },
};

class End {
  #child;
  #exited;
  #answers = () => {};
  #fails = () => {};

  constructor(setup) {
    this.#child = fork(END, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => this.#answers(message));
    this.#exited = once(this.#child, 'exit');
    void this.#exited.then(([code]) => this.#fails(new Error(`the ${setup.role} end ended with ${code}`)));
  }

  /** The answer to a command, and without one the first thing it says: its address. */
  async ask(command) {
    let timer;
    const answer = new Promise((resolve, reject) => {
      [this.#answers, this.#fails] = [resolve, reject];
      timer = setTimeout(reject, ANSWER_MS, new Error(`no answer to ${command?.does ?? 'the start'}`));
    });
    if (command !== undefined) this.#child.send(command);
    try {
      const { result, error } = await answer;
      if (error) throw new Error(error);
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  async stop() {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }
}

/** Opens both ends and waits until they are linked. */
export async function openLink({ kind, variant, folder, say }) {
  const own = join(folder, `${kind}-${variant}`);
  mkdirSync(own);
  const { places, carrier } = await CARRIERS[kind](own, say);
  const ends = ['near', 'far'].map((role, at) => new End({ kind, variant, role, place: places[at], baud: BAUD }));
  const [near, far] = ends;
  const stop = async () => {
    await Promise.all(ends.map((end) => end.stop()));
    await carrier.stop();
  };
  const cpuUs = async () => (await near.ask({ does: 'cpu' })) + (await far.ask({ does: 'cpu' }));
  try {
    const [atNear, atFar] = await Promise.all(ends.map((end) => end.ask()));
    const sizes = await Promise.all([near.ask({ does: 'link', peer: atFar }), far.ask({ does: 'link', peer: atNear })]);
    return {
      frameBytes: Math.min(...sizes),
      /** Payload one way: kilobytes a second, microseconds of CPU a frame at both ends together, frames lost. */
      async flow(bytes, forMs) {
        const before = await cpuUs();
        const { frames, lost, ms } = await near.ask({ does: 'flow', bytes, forMs, window: WINDOW[kind] });
        return { kbPerS: (frames * bytes) / ms, cpuUs: ((await cpuUs()) - before) / Math.max(1, frames), lost };
      },
      ask: (bytes, forMs) => near.ask({ does: 'ask', bytes, forMs }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
