import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { ControllerPort } from '../dist/radios/ble/controller-port.js';
import { PacketSplitter } from '../dist/radios/ble/hci-packets.js';

export interface Lent {
  close(): Promise<void>;
}

/**
 * Lends a controller to one other process at a time, over a Unix socket that ssh can carry to another machine. The way to
 * the controller is opened for each borrower; `refused` hears why when that fails.
 */
export async function lend(
  path: string,
  newPort: () => ControllerPort,
  refused: (reason: unknown) => void,
): Promise<Lent> {
  rmSync(path, { force: true });
  let borrower: Socket | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (borrower !== undefined) return void socket.destroy();
    borrower = socket;
    const port = newPort();
    socket.once('close', () => {
      void port.close().then(() => {
        borrower = undefined;
      });
    });
    serve(socket, port).catch((error: unknown) => {
      refused(error);
      socket.destroy();
    });
  });
  await listening(server, path);
  const close = async (): Promise<void> => {
    borrower?.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { close };
}

async function serve(socket: Socket, port: ControllerPort): Promise<void> {
  const end = (): void => void socket.destroy();
  socket.pause();
  await port.open({ packet: (bytes) => void socket.write(bytes), closed: end });
  const splitter = new PacketSplitter((packet) => port.write(packet), end);
  socket.on('data', (chunk) => splitter.push(chunk));
  socket.resume();
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}
