import { readU16, writeU16 } from '../core/bytes.js';
import { type NodeId, nodeIdBytes, nodeIdOf } from '../core/ids.js';
import { aliasOf } from '../wire/compact.js';

/** The lists of a Hearing: 3 bytes for a node (alias, chance), 9 where the alias says too little. */
export const ALIASED_BYTES = 3;
const WHOLE_BYTES = 9;
const ID_BYTES = 8;
const ALIAS_BYTES = 2;
export const ONE_WAY_BYTES = 5;
/** Nodes that one list names at most. */
export const LISTED_MAX = 400;

export interface Aliased {
  /** First two bytes of the id. */
  readonly alias: number;
  readonly chance: number;
}

const isList = (bytes: Uint8Array, each: number): boolean =>
  bytes.length % each === 0 && bytes.length / each <= LISTED_MAX;

/** `undefined` when it is malformed. */
export function readAliased(bytes: Uint8Array): Aliased[] | undefined {
  if (!isList(bytes, ALIASED_BYTES)) return undefined;
  const list: Aliased[] = [];
  for (let at = 0; at < bytes.length; at += ALIASED_BYTES)
    list.push({ alias: readU16(bytes, at), chance: (bytes[at + 2] as number) / 255 });
  return list;
}

/** `undefined` when it is malformed. */
export function readWhole(bytes: Uint8Array): Map<NodeId, number> | undefined {
  if (!isList(bytes, WHOLE_BYTES)) return undefined;
  const list = new Map<NodeId, number>();
  for (let at = 0; at < bytes.length; at += WHOLE_BYTES)
    list.set(nodeIdOf(bytes, at), (bytes[at + ID_BYTES] as number) / 255);
  return list;
}

/** `undefined` when it is malformed. */
export function readIds(bytes: Uint8Array): NodeId[] | undefined {
  if (!isList(bytes, ID_BYTES)) return undefined;
  return Array.from({ length: bytes.length / ID_BYTES }, (_, i) => nodeIdOf(bytes, i * ID_BYTES));
}

export function writeIds(nodes: readonly NodeId[]): Uint8Array {
  const bytes = new Uint8Array(nodes.length * ID_BYTES);
  for (const [i, node] of nodes.entries()) bytes.set(nodeIdBytes(node), i * ID_BYTES);
  return bytes;
}

/** Who is heard by whom without hearing that one, and how surely. */
export interface OneWay {
  readonly from: number;
  readonly to: number;
  readonly chance: number;
}

/** `undefined` when it is malformed. */
export function readOneWay(bytes: Uint8Array): OneWay[] | undefined {
  if (!isList(bytes, ONE_WAY_BYTES)) return undefined;
  return Array.from({ length: bytes.length / ONE_WAY_BYTES }, (_, i) => {
    const at = i * ONE_WAY_BYTES;
    return { from: readU16(bytes, at), to: readU16(bytes, at + 2), chance: (bytes[at + 4] as number) / 255 };
  });
}

export function writeOneWay(links: readonly OneWay[]): Uint8Array {
  const bytes = new Uint8Array(links.length * ONE_WAY_BYTES);
  for (const [i, { from, to, chance }] of links.entries()) {
    writeU16(bytes, i * ONE_WAY_BYTES, from);
    writeU16(bytes, i * ONE_WAY_BYTES + 2, to);
    bytes[i * ONE_WAY_BYTES + 4] = levelOf(chance);
  }
  return bytes;
}

export function writeAliased(list: readonly Aliased[]): Uint8Array {
  const bytes = new Uint8Array(list.length * ALIASED_BYTES);
  for (const [i, { alias, chance }] of list.entries()) {
    writeU16(bytes, i * ALIASED_BYTES, alias);
    bytes[i * ALIASED_BYTES + 2] = levelOf(chance);
  }
  return bytes;
}

const levelOf = (chance: number): number => Math.round(Math.max(0, Math.min(1, chance)) * 255);

/** `undefined` when it is malformed. */
export function readAliases(bytes: Uint8Array): number[] | undefined {
  if (!isList(bytes, ALIAS_BYTES)) return undefined;
  return Array.from({ length: bytes.length / ALIAS_BYTES }, (_, i) => readU16(bytes, i * ALIAS_BYTES));
}

export function writeAliases(aliases: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(aliases.length * ALIAS_BYTES);
  for (const [i, alias] of aliases.entries()) writeU16(bytes, i * ALIAS_BYTES, alias);
  return bytes;
}

/** As many as fit into so many bytes. */
export function writeHeard(
  nodes: readonly { readonly node: NodeId; readonly chance: number; readonly whole: boolean }[],
  bytesMax: number,
): { heard: Uint8Array; heardIds: Uint8Array } {
  const heard = new Uint8Array(nodes.length * ALIASED_BYTES);
  const heardIds = new Uint8Array(nodes.length * WHOLE_BYTES);
  let [at, atId] = [0, 0];
  for (const { node, chance, whole } of nodes) {
    if (at + atId + (whole ? WHOLE_BYTES : ALIASED_BYTES) > bytesMax) break;
    const level = levelOf(chance);
    if (whole) {
      heardIds.set(nodeIdBytes(node), atId);
      heardIds[atId + ID_BYTES] = level;
      atId += WHOLE_BYTES;
    } else {
      writeU16(heard, at, aliasOf(node));
      heard[at + 2] = level;
      at += ALIASED_BYTES;
    }
  }
  return { heard: heard.slice(0, at), heardIds: heardIds.slice(0, atId) };
}
