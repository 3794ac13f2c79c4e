import type { Random } from '../../ports/random.js';
import { FrameType } from '../../wire/frame-types.js';
import { Offset } from '../../wire/header.js';
import type { Position } from '../lora/landscape.js';
import { LoraAir, type LoraPhysics } from '../lora/lora-air.js';
import { type ModemName, modemOf } from '../lora/modem.js';
import { type RegionName, regionOf } from '../lora/regions.js';
import type { LoraRival, LoraRivalContext } from '../rivals/lora-rival.js';
import { FIRMWARE_RULES, meshtastic, SIMULATOR_RULES } from '../rivals/meshtastic.js';
import { packetKey } from '../rivals/packet.js';
import { plainFlooding } from '../rivals/plain-flooding.js';
import { SimClock } from '../sim-clock.js';
import { World } from '../world.js';

/** Where a policy is tried: the same for all. */
interface FloodScene {
  readonly seed: number | string;
  readonly random: Random;
  readonly positions: readonly Position[];
  readonly preset: ModemName;
  readonly region: RegionName;
  readonly hopLimit: number;
  readonly payloadBytes: number;
  readonly physics: Partial<LoraPhysics>;
}

/** Nodes that run one policy on one air. */
export interface FloodMesh {
  readonly air: LoraAir;
  run(ms: number): Promise<void>;
  /** Puts a message in; its name. */
  send(node: number): string;
  /** Whether a frame carries a message, first sent or relayed, and not what a mesh says for itself. */
  isMessage(frame: Uint8Array): boolean;
  /** Called for each node that has a message for the first time, its source left out; `now` is virtual ms. */
  onDelivered: (message: string, node: number, now: number) => void;
}

/** Makes the nodes of a policy. */
export interface FloodPolicy {
  readonly name: string;
  readonly what: string;
  make(scene: FloodScene): FloodMesh;
}

type MakeRival = (context: LoraRivalContext) => LoraRival;

function rivalMesh(scene: FloodScene, makeRival: MakeRival): FloodMesh {
  const clock = new SimClock();
  const { random, positions, preset, region, physics, hopLimit, payloadBytes } = scene;
  const air = new LoraAir({
    clock,
    random: random.fork('air 0'),
    modem: modemOf(preset),
    region: regionOf(region),
    positions,
    physics,
  });
  let messages = 0;
  const mesh: FloodMesh = {
    air,
    run: async (ms) => clock.advance(ms),
    isMessage: () => true,
    onDelivered: () => {},
    send: (node) => {
      const id = ++messages;
      rivals[node]?.send(id, payloadBytes);
      return String(packetKey({ origin: node, id }));
    },
  };
  const rivals = positions.map((_, node) =>
    makeRival({
      air,
      node,
      clock,
      random: random.fork(`node ${node}`),
      hopLimit,
      delivered: (packet) => mesh.onDelivered(String(packetKey(packet)), node, clock.now()),
    }),
  );
  return mesh;
}

function engineMesh(scene: FloodScene): FloodMesh {
  const { seed, positions, preset, region, physics, payloadBytes, hopLimit } = scene;
  const carriers = [{ kind: 'lora', preset, region, positions, physics }] as const;
  const world = new World({ seed, nodes: positions.length, carriers });
  const mesh: FloodMesh = {
    air: world.lora as LoraAir,
    run: (ms) => world.run(ms),
    isMessage: (frame) => frame[Offset.Type] === FrameType.Message,
    onDelivered: () => {},
    send: (node) => world.broadcast(node, { bytes: payloadBytes, ttl: hopLimit }),
  };
  world.watch({ delivered: (node, { id }, now) => mesh.onDelivered(id, node.index, now) });
  world.start();
  return mesh;
}

export const FLOOD_POLICIES: readonly FloodPolicy[] = [
  { name: 'ours', what: 'the shipped engine', make: engineMesh },
  {
    name: 'meshtastic',
    what: 'managed flooding, constants of the firmware',
    make: (scene) => rivalMesh(scene, meshtastic(FIRMWARE_RULES)),
  },
  {
    name: 'meshtasticator',
    what: 'managed flooding, constants and airtime of its simulator',
    make: (scene) =>
      rivalMesh(
        { ...scene, physics: { wideAirtime: true, foreignBusy: 0.1, noticeSymbols: 0, ...scene.physics } },
        meshtastic(SIMULATOR_RULES),
      ),
  },
  { name: 'plain', what: 'everybody relays once', make: (scene) => rivalMesh(scene, plainFlooding) },
];
