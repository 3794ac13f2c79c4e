import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { EdgeError } from '../core/errors.js';
import { PAGE_FILE_BYTES, PAGE_FILES } from './limits.js';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

/** Nothing but the page's own files and its own API. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface PageFile {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly mediaType: string;
}

/** The few files of the dashboard, read when first asked for and again when they changed. */
export class PageFiles {
  readonly #directory: string;
  readonly #cache = new Map<string, PageFile & { readonly stamp: string }>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Names of the files that are served; none when the dashboard is not built. At most `PAGE_FILES`. */
  async names(): Promise<readonly string[]> {
    const entries = await readdir(this.#directory, { withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile() && extname(entry.name) in MEDIA_TYPES && !entry.name.includes('.test.'))
      .map((entry) => entry.name)
      .sort()
      .slice(0, PAGE_FILES);
  }

  /** Throws `dashboard.absent` (404) when the file is gone, `dashboard.bytes` when it is too large. */
  async read(name: string): Promise<PageFile> {
    const path = join(this.#directory, name);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) {
      throw new EdgeError('dashboard.absent', `the dashboard's ${name} is not installed`, {
        status: 404,
        fix: 'build it: scripts/build',
      });
    }
    if (info.size > PAGE_FILE_BYTES) {
      throw new EdgeError('dashboard.bytes', `${name} is larger than ${PAGE_FILE_BYTES} bytes`, { status: 500 });
    }
    const stamp = `${info.mtimeMs}-${info.size}`;
    const cached = this.#cache.get(name);
    if (cached?.stamp === stamp) return cached;
    const bytes = await readFile(path);
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const file = { bytes, etag, mediaType: MEDIA_TYPES[extname(name)] ?? 'application/octet-stream', stamp };
    this.#cache.set(name, file);
    return file;
  }
}
