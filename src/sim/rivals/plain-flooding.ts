import { symbolMs } from '../lora/modem.js';
import type { LoraRival, LoraRivalContext } from './lora-rival.js';
import { packetKey, RIVAL_HEADER_BYTES, readPacket, writePacket } from './packet.js';

/** Slots among which each transmission picks one, and again while the channel is busy: as Meshtastic's at full load. */
const SLOTS = 64;
/** Listening before talk: two symbols and a half, and the turn from receiving to sending. */
const slotMs = ({ air }: LoraRivalContext): number => 2.5 * symbolMs(air.modem) + 7.6;

/** Everybody who hears a message for the first time sends it once more, whatever others do; the base of comparison. */
export function plainFlooding(context: LoraRivalContext): LoraRival {
  const { air, node, clock, random } = context;
  const seen = new Set<number>();
  const queue: Uint8Array[] = [];

  const wait = (): void => void clock.timer('rival', random.below(SLOTS) * slotMs(context), look);
  const look = (): void => {
    const [frame] = queue;
    if (frame === undefined) return;
    if (air.isSending(node) || air.isReceiving(node) || air.isBusy(node)) wait();
    else air.transmit(node, frame);
  };
  const enqueue = (frame: Uint8Array): void => {
    queue.push(frame);
    if (queue.length === 1) wait();
  };

  air.switchOn(node, {
    sent: () => {
      queue.shift();
      if (queue.length > 0) wait();
    },
    heard: (frame) => {
      const packet = readPacket(frame);
      if (packet.origin === node || seen.has(packetKey(packet))) return;
      seen.add(packetKey(packet));
      context.delivered(packet);
      if (packet.hopLimit === 0) return;
      const onward = { ...packet, hopLimit: packet.hopLimit - 1, hops: packet.hops + 1 };
      enqueue(writePacket(onward, frame.length - RIVAL_HEADER_BYTES));
    },
  });
  return {
    send: (id, payloadBytes) =>
      enqueue(writePacket({ origin: node, id, hopLimit: context.hopLimit, hops: 0 }, payloadBytes)),
  };
}
