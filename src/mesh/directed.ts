import type { MessageId, NodeId } from '../core/ids.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { Custody, type CustodyParts } from './custody.js';
import { Delivery } from './delivery.js';
import type { Reception } from './reception.js';
import type { Sending } from './sending.js';

/** The two that carry directed messages: delivery now, custody later. What ends in neither's own affairs is the user's. */
export function directedMachines(
  parts: Omit<CustodyParts, 'delivery' | 'direct'> & { readonly reception: Reception },
  sending: () => Sending,
): { readonly delivery: Delivery; readonly custody: Custody } {
  const { context, routing, reception } = parts;
  const delivery: Delivery = new Delivery(context, {
    attempt: (message, payload, attempt, now) => sending().attempt(message, payload, attempt, now),
    ask: (message, body, attempt, now) => sending().ask(message, body, attempt, now),
    sendParts: (...parts) => sending().parts(...parts),
    sendAck: (to, body, now) => sending().reply(to, FrameType.Ack, body, Priority.High, now),
    sendMissing: (to, body, priority, now) => sending().reply(to, FrameType.PartsMissing, body, priority, now),
    missing: (id, total) => reception.missing(id, total),
    roundTripMs: (to, bytes) => sending().roundTripMs(to, bytes),
    isReachable: (to: NodeId) => routing.reaches(to),
    parked: ({ id, to }, now) => {
      context.emit({ kind: 'trail', id, what: 'parked', node: to });
      custody.park(id, now);
    },
    late: (id: MessageId, from, now) => custody.late(id, from, now),
    settled: (message, outcome, code, now, back) => {
      if (custody.settled(message, outcome, code, now, back)) return;
      const more = { ...(code !== undefined && { code }), ...(back && { back }) };
      context.emit({ kind: 'outcome', id: message.id, outcome, ...more });
    },
  });
  const direct: CustodyParts['direct'] = (...frame) => sending().direct(...frame);
  const custody = new Custody({ ...parts, delivery, direct });
  return { delivery, custody };
}
