import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { EdgeError, messageOf } from '../../core/errors.js';

const FIX = 'Give a file in a folder that is there and may be written to.';

function hindranceOf(path: string): string | undefined {
  const folder = dirname(resolve(path));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return `there is no folder ${folder}`;
  const isThere = existsSync(path);
  if (isThere && statSync(path).isDirectory()) return 'it is a folder';
  accessSync(isThere ? path : folder, constants.W_OK);
  return undefined;
}

/** Before a long run that is to end in a file. Nothing is written yet. Throws EdgeError `simulate.output` when it could not be. */
export function checkWritable(option: string, path: string): void {
  let hindrance: string | undefined;
  try {
    hindrance = hindranceOf(path);
  } catch (error) {
    hindrance = messageOf(error);
  }
  if (hindrance !== undefined)
    throw new EdgeError('simulate.output', `${option} ${path}: it cannot be written: ${hindrance}`, { fix: FIX });
}

/** Before a run that would write over what it was read from. Throws EdgeError `simulate.output`. */
export function checkNoInput(option: string, path: string, inputs: readonly string[]): void {
  const file = statSync(path, { throwIfNoEntry: false });
  if (!file?.isFile()) return;
  for (const input of inputs) {
    const { dev, ino } = statSync(input);
    if (dev !== file.dev || ino !== file.ino) continue;
    const what = `${option} ${path}: that is the scenario to be played, and would be lost`;
    throw new EdgeError('simulate.output', what, { fix: `Give another file, such as ${otherName(path)}.` });
  }
}

function otherName(path: string): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-small${ext}`);
}

/** Throws EdgeError `simulate.write`: the run is over by now, and this is all that failed. */
export function writeOutput(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const what = `${path} was not written: ${messageOf(error)}`;
    throw new EdgeError('simulate.write', what, { fix: `${FIX} The same seeds give the same figures again.` });
  }
}
