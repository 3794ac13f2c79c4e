import test from 'ava';
import {
  airNode,
  at,
  carrierWith,
  headerWith,
  selfNamed,
  sequences,
  testContext,
  viewOf,
} from '../testing/builders.js';
import { buildFrame, dedupKeyOf, payloadOf } from '../wire/frame.js';
import { Flag, type Header, readHeader } from '../wire/header.js';
import { AirFlood } from './air-flood.js';
import { AirTurns } from './air-turns.js';
import { Egress } from './egress.js';

const TRAITS = { bitsPerSecond: 1_000, frameOverheadMs: 200, mtuBytes: 255, broadcast: true };
const [SOURCE, RELAY] = [1, 2] as const;
/** This node is 0; 3 and 4 hear nobody else. */
const EDGES: readonly (readonly [number, number])[] = [
  [0, RELAY],
  [0, 3],
  [0, 4],
  [SOURCE, RELAY],
];

function setup(distance?: number) {
  const context = testContext({ self: { ...selfNamed(1), id: airNode(0) } });
  const carrier = carrierWith(TRAITS);
  (context.carriers as Map<number, typeof carrier>).set(0, carrier);
  const egress = new Egress(context, {
    undelivered: () => {},
    divert: () => false,
    suspect: () => {},
    nextSequence: sequences(),
  });
  const view = { ...viewOf(airNode(0), EDGES), distanceFrom: () => distance };
  const turns = new AirTurns(context, egress, () => view);
  const flood = new AirFlood(context, turns);
  const copy = (more: Partial<Header> = {}, bytes = 40): Uint8Array =>
    buildFrame(
      headerWith({ source: airNode(SOURCE), ttl: 2, hops: 1, ...more }),
      new Uint8Array(bytes),
      context.tagKey,
    );
  let now = 0;
  const sent: Header[] = [];
  const bodies: Uint8Array[] = [];
  return {
    context,
    flood,
    copy,
    bodies,
    arrives: (frame: Uint8Array, from = RELAY) =>
      flood.arrived(dedupKeyOf(frame), { carrier, link: undefined, from: airNode(from) }, frame, [], at(now)),
    again: (frame: Uint8Array, from: number) =>
      flood.heardAgain(dedupKeyOf(frame), { carrier, link: undefined, from: airNode(from) }, frame, at(now)),
    originate: (bytes: number) =>
      flood.originate(
        { header: headerWith({ source: airNode(0), ttl: 3 }), payload: new Uint8Array(bytes) },
        [],
        at(now),
      ),
    runTo: (until: number): Header[] => {
      for (; now < until; now += 20) {
        turns.tick(at(now));
        egress.tick(at(now));
        for (const frame of context.transmitted()) {
          sent.push(readHeader(frame));
          bodies.push(payloadOf(frame));
        }
      }
      return sent;
    },
  };
}

test('a frame is relayed once for those who lack it, a relay fewer', (t) => {
  const { arrives, copy, runTo } = setup();
  arrives(copy());
  t.deepEqual(
    runTo(30_000).map(({ ttl, hops }) => [ttl, hops]),
    [[1, 2]],
  );
});

test('who knows a shorter way from the source than the copy took passes it on as if it had come that way', (t) => {
  const direct = setup(1);
  direct.arrives(direct.copy());
  t.like(direct.runTo(30_000)[0], { ttl: 2, hops: 1 });
  const far = setup(2);
  far.arrives(far.copy({ ttl: 0, hops: 3 }));
  t.like(far.runTo(30_000)[0], { ttl: 1, hops: 2 }, 'a detour spent its relays');
});

test('what came the shortest way is passed on as it came, and what has no relays left is not', (t) => {
  const { arrives, copy, runTo } = setup(2);
  arrives(copy());
  t.like(runTo(30_000)[0], { ttl: 1, hops: 2 });
  const spent = setup();
  spent.arrives(spent.copy({ ttl: 0, hops: 3 }));
  t.is(spent.runTo(30_000).length, 0);
});

test('a better copy that is heard before its turn is the one that is relayed', (t) => {
  const { arrives, again, copy, runTo } = setup();
  arrives(copy({ ttl: 1, hops: 2 }));
  again(copy({ ttl: 2, hops: 1 }), RELAY);
  t.like(runTo(30_000)[0], { ttl: 1, hops: 2 });
});

test('who heard all others say it stays silent', (t) => {
  const { context, arrives, again, copy, runTo } = setup();
  arrives(copy());
  again(copy({ ttl: 1, hops: 2 }), 3);
  again(copy({ ttl: 1, hops: 2 }), 4);
  t.is(runTo(30_000).length, 0);
  t.is(context.counters.flood.relayed, 0);
});

test('a message of four kilobytes goes out in frames that hold all of it, in order', (t) => {
  const { originate, runTo, bodies } = setup();
  originate(4_096);
  const sent = runTo(60_000);
  const first = sent.slice(0, 20);
  t.true(first.every(({ flags }) => flags & Flag.Fragment));
  let offset = 0;
  for (const [i, { fragment }] of first.entries()) {
    if (fragment?.offset !== offset) break;
    t.is(fragment.total, 4_096);
    offset += (bodies[i] as Uint8Array).length;
  }
  t.is(offset, 4_096);
});
