import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { PRIORITIES } from '../agent/contract.js';
import { messageOf } from '../core/errors.js';
import { LARGE_PAYLOAD_BYTES } from '../http/limits.js';
import { jsonOrText } from './parse.js';
import { usage } from './report.js';

export interface PayloadOptions {
  readonly file?: string;
  readonly priority?: string;
}

function priorityOption(text: string): string {
  if ((PRIORITIES as readonly string[]).includes(text)) return text;
  throw usage(`--priority is ${JSON.stringify(text)}, expected one of ${PRIORITIES.join(', ')}.`);
}

export const withPriority = (command: Command): Command =>
  command.option('--priority <priority>', `${PRIORITIES.join(', ')} (default: medium)`, priorityOption);

export const withPayload = (command: Command): Command =>
  withPriority(command)
    .argument('[payload]', 'JSON, or a text')
    .option('--file <file>', 'send the bytes of a file instead (- is standard input)');

/** The part of a message that carries its content. */
export function payloadOf(text: string | undefined, file: string | undefined): Record<string, unknown> {
  if (text !== undefined && file !== undefined)
    throw usage('A payload and --file exclude each other.', 'Give one of them.');
  if (text !== undefined) return { payload: jsonOrText(text) };
  if (file === undefined) return {};
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw usage(`${file} cannot be read: ${messageOf(error)}`);
  }
  // Told here: an agent that refuses a body may close before all of it is written.
  if (bytes.length > LARGE_PAYLOAD_BYTES)
    throw usage(`${file} has ${bytes.length} bytes, a message at most ${LARGE_PAYLOAD_BYTES}.`, 'Send it in parts.');
  return { payloadBase64: bytes.toString('base64') };
}
