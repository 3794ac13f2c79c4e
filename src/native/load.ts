import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../core/errors.js';
import type { DedupCache, FrameIngest, IndexOptions, RoutingTable, VectorIndex } from '../ports/hot-path.js';
import { hotPathError } from './checks.js';

/** What native/addon exports; `abi` (there `kAbi`) changes with the classes or their arguments. */
export interface Addon {
  readonly abi: number;
  /** Instruction sets with kernels in this build that this processor has. */
  readonly isas: readonly string[];
  readonly bestIsa: string;
  /** Gives memory that was freed back to the system; false when there was none to give. */
  trim(): boolean;
  setErrorFactory(make: (code: string, message: string) => Error): void;
  readonly VectorIndex: new (dimension: number, capacity: number, isa: string, options: IndexOptions) => VectorIndex;
  readonly DedupCache: new (capacity: number, ttlMs: number, isa: string) => DedupCache;
  readonly RoutingTable: new (capacity: number, ttlMs: number, isa: string) => RoutingTable;
  readonly FrameIngest: new (
    dedup: DedupCache,
    routes: RoutingTable,
    self: bigint,
    maxFrameBytes: number,
    isa: string,
    trusted: boolean,
    control: ArrayBuffer,
  ) => AddonIngest;
  /** On Linux only. */
  readonly UdpSocket?: new (
    arrays: AddonSocketArrays,
    onBatch: (count: number, freshCount: number) => void,
    onError: (errno: number) => void,
  ) => AddonSocket;
}

/** What native/addon/handles.hpp offers beyond the port. */
export interface AddonIngest extends FrameIngest {
  /** Whether turns may use these arrays from now on, which their taker has to make sure are still there each time. */
  bind(slab: Uint8Array, out: Int32Array): boolean;
  /** A function that does what the control asks for. */
  turn(): () => void;
}

/** What native/addon/udp_handle.hpp offers; its numbers are errnos, 0 when all went well. */
export interface AddonSocket {
  open(family: number, host: string, port: number, share: boolean, receiveBytes: number, queueBytes: number): number;
  /** The port. */
  local(): number;
  join(group: string, member: string): number;
  multicastVia(member: string): number;
  /** A number for a destination, negative when there is no such address. */
  destination(host: string, port: number): number;
  forgetDestinations(): void;
  /** False when there is no room. */
  queue(destination: number, datagram: Uint8Array): boolean;
  flush(): number;
  source(slot: number): { readonly family: number; readonly host: string; readonly port: number };
  close(): void;
  readonly queuedBytes: number;
  readonly tally: {
    readonly receives: number;
    readonly sends: number;
    readonly segmented: number;
    readonly failed: number;
  };
}

export interface AddonSocketArrays {
  readonly slab: Uint8Array;
  readonly offsets: Uint32Array;
  readonly sources: Uint32Array;
  readonly fresh: Uint32Array;
}

export const ADDON_ABI = 4;

export interface Attempt {
  readonly path: string;
  /** Why this one does not serve. */
  readonly reason: string;
}

export interface Loaded {
  readonly addon?: Addon;
  readonly path?: string;
  readonly tried: readonly Attempt[];
}

/** Where a binary may lie, best first: shipped, built by node-gyp on install, built by cmake-js. */
export const ADDON_PATHS: readonly string[] = [
  `prebuilds/${platform}-${arch}/edge_agent.node`,
  'build/Release/edge_agent.node',
  'native/build/Release/edge_agent.node',
];

const ROOT = new URL('../../', import.meta.url);

/** The reason given for a place where no binary lies. */
export const NOT_THERE = 'not there';

/** Loads the first binary of `paths` (relative to the package) that will do. Never throws. */
export function loadAddon(paths: readonly string[] = ADDON_PATHS): Loaded {
  const tried: Attempt[] = [];
  const require = createRequire(import.meta.url);
  for (const path of paths) {
    const file = fileURLToPath(new URL(path, ROOT));
    const reason = existsSync(file) ? undefined : NOT_THERE;
    if (reason !== undefined) {
      tried.push({ path, reason });
      continue;
    }
    try {
      const addon = require(file) as Addon;
      if (addon.abi === ADDON_ABI) {
        addon.setErrorFactory(hotPathError);
        return { addon, path, tried };
      }
      tried.push({ path, reason: `its interface is version ${addon.abi}, not ${ADDON_ABI}: build it again` });
    } catch (error) {
      tried.push({ path, reason: messageOf(error) });
    }
  }
  return { tried };
}
