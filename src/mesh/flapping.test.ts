import test from 'ava';
import fc from 'fast-check';
import { at, carrierWith, nodeNamed, upLink } from '../testing/builders.js';
import { Counters } from './counters.js';
import { FLAPPING_MAX, Flapping, WITH_RADIO_MS } from './flapping.js';
import { EndCause } from './link-end.js';
import { Links } from './links.js';

const SECOND = 1_000;

function setup(peer = 2) {
  const counters = new Counters();
  const flapping = new Flapping(counters.links);
  const link = upLink(new Links(), nodeNamed(peer), carrierWith());
  return { counters, flapping, link };
}

test('a link that goes down for the third time within a minute is damped, and used again when it has held for some two', (t) => {
  const { flapping, link, counters } = setup();
  for (const [i, isDamped] of [false, false, true].entries()) {
    flapping.wentDown(link, EndCause.Lost, at(i * 15 * SECOND));
    t.is(flapping.isDamped(link, at(i * 15 * SECOND)), isDamped, `time ${i + 1}`);
  }
  t.true(flapping.isDamped(link, at(110 * SECOND)));
  t.false(flapping.isDamped(link, at(150 * SECOND)));
  t.false(flapping.isDamped(link, at(151 * SECOND)));
  t.deepEqual([counters.links.flaps, counters.links.damped], [3, 1]);
});

test('one that goes down once in two minutes never is', (t) => {
  const { flapping, link } = setup();
  for (let i = 0; i < 50; i++) {
    flapping.wentDown(link, EndCause.Lost, at(i * 120 * SECOND));
    t.false(flapping.isDamped(link, at(i * 120 * SECOND)));
  }
});

test('restarts of the neighbour count half, and what is not its doing nothing', (t) => {
  const { flapping, link, counters } = setup();
  const noFault = [EndCause.Goodbye, EndCause.MadeRoom, EndCause.OwnRadio, EndCause.Removed, EndCause.Deaf];
  for (let i = 0; i < 10; i++) for (const cause of noFault) flapping.wentDown(link, cause, at(i));
  for (let i = 0; i < 3; i++) flapping.wentDown(link, EndCause.Restarted, at(i));
  t.false(flapping.isDamped(link, at(3)));
  for (let i = 3; i < 6; i++) flapping.wentDown(link, EndCause.Restarted, at(i));
  t.true(flapping.isDamped(link, at(6)));
  t.is(counters.links.flaps, 6);
});

test('what went down with the radio does not count, whichever of the two was told of first; what went down before does', (t) => {
  const { flapping, link } = setup();
  for (let i = 0; i < 20; i++) {
    flapping.wentDown(link, EndCause.Lost, at(i * 5 * SECOND));
    flapping.forgive(link.carrier, at(i * 5 * SECOND + WITH_RADIO_MS));
    t.false(flapping.isDamped(link, at(i * 5 * SECOND)), `time ${i + 1}`);
  }
  for (let i = 0; i < 3; i++) flapping.wentDown(link, EndCause.Lost, at(200 * SECOND + i * WITH_RADIO_MS));
  flapping.forgive(carrierWith({}, 1), at(200 * SECOND + 2 * WITH_RADIO_MS));
  t.true(flapping.isDamped(link, at(200 * SECOND + 2 * WITH_RADIO_MS)), 'another radio');
  flapping.forgive(link.carrier, at(200 * SECOND + 4 * WITH_RADIO_MS));
  t.true(flapping.isDamped(link, at(200 * SECOND + 4 * WITH_RADIO_MS)));
});

test('however often it went down, a link that holds is used again after four minutes', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { minLength: 1, maxLength: 200 }), (pauses) => {
      const { flapping, link } = setup();
      let now = 0;
      for (const pause of pauses) {
        now += pause;
        flapping.wentDown(link, EndCause.Lost, at(now));
      }
      t.false(flapping.isDamped(link, at(now + 240 * SECOND + 1)));
    }),
  );
});

test('who makes up neighbours fills no memory and hides nobody that flaps', (t) => {
  const { flapping, link } = setup();
  for (let i = 0; i < 4; i++) flapping.wentDown(link, EndCause.Lost, at(i));
  const links = new Links();
  const carrier = carrierWith();
  for (let i = 0; i < 2 * FLAPPING_MAX; i++) {
    const stranger = upLink(links, nodeNamed(1_000 + i), carrier);
    flapping.wentDown(stranger, EndCause.Lost, at(10 + i));
    links.remove(stranger);
  }
  t.true(flapping.size <= FLAPPING_MAX);
  t.true(flapping.isDamped(link, at(2_000)));
  flapping.tick(at(3_600 * SECOND));
  t.is(flapping.size, 0);
});
