import type { EdgeError } from '../../core/errors.js';

export interface Check {
  /** Stable, for programs: `node`, `data.lock`, `radio.udp`. */
  readonly id: string;
  readonly condition: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** The command or setting that mends it. */
  readonly fix?: string;
}

const withFix = (id: string, condition: Check['condition'], detail: string, fix?: string): Check => ({
  id,
  condition,
  detail,
  ...(fix === undefined ? {} : { fix }),
});

export const ok = (id: string, detail: string): Check => ({ id, condition: 'ok', detail });
export const warn = (id: string, detail: string, fix?: string): Check => withFix(id, 'warn', detail, fix);
export const fail = (id: string, detail: string, fix?: string): Check => withFix(id, 'fail', detail, fix);
export const failed = (id: string, error: EdgeError): Check => fail(id, error.message, error.fix);
