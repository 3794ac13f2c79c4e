import type { Clock } from '../../ports/clock.js';
import type { Random } from '../../ports/random.js';
import type { LoraAir } from '../lora/lora-air.js';
import type { RivalPacket } from './packet.js';

/** What a rival's node on LoRa has. */
export interface LoraRivalContext {
  readonly air: LoraAir;
  readonly node: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly hopLimit: number;
  /** A message came here for the first time. */
  delivered(packet: RivalPacket): void;
}

export interface LoraRival {
  send(id: number, payloadBytes: number): void;
}
