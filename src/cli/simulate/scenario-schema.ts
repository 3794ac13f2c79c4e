import { z } from 'zod';
import { parseDuration } from '../../agent/config/units.js';
import { MODEMS, type ModemName } from '../../sim/lora/modem.js';
import { REGIONS, type RegionName } from '../../sim/lora/regions.js';
import { PLACEMENTS, SHAPES } from '../../sim/scenario/scenario.js';
import { Priority } from '../../wire/frame-types.js';

/** What a key is that the file leaves out. */
export const DEFAULTS = {
  rest: '45s',
  placement: 'line',
  spacing: 50,
  side: 1_000,
  startOver: '2s',
  pause: '30s',
  walking: 1,
  bytes: 40,
  floodBytes: 60,
  priority: 'medium',
  ack: true,
  chosen: 'any',
  radio: 0,
} as const;

const DAY_MS = 86_400_000;
const NODES_MAX = 5_000;
const LIST_MAX = 10_000;

const duration = z.string('a duration with its unit, such as "30s" or "2m"').transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= 30 * DAY_MS) return ms;
  context.addIssue({ code: 'custom', message: 'a duration with its unit, such as "30s" or "2m"' });
  return z.NEVER;
});

const share = z.number('a share from 0 to 1').min(0).max(1);
const metres = z.number('metres, a number without a unit').min(0).max(1e7);
const count = (most: number) => z.int('a whole number').min(0).max(most);

const NODES_TEXT = 'numbers of nodes and ranges such as "0-9"';

function numbersOf(part: number | string): number[] | undefined {
  if (typeof part === 'number') return Number.isInteger(part) && part >= 0 ? [part] : undefined;
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(part);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || to < from || to > NODES_MAX) return undefined;
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Node numbers, and ranges of them: `[0, 4, "10-19"]`. */
const nodes = z
  .array(z.union([z.number(), z.string()]), NODES_TEXT)
  .max(LIST_MAX)
  .transform((parts, context) => {
    const numbers = parts.map(numbersOf);
    if (numbers.every((each) => each !== undefined)) return [...new Set(numbers.flat() as number[])];
    context.addIssue({ code: 'custom', message: NODES_TEXT });
    return z.NEVER;
  });

const pair = z.tuple([count(NODES_MAX), count(NODES_MAX)], 'two nodes: [0, 1]');
const chosen = z.union([z.literal('any'), count(NODES_MAX).transform((node) => [node]), nodes], {
  error: '"any", a node or a list of nodes',
});

const SPEED_TEXT = 'the least and the most, in m/s: [0.5, 1.5]';
const DELAY_TEXT = 'the least and the most: ["1ms", "5ms"]';

const edges = {
  nodes: nodes.optional(),
  range: metres.optional(),
  shape: z.enum(SHAPES).optional(),
  links: z
    .array(pair)
    .max(LIST_MAX * 10)
    .optional(),
  bits_per_second: z.number().min(100).max(1e10).optional(),
  loss: share.optional(),
};
const wire = {
  ...edges,
  delay: z
    .tuple([duration, duration], DELAY_TEXT)
    .refine(([least, most]) => least <= most, DELAY_TEXT)
    .optional(),
  reorder: share.optional(),
};

const radio = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('udp'), ...wire }),
  z.strictObject({ kind: z.literal('serial'), ...wire }),
  z.strictObject({
    kind: z.literal('ble'),
    ...edges,
    interval: duration.optional(),
    links_max: z.int().min(1).max(64).optional(),
  }),
  z.strictObject({
    kind: z.literal('lora'),
    nodes: nodes.optional(),
    preset: z.enum(Object.keys(MODEMS) as ModemName[]).optional(),
    region: z.enum(Object.keys(REGIONS) as RegionName[]).optional(),
    shadow_db: z.number().min(0).max(20).optional(),
  }),
]);

const at = duration;
const those = { at, nodes };

const fault = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('crash'), ...those }),
  z.strictObject({ do: z.literal('start'), ...those }),
  z.strictObject({ do: z.literal('stop'), ...those }),
  z.strictObject({ do: z.literal('partition'), at, groups: z.array(nodes, 'lists of nodes').min(1).max(64) }),
  z.strictObject({ do: z.literal('heal'), at }),
  z.strictObject({ do: z.literal('cut'), at, link: pair }),
  z.strictObject({ do: z.literal('join'), at, link: pair, radio: count(7).prefault(DEFAULTS.radio) }),
  z.strictObject({ do: z.literal('stall'), ...those, for: duration }),
  z.strictObject({ do: z.literal('skew'), ...those, ahead_ms: z.number().min(-1e13).max(1e13) }),
  z.strictObject({ do: z.literal('unplug'), ...those, for: duration, radio: count(7).prefault(DEFAULTS.radio) }),
  z.strictObject({
    do: z.literal('flood'),
    ...those,
    for: duration,
    per_second: z.number().min(0.001).max(10_000),
    bytes: z.int().min(14).max(1_000).prefault(DEFAULTS.floodBytes),
  }),
]);

const PRIORITIES = { critical: Priority.Critical, high: Priority.High, medium: Priority.Medium, low: Priority.Low };
const priority = z
  .enum(['critical', 'high', 'medium', 'low'])
  .prefault(DEFAULTS.priority)
  .transform((name) => PRIORITIES[name]);

const times = {
  every: duration.optional(),
  at: z.union([duration.transform((ms) => [ms]), z.array(duration)]).optional(),
};
const when = {
  ...times,
  start: duration.prefault('0s'),
  until: duration.optional(),
  from: chosen.prefault(DEFAULTS.chosen),
};
const body = { bytes: z.int().min(14).max(60_000).prefault(DEFAULTS.bytes), priority };
const recordName = { name: z.string().min(1).max(32).optional() };

const traffic = z.discriminatedUnion('send', [
  z.strictObject({ send: z.literal('broadcast'), ...when, ...body }),
  z.strictObject({ send: z.literal('alert'), ...when, bytes: body.bytes }),
  z.strictObject({
    send: z.literal('directed'),
    ...when,
    ...body,
    to: chosen.prefault(DEFAULTS.chosen),
    ack: z.boolean().prefault(DEFAULTS.ack),
    keep: duration.optional(),
  }),
  z.strictObject({ send: z.literal('record'), ...when, ...recordName }),
  z.strictObject({ send: z.literal('erase'), ...when, name: z.string().min(1).max(32) }),
  z.strictObject({ send: z.literal('state'), ...when }),
]);

/** A scenario as people write it. Reading it turns durations into milliseconds and ranges of nodes into lists. */
export const scenarioSchema = z.strictObject({
  about: z.string().max(500).prefault(''),
  seeds: z
    .union(
      [
        z
          .array(count(2 ** 31))
          .min(1)
          .max(1_000),
        z.int().min(1).max(1_000),
      ],
      {
        error: 'how many, or a list of seeds',
      },
    )
    .prefault(3),
  duration,
  rest: duration.prefault(DEFAULTS.rest),
  nodes: z.strictObject({
    count: z.int().min(1).max(NODES_MAX),
    placement: z.enum(PLACEMENTS).prefault(DEFAULTS.placement),
    spacing: metres.prefault(DEFAULTS.spacing),
    side: metres.prefault(DEFAULTS.side),
    positions: z
      .array(z.tuple([z.number(), z.number()], 'x and y in metres'))
      .max(NODES_MAX)
      .optional(),
    start_over: duration.prefault(DEFAULTS.startOver),
  }),
  radios: z.array(radio, 'at least one [[radios]]').min(1).max(8),
  timing: z.strictObject({ heartbeat: duration.optional(), peer_timeout: duration.optional() }).prefault({}),
  mobility: z
    .strictObject({
      speed: z
        .tuple([z.number().min(0).max(100), z.number().min(0.01).max(100)], SPEED_TEXT)
        .refine(([least, most]) => least <= most, SPEED_TEXT),
      pause: duration.prefault(DEFAULTS.pause),
      share: share.prefault(DEFAULTS.walking),
    })
    .optional(),
  churn: z.strictObject({ mean_up: duration, mean_down: duration, nodes: nodes.optional() }).optional(),
  faults: z.array(fault).max(LIST_MAX).prefault([]),
  traffic: z.array(traffic).max(LIST_MAX).prefault([]),
  expect: z
    .strictObject({
      delivered: share.optional(),
      acknowledged: share.optional(),
      kept: share.optional(),
      median: duration.optional(),
      p95: duration.optional(),
      p99: duration.optional(),
      alert_p95: duration.optional(),
      bytes_per_node_minute: z.number().min(0).optional(),
      agreement: share.optional(),
      segments: count(1e6).optional(),
      largest_segment: count(1e6).optional(),
      findings: count(1e6).optional(),
    })
    .prefault({}),
});

export type ScenarioFile = z.output<typeof scenarioSchema>;
