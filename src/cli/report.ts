import { EdgeError, messageOf } from '../core/errors.js';

/** What a script can tell from the exit code; part of the contract. */
export const Exit = { Done: 0, Failed: 1, Usage: 2, NoAgent: 3, NotAllowed: 4 } as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** A problem document the agent answered with, kept as it came. */
export class RemoteProblem extends EdgeError {
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    const text = (key: string): string | undefined => (typeof problem[key] === 'string' ? problem[key] : undefined);
    const fix = text('fix');
    super(text('code') ?? 'request.failed', text('detail') ?? text('title') ?? `The agent answered ${status}.`, {
      status,
      ...(fix === undefined ? {} : { fix }),
    });
    this.problem = problem;
  }
}

export const usage = (message: string, fix?: string): EdgeError =>
  new EdgeError('cli.usage', message, fix === undefined ? {} : { fix });

/** What was asked for is not there, by flag, file or environment. */
const USAGE_CODES = new Set([
  'cli.usage',
  'radio.spec',
  'scenario.file',
  'simulate.output',
  'hotpath.isa',
  'hotpath.kind',
]);

/** Wrong usage includes a wrong configuration: nothing was tried. */
export function exitCodeOf(error: unknown): Exit {
  if (!(error instanceof EdgeError)) return Exit.Failed;
  if (USAGE_CODES.has(error.code) || error.code.startsWith('config.')) return Exit.Usage;
  if (error.code === 'cli.no-agent' || error.code === 'cli.not-an-agent') return Exit.NoAgent;
  if (error.status === 401 || error.status === 403) return Exit.NotAllowed;
  return Exit.Failed;
}

function problemOf(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof RemoteProblem) return error.problem;
  if (!(error instanceof EdgeError))
    return { title: 'Failed', status: 500, code: 'cli.failed', detail: messageOf(error) };
  const { code, status, message: detail, fix, details } = error;
  return {
    title: 'Failed',
    status,
    code,
    detail,
    ...(fix === undefined ? {} : { fix }),
    ...(details ? { details } : {}),
  };
}

/** Remote text may hold control characters; a terminal must not obey them. */
export const clean = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** JSON in which nothing can steer a terminal either; the value is the same. */
export function safeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return text.replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function fallbackFix(error: unknown): string | undefined {
  switch (exitCodeOf(error)) {
    case Exit.NotAllowed:
      return 'Give the agent’s token with --token or EDGE_AGENT_TOKEN.';
    case Exit.Usage:
      return 'See edge-agent help.';
    default:
      return undefined;
  }
}

/** Says on standard error what failed and what mends it; with `json` as a problem document, so that standard output stays clean. */
export function reportError(error: unknown, json: boolean): void {
  if (json) {
    process.stderr.write(`${safeJson(problemOf(error))}\n`);
    return;
  }
  process.stderr.write(`error: ${clean(messageOf(error))}\n`);
  const fix = (error instanceof EdgeError ? error.fix : undefined) ?? fallbackFix(error);
  if (fix !== undefined) process.stderr.write(`fix: ${clean(fix)}\n`);
  if (!(error instanceof EdgeError) && error instanceof Error && process.env['EDGE_AGENT_DEBUG']) {
    process.stderr.write(`${error.stack}\n`);
  }
}
