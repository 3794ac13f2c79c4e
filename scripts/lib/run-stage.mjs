// Runs one command of scripts/test: output to a log, an end after its time, nothing left running.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const STILL_RUNNING_EVERY_MS = 30_000;
const KILL_AFTER_MS = 5_000;

const running = new Set();

function end(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

/** Ends whatever runs: for Ctrl-C. */
export function endAll(signal) {
  for (const child of running) end(child, signal);
}

/**
 * Runs `command` in its own process group.
 * @returns {Promise<{exitCode: number, text: string, seconds: number, timedOut: boolean}>} exit code 127 when it cannot start
 */
export function runStage({ command: [program, ...args], env = {}, root, log, timeoutMs, onStillRunning }) {
  mkdirSync(dirname(log), { recursive: true });
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  return new Promise((resolve) => {
    const output = createWriteStream(log);
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let timedOut = false;
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.on('error', (error) => output.write(`${error.message}\n`));
    const deadline = setTimeout(() => {
      timedOut = true;
      end(child, 'SIGTERM');
      setTimeout(() => end(child, 'SIGKILL'), KILL_AFTER_MS).unref();
    }, timeoutMs);
    const news = setInterval(() => onStillRunning?.(seconds()), STILL_RUNNING_EVERY_MS);
    // What a stage leaves behind in its group would hold its output open, and ports and files of the next.
    child.on('exit', () => end(child, 'SIGKILL'));
    child.on('close', (code) => {
      clearTimeout(deadline);
      clearInterval(news);
      running.delete(child);
      output.end(() => resolve({ exitCode: code ?? 1, text: readFileSync(log, 'utf8'), seconds: seconds(), timedOut }));
    });
  });
}
