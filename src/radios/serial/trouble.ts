import { EdgeError, messageOf } from '../../core/errors.js';

/** Why a port cannot be had, and what mends it. `code` is stable. */
export interface Trouble {
  readonly code: 'absent' | 'permission' | 'busy' | 'io' | 'not-serial' | 'speed' | 'timeout' | 'driver' | 'other';
  readonly reason: string;
  readonly fix: string;
}

/** The driver has no error codes, only the system's words for them. */
const WORDS: readonly (readonly [RegExp, Trouble['code']])[] = [
  [/no such file|enoent|no such device|enxio|enodev/i, 'absent'],
  [/permission denied|operation not permitted|eacces|eperm/i, 'permission'],
  [/cannot lock|locked|busy|ebusy|temporarily unavailable|eagain/i, 'busy'],
  [/inappropriate ioctl|enotty|is a directory|eisdir|not a typewriter/i, 'not-serial'],
  [/baud/i, 'speed'],
  [/invalid argument|einval/i, 'not-serial'],
  [/input\/output error|eio|bad file descriptor|ebadf|disconnected|was closed/i, 'io'],
  [/timed out|etimedout/i, 'timeout'],
];

export function troubleOf(error: unknown, path: string): Trouble {
  if (error instanceof EdgeError) return { code: 'driver', reason: error.message, fix: error.fix ?? 'reinstall it' };
  const said = messageOf(error);
  // The system's own word comes first: an I/O error while the speed is set is none of the speed.
  const code = /input\/output error/i.test(said) ? 'io' : (WORDS.find(([words]) => words.test(said))?.[1] ?? 'other');
  return trouble(code, path, said);
}

export function trouble(code: Trouble['code'], path: string, said: string): Trouble {
  switch (code) {
    case 'absent':
      return { code, reason: `no device ${path}`, fix: 'plug it in; ls -l /dev/serial/by-id names those there are' };
    case 'permission':
      return {
        code,
        reason: `no permission for ${path}`,
        fix: 'sudo usermod -aG dialout $USER and log in again; right after plugging in it may only be a moment early',
      };
    case 'busy':
      return { code, reason: `${path} is in use by ${said}`, fix: `fuser -v ${path} names it; stop it` };
    case 'io':
      return { code, reason: `${path} was unplugged or has no hardware behind it`, fix: 'plug it in again' };
    case 'not-serial':
      return { code, reason: `${path} is no serial port`, fix: 'ls -l /dev/serial/by-id names those there are' };
    case 'speed':
      return { code, reason: `${path} does not take this speed`, fix: `write a usual one: serial:${path}@115200` };
    case 'timeout':
      return { code, reason: `${path} does not open`, fix: 'unplug it and plug it in again' };
    default:
      return { code, reason: `${path}: ${said}`, fix: 'look at dmesg' };
  }
}
