import { z } from 'zod';

export const problem = z.strictObject({
  type: z.string().describe('`urn:edge-agent:problem:` and the code.'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string().describe('Stable; programs go by this.'),
  fix: z.string().exactOptional().describe('What to do about it.'),
  errors: z
    .array(z.strictObject({ path: z.string(), code: z.string(), detail: z.string() }))
    .exactOptional()
    .describe('Every field at fault; `path` is a JSON pointer.'),
  details: z.record(z.string(), z.unknown()).exactOptional(),
});
