import type { Clock } from '../../ports/clock.js';
import type { RadioProbe } from '../../ports/radio.js';
import type { Random } from '../../ports/random.js';
import { type Answer, ask } from './ask.js';
import type { OpenPort } from './port.js';
import { answer, Silence, silence } from './standing.js';
import { trouble, troubleOf } from './trouble.js';

export interface ProbeOptions {
  readonly path: string;
  readonly baud: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly openPort: OpenPort;
  readonly holderOf: (path: string) => Promise<string | undefined>;
}

const FOUND: Readonly<Record<Answer, RadioProbe>> = {
  agent: answer('an agent answers'),
  dongle: answer('a dongle answers'),
  silent: { ...silence(Silence.NoAnswer), detail: 'nobody answers' },
  echo: silence(Silence.Echo),
  stranger: silence(Silence.Stranger),
  'other-version': silence('an agent or a dongle of another version answers'),
  lost: { ok: false, detail: 'it was unplugged meanwhile', fix: 'plug it in again' },
  cancelled: answer('it was not asked'),
};

/** Opens the port, asks who is there and closes it. A port without an answer is good, with a fix: the other end may come later. */
export async function probePort({ path, baud, openPort, holderOf, ...with_ }: ProbeOptions): Promise<RadioProbe> {
  const holder = await holderOf(path);
  try {
    if (holder !== undefined) return refused(trouble('busy', path, holder));
    const port = await openPort(path, baud);
    const who = await ask({ ...with_, port, nonce: (with_.random.u32() | 1) >>> 0, cancelled: () => {} });
    await port.close();
    const found = FOUND[who];
    return { ...found, ok: who !== 'lost', detail: `${path} at ${baud} baud: ${found.detail}` };
  } catch (error) {
    return refused(troubleOf(error, path));
  }
}

const refused = ({ reason, fix }: { readonly reason: string; readonly fix: string }): RadioProbe => ({
  ok: false,
  detail: reason,
  fix,
});
