import { stat } from 'node:fs/promises';
import type { Clock } from '../../ports/clock.js';
import type { Random } from '../../ports/random.js';
import { type Answer, ask } from './ask.js';
import { type Candidate, findCandidates, type PlacesToLook } from './candidates.js';
import { holderOf } from './holder.js';
import { FIRST_SILENCE_MS, MAX_SILENCE_MS } from './limits.js';
import type { OpenPort, Port } from './port.js';
import { troubleOf } from './trouble.js';

export interface FinderOptions {
  readonly baud: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly openPort: OpenPort;
  readonly places: PlacesToLook;
  readonly holderOf?: (path: string) => Promise<string | undefined>;
}

/** What is known of a port that was asked. One entry for each candidate there is. */
interface Verdict {
  readonly identity: string;
  readonly what: string;
  readonly retryAt: number;
  readonly waitMs: number;
}

const WORDS: Readonly<Record<Answer, string>> = {
  agent: 'agent',
  dongle: 'dongle',
  silent: 'silent',
  echo: 'hears itself',
  stranger: 'another device',
  'other-version': 'another version',
  lost: 'unplugged',
  cancelled: 'not asked',
};

/** Finds the port with an agent or a dongle among those on USB, and disturbs the others as little as can be. */
export class Finder {
  readonly #options: FinderOptions;
  readonly #nonce: number;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #cancels = new Set<() => void>();
  #surplus = 0;
  #closed = false;

  constructor(options: FinderOptions) {
    this.#options = options;
    this.#nonce = (options.random.u32() | 1) >>> 0;
  }

  /** What was found, one line for people. */
  get report(): string {
    const known = [...this.#verdicts].map(([path, { what }]) => `${path} (${what})`).sort();
    if (this.#surplus > 0) known.push(`${this.#surplus} more that are not looked at`);
    return known.length === 0 ? 'no serial port on USB' : `no agent or dongle on ${known.join(', ')}`;
  }

  /** The open port of the first that answers, or `undefined` when none does now. */
  async find(): Promise<Port | undefined> {
    const { candidates, surplus } = await findCandidates(this.#options.places);
    this.#surplus = surplus;
    const present = new Set(candidates.map(({ path }) => path));
    for (const path of this.#verdicts.keys()) if (!present.has(path)) this.#verdicts.delete(path);
    const asked = await Promise.all(candidates.map((candidate) => this.#try(candidate)));
    const [first, ...others] = asked.filter((port) => port !== undefined);
    await Promise.all(others.map((port) => port.close()));
    if (!this.#closed || first === undefined) return first;
    await first.close();
    return undefined;
  }

  /** Ends a search that is under way. */
  cancel(): void {
    this.#closed = true;
    this.#cancelAll();
  }

  #cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
  }

  async #try(candidate: Candidate): Promise<Port | undefined> {
    const { clock, openPort, baud } = this.#options;
    const { path, device } = candidate;
    const identity = await identityOf(device);
    const before = this.#verdicts.get(path);
    if (this.#closed || (before?.identity === identity && clock.now() < before.retryAt)) return undefined;
    const remember = (what: string, waitMs: number): void => {
      this.#verdicts.set(path, { identity, what, waitMs, retryAt: clock.now() + waitMs });
    };
    const holder = await (this.#options.holderOf ?? holderOf)(device);
    if (holder !== undefined) {
      remember(`in use by ${holder}`, FIRST_SILENCE_MS);
      return undefined;
    }
    const waitMs = before?.identity === identity ? Math.min(MAX_SILENCE_MS, before.waitMs * 2) : FIRST_SILENCE_MS;
    try {
      const port = await openPort(path, baud);
      const answer = await this.#ask(port);
      if (answer === 'agent' || answer === 'dongle') {
        this.#verdicts.delete(path);
        this.#cancelAll();
        return port;
      }
      await port.close();
      // A stranger is not asked again until it is unplugged.
      if (answer !== 'cancelled') remember(WORDS[answer], answer === 'stranger' ? Number.POSITIVE_INFINITY : waitMs);
    } catch (error) {
      remember(troubleOf(error, path).reason, FIRST_SILENCE_MS);
    }
    return undefined;
  }

  async #ask(port: Port): Promise<Answer> {
    const { clock, random } = this.#options;
    let cancel = (): void => {};
    const answer = await ask({
      port,
      clock,
      random,
      nonce: this.#nonce,
      cancelled: (fn) => {
        cancel = fn;
        this.#cancels.add(fn);
      },
    });
    this.#cancels.delete(cancel);
    return answer;
  }
}

/** Changes when the device is unplugged and plugged in again: its file is made anew. */
async function identityOf(device: string): Promise<string> {
  try {
    const { ino, birthtimeMs, rdev } = await stat(device);
    return `${ino}:${rdev}:${birthtimeMs}`;
  } catch {
    return '';
  }
}
