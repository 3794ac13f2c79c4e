import type { Socket } from 'node:dgram';
import { utf8 } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import { nodeCrypto } from '../system/node-crypto.js';
import { nodeIdOfKey, saltHintOf } from '../trust/identity.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { splitPayload } from '../wire/fragments.js';
import { buildFrame, immutablePart, payloadOf } from '../wire/frame.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Flag, type Header, readHeader } from '../wire/header.js';
import type { AgentProcess } from './agents.js';
import { until } from './serving.js';
import { dataPortOf, openSocket, sendAll } from './udp-tap.js';

const PART_BYTES = 1_000;

export interface RogueFrame {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly to?: string;
  readonly ttl?: number;
  readonly flags?: number;
  readonly priority?: Priority;
}

const HEARTBEAT: RogueFrame = {
  type: FrameType.Heartbeat,
  // It pretends to answer: what echoes nothing is for everybody, and proves no link.
  payload: encode(Body.HeartbeatSchema, { digest: 1, echo: 1, heldMs: 0 }),
};

/** A member of the mesh by its key and its greeting, and by nothing else: it sends what a test tells it to. */
export class RogueNode {
  readonly id: NodeId;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #crypto = nodeCrypto();
  readonly #keys = this.#crypto.generate();
  readonly #salt = this.#crypto.randomBytes(16);
  readonly #tagKey: Uint8Array;
  #sequence = 1_000;
  #theirNonce = 0;
  #heardUs = false;
  /** A neighbour that says nothing is given up. */
  readonly #pulse = setInterval(() => void this.send([HEARTBEAT]), 200);

  private constructor(mesh: string, socket: Socket, port: number) {
    this.id = nodeIdOfKey(this.#crypto, this.#keys.publicKey);
    this.#tagKey = this.#crypto.hkdf(utf8(mesh), new Uint8Array(0), 'edge-agent/1/open-mesh/tag', 16);
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => this.#heard(bytes));
  }

  /** Greets an agent until it takes the rogue for a neighbour. */
  static async join(agent: AgentProcess): Promise<RogueNode> {
    const rogue = new RogueNode(agent.setup.mesh, await openSocket(), await dataPortOf(agent));
    await until('the agent greets the rogue', 10_000, async () => {
      if (!rogue.#heardUs) await rogue.#beacon();
      return rogue.#heardUs;
    });
    await rogue.#beacon();
    await until('the agent has a link to the rogue', 10_000, async () => {
      const { peers } = await agent.json('peers');
      return peers.some(({ nodeId, alive }: { nodeId: string; alive: boolean }) => nodeId === rogue.id && alive);
    });
    return rogue;
  }

  send(frames: Iterable<RogueFrame>): Promise<number> {
    return sendAll(this.#socket, this.#port, this.#framed(frames));
  }

  /** Bytes as they are, from the address of the link. */
  sendRaw(datagrams: Iterable<Uint8Array>): Promise<number> {
    return sendAll(this.#socket, this.#port, datagrams);
  }

  close(): void {
    clearInterval(this.#pulse);
    this.#socket.close();
  }

  *#framed(frames: Iterable<RogueFrame>): Generator<Uint8Array> {
    for (const frame of frames) {
      const header = this.#header(frame);
      if (frame.payload.length <= PART_BYTES) yield buildFrame(header, frame.payload, this.#tagKey);
      else {
        for (const { fragment, bytes } of splitPayload(frame.payload, PART_BYTES))
          yield buildFrame({ ...header, fragment }, bytes, this.#tagKey);
      }
    }
  }

  #header({ type, to, ttl = 0, flags = 0, priority = Priority.Medium }: Omit<RogueFrame, 'payload'>): Header {
    return {
      version: 1,
      type,
      flags,
      priority,
      ttl,
      hops: 0,
      epoch: 0,
      source: this.id,
      saltHint: saltHintOf(this.#salt),
      sequence: this.#sequence++,
      ...(to === undefined ? {} : { destination: to as NodeId }),
    };
  }

  async #beacon(): Promise<void> {
    const header = this.#header({ type: FrameType.Beacon, flags: Flag.Signed });
    const payload = encode(Body.BeaconSchema, {
      publicKey: this.#keys.publicKey,
      bootSalt: this.#salt,
      bootCounter: 1,
      clockMs: BigInt(Date.now()),
      name: 'rogue',
      nonce: 7,
      heard: this.#theirNonce,
      answer: true,
    });
    const signature = this.#crypto.sign(this.#keys, immutablePart(header, payload));
    await this.sendRaw([buildFrame(header, payload, this.#tagKey, signature)]);
  }

  #heard(bytes: Uint8Array): void {
    if (bytes.length < 28 || readHeader(bytes).type !== FrameType.Beacon) return;
    const beacon = decode(Body.BeaconSchema, payloadOf(bytes));
    if (!beacon) return;
    this.#theirNonce = beacon.nonce;
    this.#heardUs ||= beacon.heard === 7;
  }
}
