/**
 * An error a person or a program may meet. `code` is stable (`area.subject.fault`) and part of the contract;
 * `fix` says what to do about it; `status` is the HTTP status the faces use.
 */
export class EdgeError extends Error {
  readonly code: string;
  readonly fix: string | undefined;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: string,
    message: string,
    options: { fix?: string; status?: number; details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EdgeError';
    this.code = code;
    this.fix = options.fix;
    this.status = options.status ?? 400;
    this.details = options.details;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
