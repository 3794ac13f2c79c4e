import test from 'ava';
import { at, carrierWith, headerWith, nodeNamed, selfNamed, testContext, upLink } from '../testing/builders.js';
import { buildFrame } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag, type Header } from '../wire/header.js';
import { Links } from './links.js';
import { Passing, type PassingMachines } from './passing.js';

const [FROM, NEXT, FAR] = [nodeNamed(5), nodeNamed(6), nodeNamed(7)];

/** What becomes of a frame of this kind at a node that knows a way to everybody. */
function passed(fields: Partial<Header>): string[] {
  const done: string[] = [];
  const [links, context, carrier] = [new Links(), testContext({ self: selfNamed(1) }), carrierWith()];
  const [link, next] = [upLink(links, FROM, carrier), upLink(links, NEXT, carrier)];
  const machines = {
    ...{ context, links, egress: { answered: () => {} } },
    routing: { learn: () => {}, nextLink: () => next },
    flooding: { forward: () => void done.push('forwarded'), relay: () => void done.push('flooded') },
  };
  const passing = new Passing(machines as unknown as PassingMachines);
  const header = headerWith({ type: FrameType.Message, ttl: 9, ...fields });
  passing.pass(
    'key',
    { carrier, link, from: FROM },
    header,
    buildFrame(header, Uint8Array.of(1), context.tagKey),
    at(0),
  );
  return done;
}

test('what is for everybody is flooded; what is for one goes to the next node on its way', (t) => {
  t.deepEqual(passed({}), ['flooded']);
  t.deepEqual(passed({ destination: FAR }), ['forwarded']);
  t.deepEqual(passed({ destination: selfNamed(1).id }), []);
});

test('what is for one and is to be flooded is, although a way is known; it ends where it is for', (t) => {
  t.deepEqual(passed({ destination: FAR, flags: Flag.Spread }), ['flooded']);
  t.deepEqual(passed({ destination: selfNamed(1).id, flags: Flag.Spread }), []);
});
