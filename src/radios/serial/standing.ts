import type { RadioProbe } from '../../ports/radio.js';

/** Why nobody answers on an open port. */
export const Silence = {
  NoAnswer: 'no answer yet',
  Echo: 'hears itself: TX is joined to RX, or the adapter echoes',
  Crowd: 'several nodes answer on this line: use +air behind the speed',
  Stranger: 'what comes is no frame of this protocol: another speed, another device, or a login prompt',
  AirThere: 'the other end has +air behind its speed, this one has not',
  AirHere: 'the other end has no +air behind its speed, this one has',
  NobodyHeard: 'nobody heard yet',
} as const;

const WIRING =
  'start an agent at the other end, with the same speed; join TX to RX both ways, and ground to ground: edge-agent radios shows when it answers';

const FIXES: Readonly<Record<string, string>> = {
  [Silence.NoAnswer]: WIRING,
  [Silence.Echo]: 'part TX from RX here: TX of each end goes to RX of the other; or switch the echo of the adapter off',
  [Silence.Crowd]: 'write +air behind the speed on each of them, as in serial:PATH@9600+air',
  [Silence.Stranger]:
    'give both ends the same speed; see that it is the right device; a login prompt is ended by: sudo systemctl disable --now serial-getty@TTY',
  [Silence.AirThere]: 'write +air at both ends, or at neither',
  [Silence.AirHere]: 'write +air at both ends, or at neither',
  [Silence.NobodyHeard]:
    'start an agent at another module of the same channel and speed; see that the module is in transparent mode',
};

/** With what mends it. */
export const silence = (detail: string): RadioProbe => ({
  ok: false,
  detail,
  fix: FIXES[detail] ?? 'update the older one',
});

export const answer = (detail: string): RadioProbe => ({ ok: true, detail });
