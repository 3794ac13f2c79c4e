import { FrameType, Priority } from '../wire/frame-types.js';
import { Offset } from '../wire/header.js';

/** What a frame is for, as a budget of airtime would ask. */
export const FRAME_CLASSES = ['messages', 'alerts', 'records', 'states', 'acks', 'links'] as const;
export type FrameClass = (typeof FRAME_CLASSES)[number];

const CLASSES: Readonly<Record<number, FrameClass>> = {
  [FrameType.Beacon]: 'links',
  [FrameType.Heartbeat]: 'links',
  [FrameType.Hearing]: 'links',
  [FrameType.HopAck]: 'acks',
  [FrameType.Ack]: 'acks',
  [FrameType.Drip]: 'states',
  [FrameType.DripRequest]: 'states',
  [FrameType.DripHashes]: 'states',
  [FrameType.Records]: 'records',
  [FrameType.Have]: 'records',
  [FrameType.Want]: 'records',
  [FrameType.Fingerprints]: 'records',
  [FrameType.Alert]: 'alerts',
};

const PRIORITY_SHIFT = 6;

/** `messages` is what users and services say to each other, `alerts` what of it is critical; `states` is drip, `links` are beacons and heartbeats. */
export function frameClass(frame: Uint8Array): FrameClass {
  const known = CLASSES[frame[Offset.Type] as number];
  if (known !== undefined) return known;
  return (frame[Offset.Flags] as number) >> PRIORITY_SHIFT === Priority.Critical ? 'alerts' : 'messages';
}
