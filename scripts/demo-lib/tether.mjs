// Loaded before an agent (node --import): ends it when the process that started it is gone, however that ended.
// The parent holds the other end of standard input and never writes; the kernel closes it with the parent.
import { rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** A stop that takes longer is cut. */
const STOP_MS = 5_000;

const folder = process.env.TETHER_REMOVE;
delete process.env.TETHER_REMOVE;

function removeFolder() {
  if (!folder) return;
  rmSync(folder, { recursive: true, force: true });
  try {
    // The last one takes away what they stood in.
    rmdirSync(dirname(folder));
  } catch {
    // Others are still there.
  }
}

process.stdin.on('error', () => {});
process.stdin.once('close', () => {
  // The parent would have removed what is temporary.
  process.once('exit', removeFolder);
  setTimeout(() => process.exit(1), STOP_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});
process.stdin.resume();
process.stdin.unref();
