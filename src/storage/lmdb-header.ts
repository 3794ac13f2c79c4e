import { closeSync, openSync, readSync } from 'node:fs';

const META_FLAGS_AT = 18;
const P_META = 0x08;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
const DATA_VERSION = 2;
const PAGE_SIZE_AT = 48;
const HEADER_BYTES = 64;

/**
 * Says what is wrong with the two meta pages of an LMDB data file, `undefined` when they look right or the file is
 * absent or empty. Needed because lmdb-js crashes the process when LMDB refuses to open a file.
 * Known for 64-bit machines only; elsewhere the layout differs and nothing is checked.
 */
export function faultOfDataFile(path: string): string | undefined {
  if (process.arch !== 'x64' && process.arch !== 'arm64') return undefined;
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const first = Buffer.alloc(HEADER_BYTES);
    const length = readSync(file, first, 0, HEADER_BYTES, 0);
    if (length === 0) return undefined;
    const fault = length < HEADER_BYTES ? 'it is cut short' : faultOfMeta(first);
    if (fault) return fault;
    const second = Buffer.alloc(HEADER_BYTES);
    if (readSync(file, second, 0, HEADER_BYTES, first.readUInt32LE(PAGE_SIZE_AT)) < HEADER_BYTES)
      return 'it is cut short';
    return faultOfMeta(second);
  } finally {
    closeSync(file);
  }
}

function faultOfMeta(page: Buffer): string | undefined {
  if ((page.readUInt16LE(META_FLAGS_AT) & P_META) === 0 || page.readUInt32LE(MAGIC_AT) !== MAGIC)
    return 'it is not an LMDB file';
  const version = page.readUInt32LE(VERSION_AT) & 0xffff;
  if (version !== DATA_VERSION) return `it has LMDB version ${version}, not ${DATA_VERSION}`;
  const pageSize = page.readUInt32LE(PAGE_SIZE_AT);
  const sane = pageSize >= 512 && pageSize <= 65_536 && (pageSize & (pageSize - 1)) === 0;
  return sane ? undefined : `its page size is ${pageSize}`;
}
