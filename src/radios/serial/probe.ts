import type { Clock } from '../../ports/clock.js';
import type { RadioProbe } from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import { type Answer, ask } from './ask.js';
import type { OpenPort } from './port.js';
import { trouble, troubleOf } from './trouble.js';

export interface ProbeOptions {
  readonly path: string;
  readonly baud: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly openPort: OpenPort;
  readonly holderOf: (path: string) => Promise<string | undefined>;
}

const FOUND: Readonly<Record<Answer, string>> = {
  agent: 'an agent answers',
  dongle: 'a dongle answers',
  silent: 'nobody answers',
  stranger: 'what talks there speaks no protocol of ours: another speed, or another device',
  'other-version': 'an agent or a dongle of another version answers: update the older one',
  lost: 'it was unplugged meanwhile',
  cancelled: 'it was not asked',
};

/** Opens the port, asks who is there and closes it. A port without an answer is good: the other end may come later. */
export async function probePort({ path, baud, openPort, holderOf, ...with_ }: ProbeOptions): Promise<RadioProbe> {
  const holder = await holderOf(path);
  try {
    if (holder !== undefined) return refused(trouble('busy', path, holder));
    const port = await openPort(path, baud);
    const answer = await ask({ ...with_, port, nonce: (with_.random.u32() | 1) >>> 0, cancelled: () => {} });
    await port.close();
    return { ok: answer !== 'lost', detail: `${path} at ${baud} baud: ${FOUND[answer]}` };
  } catch (error) {
    return refused(troubleOf(error, path));
  }
}

const refused = ({ reason, fix }: { readonly reason: string; readonly fix: string }): RadioProbe => ({
  ok: false,
  detail: reason,
  fix,
});
