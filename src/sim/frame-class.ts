import { FrameType } from '../wire/frame-types.js';
import { Offset } from '../wire/header.js';

/** What a frame is for, as a budget of airtime would ask. */
export const FRAME_CLASSES = ['messages', 'alerts', 'records', 'states', 'acks', 'links'] as const;
export type FrameClass = (typeof FRAME_CLASSES)[number];

const CLASSES: Readonly<Record<number, FrameClass>> = {
  [FrameType.Beacon]: 'links',
  [FrameType.Heartbeat]: 'links',
  [FrameType.HopAck]: 'acks',
  [FrameType.Ack]: 'acks',
  [FrameType.Drip]: 'states',
  [FrameType.DripSummary]: 'states',
  [FrameType.DripRequest]: 'states',
  [FrameType.Records]: 'records',
  [FrameType.Have]: 'records',
  [FrameType.Want]: 'records',
  [FrameType.Fingerprints]: 'records',
  [FrameType.Alert]: 'alerts',
};

/** `messages` is what users and services say to each other; `states` is drip, `links` are beacons and heartbeats. */
export const frameClass = (frame: Uint8Array): FrameClass => CLASSES[frame[Offset.Type] as number] ?? 'messages';
