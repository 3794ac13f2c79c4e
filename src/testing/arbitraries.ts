import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import type { Priority } from '../wire/frame-types.js';
import { Flag, type Header } from '../wire/header.js';

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.string({ minLength: digits, maxLength: digits, unit: fc.constantFrom(...'0123456789abcdef') });

export const anyNodeId = hex(16) as fc.Arbitrary<NodeId>;

/** A fragment that is well formed whatever payload of at most 500 bytes it carries. */
const anyFragment = fc.record({
  offset: fc.integer({ min: 0, max: 65_000 }),
  total: fc.constant(65_535),
});

/** Any header there can be, in every combination of flags and fields. */
export const anyHeader: fc.Arbitrary<Header> = fc
  .record(
    {
      version: fc.constant(1),
      type: fc.integer({ min: 0, max: 255 }),
      flags: fc
        .subarray([Flag.Signed, Flag.Sealed, Flag.AckWanted, Flag.Spread])
        .map((flags) => flags.reduce((a, b) => a | b, 0)),
      priority: fc.integer({ min: 0, max: 3 }) as fc.Arbitrary<Priority>,
      ttl: fc.integer({ min: 1, max: 255 }),
      hops: fc.integer({ min: 0, max: 254 }),
      epoch: fc.integer({ min: 0, max: 255 }),
      source: anyNodeId,
      saltHint: fc.integer({ min: 0, max: 0xffff }),
      sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
      fragment: anyFragment,
      destination: anyNodeId,
      transmitter: anyNodeId,
    },
    {
      requiredKeys: ['version', 'type', 'flags', 'priority', 'ttl', 'hops', 'epoch', 'source', 'saltHint', 'sequence'],
    },
  )
  .map((header) => header as Header);

export const anyPayload = fc.uint8Array({ maxLength: 500 });
