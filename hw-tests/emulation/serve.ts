import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { PacketSplitter } from '../../dist/radios/ble/hci-packets.js';
import { Air, type AirOptions } from './air.js';
import { EmulatedController } from './controller.js';
import type { Station } from './types.js';

/** Which sockets hear each other: pairs like `a-b`; `undefined`: all. */
export type Reach = ReadonlySet<string> | undefined;

export interface ControllerServer {
  readonly air: Air;
  /** Changes at once who hears whom, by the names of the sockets. */
  setReach(reach: Reach): void;
  close(): Promise<void>;
}

const pairOf = (a: string, b: string): string => [a, b].sort().join('-');

/** Parses `a-b,b-c`. Throws RangeError when a part is no pair. */
export function parseReach(text: string): Reach {
  return new Set(
    text.split(',').map((pair) => {
      const [a, b, more] = pair.split('-');
      if (!a || !b || more !== undefined) throw new RangeError(`${JSON.stringify(pair)} is no pair like a-b`);
      return pairOf(a, b);
    }),
  );
}

/**
 * Emulated controllers for other processes: each connection to a socket is a controller of its own, on one air. The
 * file names of the sockets, without extension, name the controllers for the reach.
 */
export async function serveControllers(paths: readonly string[], options: AirOptions = {}): Promise<ControllerServer> {
  const air = new Air(options);
  const nameOf = (path: string): string => path.replace(/^.*\//, '').replace(/\..*$/, '');
  const servers = await Promise.all(paths.map((path) => listen(air, path, nameOf(path))));
  return {
    air,
    setReach: (reach) =>
      air.setReach((a: Station, b: Station) => reach === undefined || reach.has(pairOf(a.name, b.name))),
    close: async () => {
      air.close();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listen(air: Air, path: string, name: string): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    const controller = new EmulatedController(air, { name });
    const splitter = new PacketSplitter(
      (packet) => controller.receive(packet),
      (reason) => {
        controller.violations.push(reason);
        socket.destroy();
      },
    );
    controller.onData = (packet) => {
      if (socket.writable) socket.write(packet);
    };
    socket.on('data', (chunk) => splitter.push(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => controller.vanish());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}
