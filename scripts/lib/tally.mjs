// Reads what each test runner prints and says how many tests passed, failed and were skipped, and which.

/** @typedef {{passed: number, failed: number, skipped: number, failures: string[], skips: string[]}} Tally */

const DETAIL_LINES_MAX = 30;

/** @returns {Tally} */
export const emptyTally = () => ({ passed: 0, failed: 0, skipped: 0, failures: [], skips: [] });

export function addTally(sum, tally) {
  for (const key of ['passed', 'failed', 'skipped']) sum[key] += tally[key];
  sum.failures.push(...tally.failures);
  sum.skips.push(...tally.skips);
  return sum;
}

/** TAP, as ava and node:test print it. Only the outermost tests count; a plan that was not kept is a failure. */
function tap(text) {
  const tally = emptyTally();
  let planned;
  let detail = 0;
  for (const line of text.split('\n')) {
    const result = /^(not )?ok \d+(?: - )?(.*?)(?:\s+# (SKIP|T[O]DO)\b\s*(.*))?$/i.exec(line);
    if (result) {
      const [, not, title, directive, reason] = result;
      detail = 0;
      if (directive) {
        tally.skipped++;
        tally.skips.push(reason ? `${title} (${reason})` : title);
      } else if (not) {
        tally.failed++;
        tally.failures.push(title);
        detail = DETAIL_LINES_MAX;
      } else tally.passed++;
      continue;
    }
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan) planned = Number(plan[1]);
    else if (detail > 0 && /^\s+\S/.test(line)) {
      tally.failures[tally.failures.length - 1] += `\n  ${line}`;
      detail--;
    } else if (!/^[ #]/.test(line)) detail = 0;
  }
  const seen = tally.passed + tally.failed + tally.skipped;
  if (planned === undefined) fail(tally, `the runner ended before its plan, after ${seen} tests`);
  else if (planned !== seen) fail(tally, `the runner planned ${planned} tests and reported ${seen}`);
  return tally;
}

function fail(tally, why) {
  tally.failed++;
  tally.failures.push(why);
}

/** The list CTest prints: `1/3 Test #1: name .....   Passed    0.01 sec`. */
function ctest(text) {
  const tally = emptyTally();
  for (const match of text.matchAll(/^\s*\d+\/\d+ Test\s+#\d+: (\S+) \.*\s*(?:\*+)?(.+?)\s+[\d.]+ sec/gm)) {
    const [, name, verdict] = match;
    if (verdict === 'Passed') tally.passed++;
    else if (/^(Skipped|Not Run \(Disabled\))/.test(verdict)) {
      tally.skipped++;
      tally.skips.push(name);
    } else fail(tally, `${name}: ${verdict}`);
  }
  return tally;
}

/** Python's unittest with -v. */
function unittest(text) {
  const tally = emptyTally();
  const ran = /^Ran (\d+) tests?/m.exec(text);
  for (const [, name, reason] of text.matchAll(/^(\w+) \(.*?\.\.\. skipped ['"](.*)['"]$/gm))
    tally.skips.push(`${name} (${reason})`);
  for (const [, name] of text.matchAll(/^(?:FAIL|ERROR): (.+)$/gm)) tally.failures.push(name);
  tally.skipped = Number(/\bskipped=(\d+)/.exec(text)?.[1] ?? 0);
  tally.failed = tally.failures.length;
  tally.passed = Math.max(0, Number(ran?.[1] ?? 0) - tally.skipped - tally.failed);
  return tally;
}

const READERS = { tap, ctest, unittest };

/**
 * The tally of one stage. `reads` names the format; a 'check' is one test, which passes when the exit code is 0.
 * A runner that ran nothing, or that failed without naming a test, has failed.
 * @returns {Tally}
 */
export function tallyOf(reads, text, exitCode) {
  if (reads === 'check') {
    return exitCode === 0
      ? { ...emptyTally(), passed: 1 }
      : { ...emptyTally(), failed: 1, failures: [`exit code ${exitCode}`] };
  }
  const tally = READERS[reads](text);
  if (exitCode !== 0 && tally.failed === 0) fail(tally, `exit code ${exitCode}`);
  if (tally.passed + tally.failed + tally.skipped === 0) fail(tally, 'the runner ran no test');
  return tally;
}

export const countsOf = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;
