import type { Datagrams } from '../ports/datagrams.js';
import {
  DEFAULT_DIMENSION,
  DEFAULT_ROUTE_TTL_MS,
  type HotPath,
  HotPathKind,
  INGEST_STRIDE,
  Verdict,
} from '../ports/hot-path.js';
import { checkOptions, hotPathError } from './checks.js';
import { type Addon, type Attempt, type Loaded, loadAddon, NOT_THERE } from './load.js';
import { nativeDatagrams } from './native-datagrams.js';
import { NativeIngest } from './native-ingest.js';
import { twinHotPath } from './twin/hot-path.js';

// This file is `edge-agent/hot-path`: programs find the names of what it gives and takes here, too.
export type * from '../ports/hot-path.js';
export { HotPathKind, INGEST_STRIDE, Verdict };

export interface HotPathOptions {
  /** `native`: the addon or an error. `js`: the twin. Left out: the addon where it loads, else the twin. */
  readonly kind?: HotPathKind;
  /** Kernels to use: `scalar`, `avx2`, `avx512`, `neon`, `neon-dotprod`. Left out: EDGE_AGENT_ISA, else the processor's best. */
  readonly isa?: string;
}

/** Which hot path `createHotPath()` gives, and why no better one. */
export interface HotPathDescription {
  readonly kind: HotPathKind;
  readonly isa: string;
  /** The binary that serves, relative to the package. */
  readonly path?: string;
  /** Binaries that were tried before and do not serve. */
  readonly tried: readonly Attempt[];
  /** One line for a person. */
  readonly text: string;
}

const KINDS: readonly string[] = Object.values(HotPathKind);

function kindOf(said: string | undefined, where: string): HotPathKind | undefined {
  if (said === undefined || KINDS.includes(said)) return said as HotPathKind | undefined;
  throw hotPathError('hotpath.kind', `${where} is ${JSON.stringify(said)}, and there is no such hot path`);
}

/** What the environment asks for; an empty variable is an unset one. */
const kindWanted = (): HotPathKind | undefined =>
  kindOf(process.env['EDGE_AGENT_HOT_PATH'] || undefined, 'EDGE_AGENT_HOT_PATH');

const isTwinForced = (): boolean => kindWanted() === HotPathKind.Js;

/** The loaded binary is one for the whole environment, as `require` keeps it anyway. */
let loaded: Loaded | undefined;

function addonOnce(): Loaded {
  loaded ??= loadAddon();
  return loaded;
}

/**
 * The hot path: dedup cache, routing table, vector index and frame ingest. Throws EdgeError `hotpath.missing` when
 * `kind: 'native'` is asked for and no binary loads, `hotpath.isa` for an instruction set that is not there,
 * `hotpath.kind` for any other kind. EDGE_AGENT_HOT_PATH (`js`, `native`) stands for a `kind` that is left out.
 */
export function createHotPath(options: HotPathOptions = {}): HotPath {
  checkOptions(options, 'hotPath');
  const kind = kindOf(options.kind, 'kind') ?? kindWanted();
  if (kind === HotPathKind.Js) {
    if (options.isa !== undefined) throw hotPathError('hotpath.isa', 'the JavaScript twin has no instruction sets');
    return twinHotPath();
  }
  const { addon, tried } = addonOnce();
  if (addon !== undefined) return nativeHotPath(addon, options.isa ?? process.env['EDGE_AGENT_ISA']);
  if (kind === undefined && options.isa === undefined) return twinHotPath();
  throw hotPathError('hotpath.missing', `no addon loads: ${reasons(tried)}`);
}

export function describeHotPath(): HotPathDescription {
  const { kind, isa } = createHotPath();
  if (isTwinForced()) {
    return { kind, isa, tried: [], text: 'JavaScript twin, because EDGE_AGENT_HOT_PATH=js' };
  }
  const { path, tried } = addonOnce();
  if (path === undefined) return { kind, isa, tried, text: `JavaScript twin, because ${whyNone(tried)}` };
  return { kind, isa, path, tried, text: `native (${isa}) from ${path}` };
}

/** Sockets of the addon; `undefined` where it does not serve. */
export const createDatagrams = (): Datagrams | undefined =>
  isTwinForced() ? undefined : nativeDatagrams(addonOnce().addon);

/** Gives memory that the C library keeps after a burst back to the system; false without the addon, or when there is none. */
export const returnFreedMemory = (): boolean => (isTwinForced() ? false : (addonOnce().addon?.trim?.() ?? false));

/** The places a binary may lie in are of interest only where one was found and refused. */
const whyNone = (tried: readonly Attempt[]): string => {
  const refused = tried.filter(({ reason }) => reason !== NOT_THERE);
  return refused.length > 0
    ? reasons(refused)
    : 'no binary was built for this device (npm rebuild edge-agent does; in a checkout ./scripts/build-native)';
};

const reasons = (tried: readonly Attempt[]): string => tried.map(({ path, reason }) => `${path}: ${reason}`).join('; ');

/** The hot path of one loaded addon. */
export function nativeHotPath(addon: Addon, wanted?: string): HotPath {
  const isa = wanted || addon.bestIsa;
  if (!addon.isas.includes(isa)) {
    throw hotPathError('hotpath.isa', `no kernels for ${isa} here, only for ${addon.isas.join(', ')}`);
  }
  return {
    kind: HotPathKind.Native,
    isa,
    index(options) {
      checkOptions(options, 'index');
      return new addon.VectorIndex(options.dimension ?? DEFAULT_DIMENSION, options.capacity, isa, options);
    },
    dedup(options) {
      checkOptions(options, 'dedup');
      return new addon.DedupCache(options.capacity, options.ttlMs, isa);
    },
    routes(options) {
      checkOptions(options, 'routes');
      return new addon.RoutingTable(options.capacity, options.ttlMs ?? DEFAULT_ROUTE_TTL_MS, isa);
    },
    ingest(options) {
      checkOptions(options, 'ingest');
      return new NativeIngest(addon, isa, options);
    },
  };
}
