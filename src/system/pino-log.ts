import { type DestinationStream, destination as fileDestination, type Logger, pino } from 'pino';
import { toHex } from '../core/bytes.js';
import { EdgeError } from '../core/errors.js';
import type { Log, LogLevel } from '../ports/log.js';
import { prettyLine } from './pretty-line.js';

export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for people rather than JSON. Default: when stderr is a terminal. */
  readonly pretty?: boolean;
  /** Takes each line with its line end. Default: stderr, written at once. */
  readonly destination?: { write(line: string): void };
}

type Fields = Readonly<Record<string, unknown>>;

const STDERR = 2;
const SECRETS = ['secretKey', 'secret', 'token', 'password', 'psk', 'authorization'];

/**
 * A log of JSON lines {level, time, name, msg, …fields}; `time` in Unix milliseconds. Bytes show as hex, errors with
 * code and fix; fields named like secrets are blotted out, also one level down.
 */
export function createLog(options: LogOptions): Log {
  const target = options.destination ?? stderr();
  const pretty = options.pretty ?? (options.destination === undefined && process.stderr.isTTY === true);
  const logger = pino(
    {
      level: options.level,
      base: null,
      formatters: { level: (label) => ({ level: label }), log: readable },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    pretty ? { write: (line: string) => target.write(prettyLine(line)) } : target,
  );
  return new PinoLog(logger, undefined);
}

class PinoLog implements Log {
  readonly #root: Logger;
  readonly #logger: Logger;
  readonly #name: string | undefined;

  constructor(root: Logger, name: string | undefined) {
    this.#root = root;
    this.#name = name;
    // A child of a child would carry two fields `name`.
    this.#logger = name === undefined ? root : root.child({ name });
  }

  debug(message: string, fields: Fields = {}): void {
    this.#logger.debug(fields, message);
  }

  info(message: string, fields: Fields = {}): void {
    this.#logger.info(fields, message);
  }

  warn(message: string, fields: Fields = {}): void {
    this.#logger.warn(fields, message);
  }

  error(message: string, fields: Fields = {}): void {
    this.#logger.error(fields, message);
  }

  /** Names nest: a child `udp` of `radios` logs as `radios.udp`. */
  child(name: string): Log {
    return new PinoLog(this.#root, this.#name === undefined ? name : `${this.#name}.${name}`);
  }
}

function stderr(): DestinationStream {
  const stream = fileDestination({ fd: STDERR, sync: true });
  // A reader that went away (EPIPE) must not take the agent with it.
  stream.on('error', () => undefined);
  return stream;
}

function readable(fields: Record<string, unknown>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) shown[name] = readableValue(value);
  return shown;
}

function readableValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof EdgeError)
    return { code: value.code, message: value.message, fix: value.fix, details: value.details };
  if (value instanceof Error) return { type: value.name, message: value.message, stack: value.stack };
  return value;
}
