import { z } from 'zod';
import { EMBEDDING_VALUES, ITEMS_PER_BATCH, PURPOSE_CHARS, SEARCH_K_MAX, SEARCH_TIMEOUT_MS } from '../limits.js';
import { count, cursor, hash, limit, metadata, nodeId, spaceName, typeName, unixMs } from './common.js';
import { problem } from './problem.js';

/** As `z.array(z.number())` with bounds, in one pass: that one makes two objects of every number, 512 times a search. */
const embedding = z
  .unknown()
  .superRefine((value, context) => {
    if (!Array.isArray(value)) {
      context.addIssue({ code: 'invalid_type', expected: 'array', input: value });
    } else if (value.length === 0) {
      context.addIssue({ code: 'too_small', origin: 'array', minimum: 1, inclusive: true, input: value });
    } else if (value.length > EMBEDDING_VALUES) {
      context.addIssue({ code: 'too_big', origin: 'array', maximum: EMBEDDING_VALUES, inclusive: true, input: value });
    } else {
      for (let at = 0; at < value.length; at++) {
        const input: unknown = value[at];
        if (!Number.isFinite(input)) context.addIssue({ code: 'invalid_type', expected: 'number', input, path: [at] });
      }
    }
  })
  .meta({
    type: 'array',
    items: { type: 'number' },
    minItems: 1,
    maxItems: EMBEDDING_VALUES,
  }) as z.ZodType<unknown> as z.ZodType<number[]>;

/** What a pipeline pushes. The agent checks it item by item, so that one bad item does not cost the batch. */
export const detectionInput = z.strictObject({
  hash,
  type: typeName,
  space: spaceName.exactOptional(),
  embedding: embedding.exactOptional().describe('512 values unless the space says otherwise.'),
  metadata: metadata.exactOptional(),
  observedAt: unixMs.exactOptional().describe('Unix milliseconds; now when left out.'),
  purpose: z.string().min(1).max(PURPOSE_CHARS).exactOptional(),
  expiresAt: unixMs.exactOptional(),
});

export const detectionBatch = z.union([detectionInput, z.array(detectionInput).max(ITEMS_PER_BATCH)]);

export const pushResult = z.strictObject({
  accepted: count,
  duplicates: count,
  rejected: z.array(z.strictObject({ index: count, code: z.string(), detail: z.string() })),
});

/** Nothing was taken: the problem of the first item, and every item's own. */
export const pushRefusal = problem.extend(pushResult.shape);

export const detection = z.strictObject({
  hash,
  type: z.string(),
  node: nodeId,
  space: z.string().exactOptional(),
  metadata,
  observedAt: unixMs,
  purpose: z.string().exactOptional(),
  expiresAt: unixMs,
  version: z.number().int().min(1),
  vector: z.enum(['exact', 'int8', 'none']),
});

export const detectionQuery = z.strictObject({
  type: typeName.exactOptional(),
  node: nodeId.exactOptional(),
  hash: hash.exactOptional(),
  sinceAt: unixMs.exactOptional(),
  untilAt: unixMs.exactOptional(),
  limit: limit.exactOptional().describe('1 to 1,000, default 100.'),
  cursor: cursor.exactOptional(),
});

export const detectionPage = z.strictObject({
  detections: z.array(detection),
  nextCursor: cursor.exactOptional(),
});

/** The newest detection under the hash, and all of them, by author, under `detections`. */
export const detectionLookup = detection.extend({ detections: z.array(detection).min(1) });

export const eraseResult = z.strictObject({ erased: count });

export const searchRequest = z
  .strictObject({
    embedding: embedding.exactOptional(),
    like: hash.exactOptional().describe('The hash of a detection held here, to search by its vector.'),
    space: spaceName.exactOptional(),
    k: z.number().int().min(1).max(SEARCH_K_MAX).exactOptional().describe('1 to 1,000, default 10.'),
    type: typeName.exactOptional(),
    node: nodeId.exactOptional(),
    sinceAt: unixMs.exactOptional(),
    untilAt: unixMs.exactOptional(),
    metadata: metadata.exactOptional(),
    scope: z.enum(['local', 'mesh']).exactOptional(),
    timeoutMs: z.number().int().min(1).max(SEARCH_TIMEOUT_MS).exactOptional(),
  })
  .refine((request) => request.embedding === undefined || request.like === undefined, {
    error: 'give embedding or like, not both',
    path: ['like'],
  });

export const searchResult = z.strictObject({
  hash,
  type: z.string(),
  node: nodeId,
  score: z.number().exactOptional().describe('Cosine; absent when nothing was compared.'),
  scoredFrom: z.enum(['exact', 'int8']).exactOptional(),
  observedAt: unixMs,
  metadata,
});

export const searchAnswer = z.strictObject({
  results: z.array(searchResult),
  asked: count,
  answered: count,
  nodes: z.array(z.strictObject({ nodeId, answered: z.boolean() })),
  tookMs: z.number(),
  loaded: z
    .number()
    .min(0)
    .lt(1)
    .exactOptional()
    .describe('Of the vectors held here, only this share was compared: the index still loads after a start.'),
});
