import { EdgeError, messageOf } from '../dist/core/errors.js';
import { parseAdapter } from '../dist/radios/ble/controller-port.js';
import { createPort } from '../dist/radios/ble/ports.js';
import { lend } from './lend.js';

// node dist-hw/lend-main.js hci0 /tmp/other-pi.sock
const [adapter, path] = process.argv.slice(2);
if (adapter === undefined || path === undefined) {
  process.stderr.write('usage: lend-main.js hci0|uart:PATH[@BAUD]|unix:PATH SOCKET\n');
  process.exit(2);
}

function say(error: unknown): void {
  const fix = error instanceof EdgeError && error.fix !== undefined ? `; fix: ${error.fix}` : '';
  process.stderr.write(`${messageOf(error)}${fix}\n`);
}

try {
  const spec = parseAdapter(adapter);
  const lent = await lend(path, () => createPort(spec), say);
  process.stdout.write(`${adapter} is lent at ${path}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void lent.close().then(() => process.exit(0)));
} catch (error) {
  say(error);
  process.exit(1);
}
