import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { PRIORITIES } from '../agent/contract.js';
import { messageOf } from '../core/errors.js';
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
  try {
    return { payloadBase64: readFileSync(file === '-' ? 0 : file).toString('base64') };
  } catch (error) {
    throw usage(`${file} cannot be read: ${messageOf(error)}`);
  }
}
