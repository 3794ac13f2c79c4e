import { Limit } from '../core/limits.js';
import type { Instant } from '../core/machine.js';
import { Body, decode } from '../wire/bodies.js';
import { Flag, type Header } from '../wire/header.js';
import { ArrivalRate, type Way } from './arrival-rate.js';
import type { Delivery } from './delivery.js';
import { isSignedBy, leastAgeMs, type ParcelView, readCore } from './parcels.js';
import { type Receipts, Said } from './receipts.js';
import type { Routing } from './routing.js';
import { ITEM_OVERHEAD_BYTES, type Shelf } from './shelf.js';
import type { MeshContext } from './types.js';

/** A keeper leaves the last way to the origin, where that is in reach, for so long. */
export const ORIGIN_FIRST_MS = 10_000;

export interface IntakeParts {
  readonly context: MeshContext;
  readonly delivery: Delivery;
  readonly routing: Routing;
  readonly shelf: Shelf;
  readonly receipts: Receipts;
}

type Answer = (refusal?: string, at?: Instant) => void;

/** Messages in custody that other nodes hand to this one: meant for it, or to be kept. Each is answered by what became of it. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #rate = new ArrivalRate(Limit.ParcelsPerSecond, Limit.ParcelBurst);

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  parcel(way: Way, header: Header, payload: Uint8Array, now: Instant): void {
    const { context, delivery } = this.#parts;
    const attempt = header.flags & Flag.AckWanted ? delivery.opened(header, payload) : undefined;
    if (!attempt || header.destination !== context.self.id) return context.counters.refuse('parcel.malformed');
    const answer: Answer = (refusal = '', at = now) => delivery.answer(header, attempt.id, refusal, at);
    const code = this.#rate.take(way, now.mono) ? this.#take(way, header, attempt.body, now, answer) : 'custody.rate';
    if (code === undefined) return;
    context.counters.refuse(code);
    answer(code);
  }

  /** The code by which it is refused; else it is answered, or will be. */
  #take(way: Way, header: Header, body: Uint8Array, now: Instant, answer: Answer): string | undefined {
    const { context, delivery, shelf } = this.#parts;
    const parcel = decode(Body.ParcelSchema, body);
    const view = parcel && readCore(parcel.core);
    if (!parcel || !view) return 'custody.malformed';
    const ageMs = Math.max(parcel.ageMs, leastAgeMs(view, context.pulse, now));
    const isOurs = view.to === context.self.id;
    const before = shelf.items.get(view.id);
    if (view.origin === context.self.id || (isOurs && delivery.delivered.has(view.id))) answer();
    // One that is being written is answered when it is.
    else if (before) before.memory ?? answer();
    else if (ageMs >= view.lifeMs) return 'custody.expired';
    else if (!isSignedBy(context.crypto, view.origin, parcel)) return 'custody.signature';
    else if (!isOurs) return this.#keep(way, view, parcel, now, answer);
    else {
      answer();
      this.#deliver(view, ageMs, header, now);
    }
    return undefined;
  }

  #deliver(view: ParcelView, ageMs: number, header: Header, now: Instant): void {
    const { context, delivery, receipts } = this.#parts;
    const { id, origin: source, to: destination, type, priority, body } = view;
    delivery.delivered.add(id, true);
    context.counters.custody.received++;
    const hops = header.hops + 1;
    context.emit({ kind: 'deliver', message: { id, type, source, destination, priority, hops, body, at: now, ageMs } });
    if (header.source === source) return;
    const expiresAt = now.mono + view.lifeMs - ageMs;
    receipts.add({ message: id, what: Said.Delivered, code: '' }, source, { durable: true, expiresAt }, now);
  }

  #keep(way: Way, view: ParcelView, parcel: Body.Parcel, now: Instant, answer: Answer): string | undefined {
    const { context, shelf, routing } = this.#parts;
    const giver = 'peer' in way ? way.peer : undefined;
    const bytes = view.body.length + ITEM_OVERHEAD_BYTES;
    const victims = shelf.items.victimsFor({ ...view, bytes, giver });
    if (!victims) return 'custody.full';
    for (const victim of victims) {
      context.counters.custody.givenUp++;
      shelf.say(victim, Said.GivenUp, 'custody.full', now);
      shelf.drop(victim, now);
    }
    const item = shelf.add(view, { memory: parcel, own: false, ageMs: parcel.ageMs, giver }, now);
    shelf.write(item, parcel, now, (code, at) => {
      if (code === undefined) {
        context.counters.custody.kept++;
        const wait = routing.reaches(item.origin) ? ORIGIN_FIRST_MS : 0;
        if (shelf.has(item)) shelf.due(item, at.mono + wait);
      } else shelf.items.remove(item);
      answer(code === undefined ? '' : 'custody.store', at);
    });
    return undefined;
  }
}
