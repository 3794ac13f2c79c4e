import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentProcess } from './agents.js';

/** Datagrams sent before the kernel's buffers get time to drain. */
const BURST = 64;
const CAPTURED_MAX = 100_000;

export interface Captured {
  readonly towards: 'a' | 'b';
  readonly bytes: Uint8Array;
}

/** The data port of an agent on the loopback. */
export async function dataPortOf(agent: AgentProcess): Promise<number> {
  const { radios } = await agent.json('status');
  return Number(/:(\d+)$/.exec(radios[0].addresses[0])?.[1]);
}

export async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Sends to a port of the loopback, slowly enough that most of it arrives. */
export async function sendAll(socket: Socket, port: number, datagrams: Iterable<Uint8Array>): Promise<number> {
  let count = 0;
  for (const datagram of datagrams) {
    await new Promise<void>((resolve) => socket.send(datagram, port, '127.0.0.1', () => resolve()));
    if (++count % BURST === 0) await sleep(5);
  }
  return count;
}

/** Stands between two agents that do not hear each other otherwise: passes everything on and keeps a copy. */
export class UdpTap {
  readonly captured: Captured[] = [];
  readonly #towards: { readonly a: number; readonly b: number };
  /** What an agent takes for the other one. */
  readonly #faces: { readonly a: Socket; readonly b: Socket };

  private constructor(towards: { a: number; b: number }, faces: { a: Socket; b: Socket }) {
    this.#towards = towards;
    this.#faces = faces;
    faces.a.on('message', (bytes) => this.#pass('b', bytes));
    faces.b.on('message', (bytes) => this.#pass('a', bytes));
  }

  static async between(a: AgentProcess, b: AgentProcess): Promise<UdpTap> {
    const towards = { a: await dataPortOf(a), b: await dataPortOf(b) };
    const tap = new UdpTap(towards, { a: await openSocket(), b: await openSocket() });
    await a.json('peers', { body: { host: '127.0.0.1', port: tap.#faces.a.address().port } });
    return tap;
  }

  /** Sends an agent datagrams as if the other one did. */
  inject(towards: 'a' | 'b', datagrams: Iterable<Uint8Array>): Promise<number> {
    return sendAll(this.#faces[towards], this.#towards[towards], datagrams);
  }

  close(): void {
    this.#faces.a.close();
    this.#faces.b.close();
  }

  #pass(towards: 'a' | 'b', bytes: Uint8Array): void {
    if (this.captured.length < CAPTURED_MAX) this.captured.push({ towards, bytes: Uint8Array.from(bytes) });
    this.#faces[towards].send(bytes, this.#towards[towards], '127.0.0.1');
  }
}
