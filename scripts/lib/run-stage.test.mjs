import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runStage } from './run-stage.mjs';

/** A process that ended but that nobody waited for yet counts as ended. */
function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function run(t, script, timeoutMs) {
  const root = mkdtempSync(join(tmpdir(), 'edge-agent-stage-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return runStage({
    command: ['sh', '-c', script],
    env: { WORD: 'heard' },
    root,
    log: join(root, 'logs/a.log'),
    timeoutMs,
  });
}

test('both outputs, the exit code and the environment arrive', async (t) => {
  const { text, exitCode, timedOut } = await run(t, 'echo $WORD; echo no >&2; exit 3', 10_000);
  assert.deepEqual([text.split('\n').sort(), exitCode, timedOut], [['', 'heard', 'no'], 3, false]);
});

test('what hangs is ended, with all it started', async (t) => {
  const { text, exitCode, timedOut, seconds } = await run(t, 'sleep 60 & echo $!; wait', 300);
  assert.ok(timedOut && exitCode !== 0 && seconds < 10);
  assert.ok(!isAlive(Number(text)));
});

test('what a command leaves running does not outlive it', async (t) => {
  const { text, exitCode, seconds } = await run(t, 'sleep 60 & echo $!', 30_000);
  assert.equal(exitCode, 0);
  assert.ok(seconds < 10);
  assert.ok(!isAlive(Number(text)));
});

test('a command that does not exist has failed and says so', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'edge-agent-stage-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const result = await runStage({ command: ['./no-such-command'], root, log: join(root, 'a.log'), timeoutMs: 5000 });
  assert.notEqual(result.exitCode, 0);
  assert.match(result.text, /ENOENT/);
});
