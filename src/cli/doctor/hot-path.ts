import { EdgeError, messageOf } from '../../core/errors.js';
import { type Check, fail, ok, warn } from './check.js';

const MEND =
  'Build it: npm rebuild edge-agent, in a checkout ./scripts/build-native (needs g++, make and python3). npm 12 runs install scripts only when allowed: npm approve-scripts edge-agent';

/** Which hot path serves. The twin is no fault: everything works, searching and receiving cost more CPU. */
export async function checkHotPath(): Promise<Check> {
  try {
    const { describeHotPath } = await import('../../native/hot-path.js');
    const { kind, text } = describeHotPath();
    const isWanted = kind === 'native' || process.env['EDGE_AGENT_HOT_PATH'] === 'js';
    return isWanted ? ok('hot-path', text) : warn('hot-path', `${text}: complete, but slower`, MEND);
  } catch (error) {
    return fail('hot-path', messageOf(error), (error instanceof EdgeError && error.fix) || MEND);
  }
}
