// The carriers that are measured, and what each can do at best: what its clock allows, nothing else taken off.
import { BITS_PER_BYTE } from '../paced-line.mjs';
import { BAUD } from './link.mjs';
import { SMALL_BYTES } from './measure.mjs';

/** The emulated air: interval of a first link, packets each side sends in an event, attribute bytes of a packet of 251. */
const INTERVAL_MS = 15;
const PACKETS_PER_EVENT = 4;
const PACKET_VALUE_BYTES = 244;

const lineMs = (bytes) => (bytes * BITS_PER_BYTE * 1_000) / BAUD;

export const BLE = {
  kind: 'ble',
  carrier: `emulated controllers, ${INTERVAL_MS} ms interval, ${PACKETS_PER_EVENT} packets an event`,
  bare: 'bare noble and bleno',
  throughput: (PACKETS_PER_EVENT * PACKET_VALUE_BYTES) / INTERVAL_MS,
  // A question waits for the next event, and its answer for the one after.
  roundTripMs: 2 * INTERVAL_MS,
};

export const SERIAL = {
  kind: 'serial',
  carrier: `pseudo terminals paced to ${BAUD} baud`,
  bare: 'bare serialport',
  throughput: BAUD / BITS_PER_BYTE / 1_000,
  roundTripMs: 2 * lineMs(SMALL_BYTES),
};

export const UDP = { kind: 'udp', carrier: 'loopback', bare: 'bare dgram' };
