import { join } from 'node:path';
import { EdgeError, messageOf } from '../core/errors.js';
import { readIfThere, writeDurably } from './durable-file.js';

/** A step forward; may be run again after a power cut in its middle, so it must be repeatable. */
export interface Migration {
  /** The version it starts from; it leads to the next one. */
  readonly from: number;
  readonly what: string;
  readonly run: (directory: string) => void;
}

/** The version of the data directory that this program reads and writes. */
export const FORMAT_VERSION = 1;

/** Steps from each older version to the next. Empty: version 1 is the first. */
export const MIGRATIONS: readonly Migration[] = [];

/** Brings a data directory to `version`, or throws `data.format`. A directory without a format file is new. */
export function settleFormat(directory: string, version = FORMAT_VERSION, migrations = MIGRATIONS): void {
  const path = join(directory, 'format');
  const text = readIfThere(path)?.toString('utf8');
  if (text === undefined) {
    writeDurably(path, `${version}\n`);
    return;
  }
  if (!/^[1-9]\d{0,8}\n?$/.test(text))
    throw new EdgeError('data.format', `${path} does not hold a version number.`, {
      status: 500,
      fix: `Restore the directory from a copy, or move ${directory} aside to start afresh.`,
    });
  for (let found = Number(text); found !== version; found += 1) {
    const step = migrations.find((migration) => migration.from === found);
    if (found > version || !step) throw wrongVersion(directory, found, version);
    try {
      step.run(directory);
    } catch (error) {
      throw new EdgeError(
        'data.migration',
        `Bringing ${directory} from version ${found} to ${found + 1} (${step.what}) failed: ${messageOf(error)}.`,
        {
          status: 500,
          fix: 'Mend the cause and start again: the step is repeatable and nothing was marked as done.',
          cause: error,
        },
      );
    }
    writeDurably(path, `${found + 1}\n`);
  }
}

const wrongVersion = (directory: string, found: number, version: number): EdgeError =>
  new EdgeError('data.format', `${directory} has format ${found}; this program reads up to format ${version}.`, {
    status: 500,
    fix:
      found > version
        ? 'Install the newer release that wrote it, or choose another directory with --data.'
        : 'Install a release in between first: this one no longer knows the way from so old a format.',
    details: { found, supported: version },
  });
