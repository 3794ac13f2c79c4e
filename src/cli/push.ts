import { createReadStream, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ItemError, PushResult } from '../agent/contract.js';
import { EdgeError, messageOf } from '../core/errors.js';
import { type Batch, batchesOf, guessFormat, type PushFormat, peeked } from './batches.js';
import type { Answer, ApiClient } from './client.js';
import { Progress } from './progress.js';
import { RemoteProblem, usage } from './report.js';

/** An agent that is busy (429, 503) is asked again this often; then the push fails and says how far it came. */
const MAX_TRIES = 20;
const DEFAULT_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
const BATCH_TIMEOUT_MS = 120_000;
/** Rejections beyond this many are counted, not kept: a file may have millions. */
const MAX_REJECTIONS = 10_000;

interface Total extends PushResult {
  /** Rejections, also those that are not listed. */
  readonly rejectedCount: number;
}

const isBusy = (status: number): boolean => status === 429 || status === 503;

function isPushResult(body: unknown): body is PushResult {
  return (
    typeof body === 'object' && body !== null && 'accepted' in body && Array.isArray((body as PushResult).rejected)
  );
}

function waitOf({ headers }: Answer): number {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1_000, MAX_WAIT_MS) : DEFAULT_WAIT_MS;
}

async function pushBatch(client: ApiClient, { body, contentType }: Batch): Promise<PushResult> {
  for (let tried = 1; ; tried++) {
    const call = { method: 'POST', body, contentType, timeoutMs: BATCH_TIMEOUT_MS } as const;
    const answer = await client.call('detections', call, (status) => status === 422 || isBusy(status));
    if (isPushResult(answer.body)) return answer.body;
    if (!isBusy(answer.status) || tried === MAX_TRIES) {
      throw new RemoteProblem(answer.status, (answer.body ?? {}) as Record<string, unknown>);
    }
    await sleep(waitOf(answer));
  }
}

interface Input {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly bytes: number | undefined;
}

function open(file: string): Input {
  if (file === '-') return { chunks: process.stdin, bytes: undefined };
  try {
    const { size } = statSync(file);
    return { chunks: createReadStream(file, { highWaterMark: 2 ** 20 }), bytes: size };
  } catch (error) {
    throw usage(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** Pushes a file batch by batch. A fault in the middle says how many items the agent has already taken: pushing again is safe, they count as duplicates. */
export async function pushFile(client: ApiClient, file: string, format: PushFormat | undefined): Promise<Total> {
  const input = open(file);
  const { start, chunks } = await peeked(input.chunks);
  const progress = new Progress(input.bytes);
  const rejected: ItemError[] = [];
  let accepted = 0;
  let duplicates = 0;
  let rejectedCount = 0;
  let done = 0;
  try {
    for await (const batch of batchesOf(format ?? guessFormat(file, start), chunks)) {
      const result = await pushBatch(client, batch);
      accepted += result.accepted;
      duplicates += result.duplicates;
      rejectedCount += result.rejected.length;
      const room = Math.max(0, MAX_REJECTIONS - rejected.length);
      rejected.push(...result.rejected.slice(0, room).map((item) => ({ ...item, index: item.index + done })));
      done += batch.items;
      progress.show(`${done} detections, ${accepted} accepted`, batch.readBytes);
    }
  } catch (error) {
    if (done === 0 || !(error instanceof EdgeError)) throw error;
    const fix =
      `${error.fix ?? ''} ${accepted} of the first ${done} were accepted; pushing the file again is safe.`.trim();
    throw new EdgeError(error.code, error.message, { fix, status: error.status, cause: error });
  } finally {
    progress.end();
  }
  return { accepted, duplicates, rejected, rejectedCount };
}
