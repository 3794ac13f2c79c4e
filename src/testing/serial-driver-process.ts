import { readdirSync } from 'node:fs';
import { type Port, systemPorts } from '../radios/serial/port.js';
import { realClock } from './radio-world.js';
import type { DriverCall, DriverWord } from './serial-driver.js';

const openPort = systemPorts(realClock());
const ports = new Map<number, Port>();
let nextPort = 1;

const say = (word: DriverWord): void => void process.send?.(word);

async function answer(call: DriverCall): Promise<unknown> {
  if (call.op === 'files') return readdirSync('/proc/self/fd').length;
  if (call.op === 'open') {
    const port = nextPort++;
    ports.set(port, await openPort(call.path, call.baud));
    return port;
  }
  const port = ports.get(call.port);
  if (call.op === 'listen') {
    const data = (bytes: Uint8Array): void => say({ port: call.port, data: bytes.slice() });
    return port?.listen({ data, lost: ({ message }) => say({ port: call.port, lost: message }) });
  }
  if (call.op === 'write') return port?.write(call.bytes);
  if (call.op === 'present') return port?.present();
  ports.delete(call.port);
  return port?.close();
}

process.on('message', (call: DriverCall) => {
  answer(call).then(
    (value) => say({ id: call.id, value }),
    (error: Error) => say({ id: call.id, error: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
