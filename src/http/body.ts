import type { IncomingMessage } from 'node:http';
import { EdgeError } from '../core/errors.js';
import type { Share } from './load.js';

const tooLarge = (limit: number): EdgeError =>
  new EdgeError('request.bytes', `the body is larger than ${limit} bytes (limit ${limit})`, {
    status: 413,
    fix: 'send it in smaller parts',
  });

const cutShort = (): EdgeError => new EdgeError('request.cut', 'the connection ended before the whole body arrived');

/**
 * Collects a body of at most `limit` bytes. A body of announced length goes straight into one buffer; a chunked one is
 * claimed from `share` as it arrives. Throws `request.bytes` (413), BusyError (429) or `request.cut`.
 */
export async function collectBody(message: IncomingMessage, limit: number, share: Share): Promise<Buffer> {
  const announced = message.headers['content-length'];
  if (announced === undefined) return collectChunked(message, limit, share);
  const length = Number(announced);
  if (length > limit) throw tooLarge(limit);
  share.claim(length);
  const body = Buffer.allocUnsafe(length);
  let at = 0;
  await drain(message, (chunk) => {
    chunk.copy(body, at);
    at += chunk.length;
  });
  if (at !== length) throw cutShort();
  return body;
}

async function collectChunked(message: IncomingMessage, limit: number, share: Share): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  await drain(message, (chunk) => {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    share.claim(chunk.length);
    chunks.push(chunk);
  });
  return Buffer.concat(chunks, length);
}

/** Feeds the message's chunks to `take` until its end; what `take` throws rejects, and the rest is not looked at. */
function drain(message: IncomingMessage, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      message.off('data', onData);
      message.off('end', onEnd);
      message.off('error', onCut);
      message.off('close', onCut);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Buffer): void => {
      try {
        take(chunk);
      } catch (error) {
        settle(error);
        // What still arrives is thrown away, so that the client gets to read the answer.
        message.resume();
      }
    };
    const onEnd = (): void => settle();
    const onCut = (): void => settle(cutShort());
    message.on('data', onData);
    message.on('end', onEnd);
    message.on('error', onCut);
    message.on('close', onCut);
  });
}
