import { z } from 'zod';
import { LOG_LEVELS } from '../../ports/log.js';
import { type KeyPath, keySpec } from './keys.js';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from './units.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const MIB = 2 ** 20;
const TIB = 2 ** 40;
const MAX_PATH_CHARACTERS = 4_096;

const label = z
  .string()
  .trim()
  .regex(/^\P{Cc}{1,64}$/u);

const path = z
  .string()
  .min(1)
  .max(MAX_PATH_CHARACTERS)
  .regex(/^[^\0]+$/);

const duration = (minMs: number, maxMs: number) =>
  z
    .string()
    .regex(DURATION_PATTERN)
    .transform((text) => parseDuration(text) as number)
    .pipe(z.number().min(minMs).max(maxMs));

const size = (minBytes: number, maxBytes: number) =>
  z
    .string()
    .regex(SIZE_PATTERN)
    .transform((text) => parseSize(text) as number)
    .pipe(z.number().min(minBytes).max(maxBytes));

const count = (min: number, max: number) => z.int().min(min).max(max);

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Host and port of `host:port` or `[v6]:port`. */
function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45}(?:%[\w.-]{1,15})?)\]|([^\s:[\]/]{1,253})):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  return port <= 65_535 ? { host: (match[1] ?? match[2]) as string, port } : undefined;
}

const hostPort = z.string().transform((text, context) => {
  const parsed = parseHostPort(text);
  if (parsed) return parsed;
  context.addIssue({ code: 'custom', message: 'not an address' });
  return z.NEVER;
});

const listen = z.union([z.literal('off').transform(() => null), hostPort]);

const space = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  dimension: z.int().min(4).max(4_096).multipleOf(4),
});

/** The description and the default of a key come from the table of keys, so that they stand in one place. */
function described<Schema extends z.ZodType>(key: KeyPath, schema: Schema) {
  return schema.describe(keySpec(key).what);
}

function withDefault<Schema extends z.ZodType>(key: KeyPath, schema: Schema) {
  return schema.prefault(keySpec(key).fallback as z.util.NoUndefined<z.input<Schema>>).describe(keySpec(key).what);
}

/** The configuration file. Reading it turns durations into milliseconds, sizes into bytes and addresses into host and port. */
export const configSchema = z.strictObject({
  name: described('name', label).optional(),
  mesh: withDefault('mesh', label),
  data_dir: described('data_dir', path).optional(),
  log_level: withDefault('log_level', z.enum(LOG_LEVELS)),
  radios: withDefault('radios', z.array(z.string().trim().min(1).max(512)).min(1).max(8)),
  http: z
    .strictObject({
      listen: withDefault('http.listen', listen),
      token: described('http.token', z.string().regex(/^\S{16,256}$/)).optional(),
      token_file: described('http.token_file', path).optional(),
    })
    .prefault({}),
  mesh_timing: z
    .strictObject({
      heartbeat_interval: withDefault('mesh_timing.heartbeat_interval', duration(100, HOUR)),
      peer_timeout: withDefault('mesh_timing.peer_timeout', duration(300, DAY)),
      forget_after: withDefault('mesh_timing.forget_after', duration(SECOND, 365 * DAY)),
    })
    .prefault({}),
  limits: z
    .strictObject({
      peers: withDefault('limits.peers', count(1, 10_000)),
      links: withDefault('limits.links', count(4, 250)),
      segment: withDefault('limits.segment', count(8, 1_000)),
      dedup_capacity: withDefault('limits.dedup_capacity', count(100, 10_000_000)),
      detections: withDefault('limits.detections', count(1, 10_000_000)),
      detection_bytes: withDefault('limits.detection_bytes', size(MIB, TIB)),
      store: withDefault('limits.store', size(16 * MIB, TIB)),
    })
    .prefault({}),
  detections: z
    .strictObject({
      retention: withDefault('detections.retention', duration(60 * SECOND, 90 * DAY)),
      share_vectors: withDefault('detections.share_vectors', z.boolean()),
    })
    .prefault({}),
  sensors: z
    .strictObject({
      enabled: withDefault('sensors.enabled', z.boolean()),
      interval: withDefault('sensors.interval', duration(SECOND, HOUR)),
    })
    .prefault({}),
  clock: z.strictObject({ trusted: withDefault('clock.trusted', z.boolean()) }).prefault({}),
  spaces: withDefault('spaces', z.array(space).min(1).max(16)),
  peers: z
    .strictObject({ static: withDefault('peers.static', z.array(hostPort.refine(({ port }) => port > 0)).max(100)) })
    .prefault({}),
  ble: z.strictObject({ urgent_adverts: withDefault('ble.urgent_adverts', z.boolean()) }).prefault({}),
  udp: z
    .strictObject({
      dns_sd: withDefault('udp.dns_sd', z.boolean()),
      data_port: withDefault('udp.data_port', count(0, 65_535)),
    })
    .prefault({}),
});

export type ParsedFile = z.output<typeof configSchema>;

/** JSON Schema (2020-12) of the file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: 'edge-agent configuration',
    ...z.toJSONSchema(configSchema, { io: 'input' }),
  };
}
