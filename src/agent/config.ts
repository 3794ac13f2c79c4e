import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import type { LogLevel } from '../ports/log.js';
import { defaultDataDir } from '../storage/data-dir.js';
import { checkListen, checkRadios, checkTogether, readToken, tokenFileWarnings } from './config/checks.js';
import { type ExplainedKey, explainKeys } from './config/explain.js';
import type { KeyPath } from './config/keys.js';
import { locateKeys } from './config/locate.js';
import { type Layer, type Origin, originOf, type Raw, valueAt, withValueAt } from './config/origins.js';
import { problemError } from './config/problems.js';
import { configSchema, type HostPort, type ParsedFile } from './config/schema.js';
import {
  type ConfigFlags,
  type Environment,
  parseToml,
  readConfigFile,
  unknownVariables,
  type Values,
  valuesFromEnvironment,
  valuesFromFlags,
  valuesFromOptions,
} from './config/sources.js';

/** Everything an agent can be told. Milliseconds, bytes and counts; `config/keys.ts` says what each is for. */
export interface Config {
  readonly name: string;
  readonly mesh: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  /** As written: `udp:9999@eth0`. All of them parse. */
  readonly radios: readonly string[];
  readonly http: {
    /** `null`: no HTTP interface. */
    readonly listen: HostPort | null;
    readonly token?: string;
  };
  readonly meshTiming: {
    readonly heartbeatIntervalMs: number;
    readonly peerTimeoutMs: number;
    readonly forgetAfterMs: number;
  };
  readonly limits: {
    readonly peers: number;
    readonly links: number;
    readonly segment: number;
    readonly dedupCapacity: number;
    readonly detections: number;
    readonly detectionBytes: number;
    readonly storeBytes: number;
  };
  readonly detections: { readonly retentionMs: number; readonly shareVectors: boolean };
  readonly sensors: { readonly enabled: boolean; readonly intervalMs: number };
  readonly clock: { readonly trusted: boolean };
  readonly spaces: readonly { readonly name: string; readonly dimension: number }[];
  readonly peers: { readonly static: readonly HostPort[] };
  readonly ble: { readonly urgentAdverts: boolean };
  readonly udp: { readonly dnsSd: boolean; readonly dataPort: number };
}

/** `Config` with every part optional, as a program gives it. `http.listen` may also be `"HOST:PORT"` or `"off"`, and a static peer `"HOST:PORT"`. */
export interface ConfigOptions {
  readonly name?: string;
  readonly mesh?: string;
  readonly dataDir?: string;
  readonly logLevel?: LogLevel;
  readonly radios?: readonly string[];
  readonly http?: {
    readonly listen?: HostPort | string | null;
    readonly token?: string;
    readonly tokenFile?: string;
  };
  readonly meshTiming?: Partial<Config['meshTiming']>;
  readonly limits?: Partial<Config['limits']>;
  readonly detections?: Partial<Config['detections']>;
  readonly sensors?: Partial<Config['sensors']>;
  readonly clock?: Partial<Config['clock']>;
  readonly spaces?: Config['spaces'];
  readonly peers?: { readonly static?: readonly (HostPort | string)[] };
  readonly ble?: Partial<Config['ble']>;
  readonly udp?: Partial<Config['udp']>;
}

export interface ConfigSources {
  readonly flags?: ConfigFlags;
  /** Default: no variables. */
  readonly env?: Environment;
  /** The path of a TOML file. */
  readonly file?: string;
  /** Its text, when it has been read already. */
  readonly fileText?: string;
  /** From a program; above all others. */
  readonly options?: ConfigOptions;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Every key with its value and where it came from; secrets are masked. */
  readonly explain: readonly ExplainedKey[];
  /** Things that are odd but no fault, one line each. */
  readonly warnings: readonly string[];
}

/**
 * The configuration: default < file < environment < flag < option.
 * Throws EdgeError `config.file` (cannot be read), `config.syntax` (not TOML), `config.key` (unknown key) or
 * `config.value` (not what the key takes); each message names the file's line, the variable or the flag.
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const env = sources.env ?? {};
  const file = fileLayer(sources);
  const layers: readonly (readonly [Layer, Values])[] = [
    ['env', valuesFromEnvironment(env)],
    ['flag', valuesFromFlags(sources.flags ?? {})],
    ['option', valuesFromOptions((sources.options ?? {}) as Raw)],
  ];
  let raw = file.raw;
  const origins = new Map<KeyPath, Origin>();
  for (const [layer, values] of layers) {
    for (const [key, value] of values) {
      // Of the two ways to give a token, the one of the higher layer serves.
      const other = OTHER_TOKEN[key];
      if (other !== undefined && !values.has(other)) raw = withValueAt(raw, other, undefined);
      raw = withValueAt(raw, key, value);
      origins.set(key, originOf(layer, key));
    }
  }
  const origin = (path: string, key: KeyPath | undefined): Origin =>
    (key === undefined ? undefined : origins.get(key)) ?? file.originOf(path);
  const parsed = parse(raw, origin);
  const config = resolved(parsed, raw, env, (key) => origin(key, key));
  return {
    config,
    explain: explainKeys(raw, { name: config.name, data_dir: config.dataDir }, origin),
    warnings: [...unknownVariables(env), ...tokenFileWarnings(parsed)],
  };
}

/** The configuration of a program that embeds the agent: defaults, the environment only when it is given, and its options. */
export const configFrom = (options: ConfigOptions, env: Environment = {}): Config =>
  loadConfig({ options, env }).config;

const OTHER_TOKEN: Readonly<Partial<Record<KeyPath, KeyPath>>> = {
  'http.token': 'http.token_file',
  'http.token_file': 'http.token',
};

interface FileLayer {
  readonly raw: Raw;
  originOf(path: string): Origin;
}

function fileLayer({ file, fileText }: ConfigSources): FileLayer {
  if (file === undefined && fileText === undefined) return { raw: {}, originOf: () => ({ from: 'default' }) };
  const path = file ?? 'configuration';
  const text = fileText ?? readConfigFile(path);
  const raw = parseToml(text, path);
  const lines = locateKeys(text);
  const originOfPath = (key: string): Origin => {
    // A part of a value that has no line of its own stands where the whole does.
    for (let at = key; ; at = at.replace(/(?:\.|\[)[^.[]*$/, '')) {
      const line = lines.get(at);
      if (line !== undefined) return { from: 'file', file: basename(path), line };
      if (!/[.[]/.test(at)) return valueAt(raw, key) === undefined ? { from: 'default' } : fileOrigin(path);
    }
  };
  // The file must be right by itself: a flag that hides a mistake today would not tomorrow.
  parse(raw, originOfPath);
  return { raw, originOf: (key) => (valueAt(raw, key) === undefined ? { from: 'default' } : originOfPath(key)) };
}

const fileOrigin = (path: string): Origin => ({ from: 'file', file: basename(path), line: undefined });

function parse(raw: Raw, origin: (path: string, key: KeyPath | undefined) => Origin): ParsedFile {
  const result = configSchema.safeParse(raw);
  if (!result.success) throw problemError(result.error.issues, { raw, originOf: origin });
  checkRadios(result.data.radios, origin);
  return result.data;
}

function resolved(parsed: ParsedFile, raw: Raw, env: Environment, origin: (key: KeyPath) => Origin): Config {
  checkTogether(parsed, raw, origin);
  const { mesh_timing: timing, limits, detections, sensors, udp, http } = parsed;
  const token = http.token ?? (http.token_file === undefined ? undefined : readToken(http.token_file, origin));
  checkListen(http.listen, token, origin);
  return {
    name: parsed.name ?? (hostname().slice(0, 64) || 'edge-agent'),
    mesh: parsed.mesh,
    dataDir: resolve(parsed.data_dir ?? defaultDataDir(env)),
    logLevel: parsed.log_level,
    radios: parsed.radios,
    http: { listen: http.listen, ...(token === undefined ? {} : { token }) },
    meshTiming: {
      heartbeatIntervalMs: timing.heartbeat_interval,
      peerTimeoutMs: timing.peer_timeout,
      forgetAfterMs: timing.forget_after,
    },
    limits: {
      peers: limits.peers,
      links: limits.links,
      segment: limits.segment,
      dedupCapacity: limits.dedup_capacity,
      detections: limits.detections,
      detectionBytes: limits.detection_bytes,
      storeBytes: limits.store,
    },
    detections: { retentionMs: detections.retention, shareVectors: detections.share_vectors },
    sensors: { enabled: sensors.enabled, intervalMs: sensors.interval },
    clock: { trusted: parsed.clock.trusted },
    spaces: parsed.spaces,
    peers: parsed.peers,
    ble: { urgentAdverts: parsed.ble.urgent_adverts },
    udp: { dnsSd: udp.dns_sd, dataPort: udp.data_port },
  };
}
