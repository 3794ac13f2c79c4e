import { FrameType, Priority } from '../../wire/frame-types.js';
import { Flag, overheadBytes } from '../../wire/header.js';
import type { AnyCarrierPlan } from '../carriers.js';
import { line } from '../topologies.js';
import { World } from '../world.js';
import type { Experiment, GoalRow } from './goal-row.js';

const BODY_BYTES = 40;
const SETTLE_MS = 60_000;

/** Where in the frame the body stands, -1 when it does not. */
function placeOf(body: Uint8Array, frame: Uint8Array): number {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.length).indexOf(body);
}

/** Bytes that the first frame of a broadcast has besides its body, as transmitted. */
async function aroundBroadcast(seed: number, carrier: AnyCarrierPlan): Promise<number> {
  const world = new World({ seed, nodes: 2, carriers: [carrier] });
  world.start();
  await world.run(SETTLE_MS);
  let body: Uint8Array | undefined;
  let around: number | undefined;
  world.watch({
    sent: (message) => {
      body = message.body;
    },
    transmitted: (_node, { frame }) => {
      if (body && around === undefined && placeOf(body, frame) >= 0) around = frame.length - body.length;
    },
  });
  world.broadcast(0, { bytes: BODY_BYTES, type: FrameType.Message, priority: Priority.Medium });
  await world.run(SETTLE_MS);
  if (around === undefined) throw new Error('the broadcast was not transmitted');
  return around;
}

const positions = [
  { x: 0, y: 0 },
  { x: 500, y: 0 },
];

const row: GoalRow = {
  id: 'overhead',
  what: "bytes around a broadcast's payload",
  unit: 'B',
  target: { most: 40, also: { signed: { most: 100 }, lora: { most: 24 } } },
  peers: { 'bitchat, signed': 86, Meshtastic: 16, 'Meshtastic with its key': 28 },
  note: 'Meshtastic’s 16 bytes hold no proof of any kind',
};

/**
 * Bytes around a broadcast's payload of 40 bytes, counted on the simulated air: of a frame proven by its mesh's tag and later
 * by a signed beat (`ours`), of one that carries its own signature, and of one over LoRa. The envelope of a user's message
 * (its type's name, the kind of its payload) is payload here, as it is in the peers' figures.
 */
export const overhead: Experiment = {
  rows: [row],
  async measure(seed) {
    const ours = await aroundBroadcast(seed, { pairs: line(2) });
    const lora = await aroundBroadcast(seed, { kind: 'lora', preset: 'LongFast', region: 'EU868', positions });
    return [{ ours, also: { signed: overheadBytes(Flag.Signed), lora } }];
  },
};
