import test from 'ava';
import fc from 'fast-check';
import type { NodeId } from '../core/ids.js';
import { at, carrierWith, headerWith, nodeNamed, sequences, testContext, upLink } from '../testing/builders.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag, readHeader } from '../wire/header.js';
import { Egress } from './egress.js';
import { type Link, Links } from './links.js';
import { combineDigests, Liveness } from './liveness.js';
import type { MeshTiming } from './types.js';

function setup(timing: Partial<MeshTiming> = {}) {
  const context = testContext({ timing: { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 1e9, ...timing } });
  const links = new Links();
  const egress = new Egress(context, { nextSequence: sequences(), undelivered: () => {}, suspect: () => {} });
  const deaths: { at: number; reason: string }[] = [];
  const digests: number[] = [];
  const told: { neighbour: NodeId; body: Uint8Array }[] = [];
  let now = 0;
  const liveness: Liveness = new Liveness(context, links, egress, {
    nextSequence: sequences(),
    ownDigest: () => 0xd1,
    send: (neighbour, _type, body) => void told.push({ neighbour, body }),
    buddies: () => [],
    degree: () => 1,
    digest: (_link, digest) => void digests.push(digest),
    dead: (link, reason) => {
      deaths.push({ at: now, reason });
      liveness.close(link);
      links.remove(link);
    },
  });
  const link: Link = upLink(links, nodeNamed(2), carrierWith());
  liveness.open(link, at(0));
  /** Lets time pass, deadline by deadline; `each` sees what was sent. */
  const runTo = (until: number, each: (frame: Uint8Array, at: number) => void = () => {}): void => {
    for (let next = liveness.nextDeadline(); next !== undefined && next <= until; next = liveness.nextDeadline()) {
      if (next < now) throw new RangeError(`a deadline at ${next}, in the past of ${now}`);
      now = next;
      liveness.tick(at(now));
      for (const frame of context.transmitted()) each(frame, now);
    }
    now = until;
  };
  return { context, links, liveness, link, deaths, digests, runTo };
}

test('heartbeats go out at their interval, give or take a tenth', (t) => {
  const { liveness, link, runTo } = setup();
  const times: number[] = [];
  for (let now = 0; now < 100_000; now += 1_000) {
    liveness.alive(link, at(now));
    runTo(now + 1_000, (frame, when) => void (readHeader(frame).flags & Flag.AckWanted || times.push(when)));
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  t.true(times[0] !== undefined && times[0] <= 200);
  for (const gap of gaps) t.true(gap >= 4_500 && gap <= 5_500, `${gap}`);
});

test('a silent neighbour is asked after some two intervals, and given up soon after', (t) => {
  const { deaths, runTo } = setup();
  const probes: number[] = [];
  runTo(60_000, (frame, when) => void (readHeader(frame).flags & Flag.AckWanted && probes.push(when)));
  t.is(probes.length, 4);
  t.true((probes[0] as number) >= 10_000 && (probes[0] as number) <= 12_000);
  t.deepEqual(
    deaths.map((death) => death.reason),
    ['no answer to 4 probes'],
  );
  t.true((deaths[0]?.at as number) < 13_500);
});

test('a neighbour that is quiet for a second is left alone', (t) => {
  const { deaths, runTo } = setup();
  let probes = 0;
  runTo(1_000, (frame) => void (readHeader(frame).flags & Flag.AckWanted && probes++));
  t.is(probes, 0);
  t.deepEqual(deaths, []);
});

test('anything heard ends the asking', (t) => {
  const { liveness, link, deaths, runTo } = setup();
  runTo(11_100);
  liveness.alive(link, at(11_100));
  runTo(20_000);
  t.deepEqual(deaths, []);
});

test('when something else casts suspicion the neighbour is asked at once', (t) => {
  const { liveness, link, deaths, runTo } = setup();
  runTo(1_000);
  liveness.suspect(link, at(1_000));
  t.is(liveness.nextDeadline(), 1_000);
  runTo(4_000);
  t.is(deaths.length, 1);
});

test('the peer timeout holds whatever the heartbeat interval is', (t) => {
  const { deaths, runTo } = setup({ heartbeatMs: 60_000, peerTimeoutMs: 5_000 });
  runTo(20_000);
  t.true((deaths[0]?.at as number) <= 5_500, `${deaths[0]?.at}`);
});

test('a probe is answered at once, a heartbeat in its time', (t) => {
  const { context, liveness, link, digests } = setup();
  const beat = encode(Body.HeartbeatSchema, { digest: 0xabc });
  liveness.heard(link, headerWith({ type: FrameType.Heartbeat, sequence: 9 }), beat, at(10));
  t.deepEqual(context.transmitted(), []);
  liveness.heard(link, headerWith({ type: FrameType.Heartbeat, sequence: 10, flags: Flag.AckWanted }), beat, at(30));
  const [answer] = context.transmitted() as [Uint8Array];
  t.like(decode(Body.HeartbeatSchema, payloadOf(answer)), { digest: 0xd1, echo: 10, heldMs: 0 });
  t.is(readHeader(answer).flags & Flag.AckWanted, 0, 'or they would answer each other for ever');
  t.deepEqual(digests, [0xabc, 0xabc]);
});

test('the round trip is what passed, less what the other end held it', (t) => {
  const { liveness, link, runTo } = setup();
  let sent: { sequence: number; at: number } | undefined;
  runTo(250, (frame, when) => (sent = { sequence: readHeader(frame).sequence, at: when }));
  if (!sent) return t.fail();
  const echo = encode(Body.HeartbeatSchema, { echo: sent.sequence & 0xffff, heldMs: 900 });
  liveness.heard(link, headerWith({ type: FrameType.Heartbeat }), echo, at(sent.at + 930));
  t.is(link.rttMs, 30);
  const nonsense = encode(Body.HeartbeatSchema, { echo: sent.sequence & 0xffff, heldMs: 16_000 });
  liveness.heard(link, headerWith({ type: FrameType.Heartbeat }), nonsense, at(sent.at + 940));
  t.is(link.rttMs, 30, 'time that runs backwards measures nothing');
});

test('a heartbeat takes at most forty bytes', (t) => {
  const { runTo, liveness, link } = setup();
  const beat = encode(Body.HeartbeatSchema, { digest: 0xffffffff, echo: 0xffff, heldMs: 16_383 });
  liveness.heard(link, headerWith({ type: FrameType.Heartbeat, sequence: 0xffff }), beat, at(0));
  runTo(60_000, (frame) => t.true(frame.length <= 40, `${frame.length}`));
});

test('nonsense for a heartbeat is counted', (t) => {
  const { context, liveness, link } = setup();
  liveness.heard(link, headerWith(), Uint8Array.of(255, 255, 255), at(0));
  t.is(context.refused('heartbeat.malformed'), 1);
});

test('what is due at its deadline is done then, whatever the times are', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (start) => {
      const { liveness, link } = setup();
      liveness.alive(link, at(start));
      // The second time round it is the same deadline only if nothing was done at it.
      let last = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < 6; i++) {
        const next = liveness.nextDeadline();
        if (next === undefined) break;
        t.true(next > last || next < start, `${next} again`);
        last = Math.max(next, start);
        liveness.tick(at(last));
      }
    }),
  );
});

test('digests of equal parts are equal, and of others most likely not', (t) => {
  t.is(combineDigests(1, 2), combineDigests(1, 2));
  t.not(combineDigests(1, 2), combineDigests(2, 1));
  t.not(combineDigests(0, 0), combineDigests(0, 1));
});

test('on a slow shared air heartbeats are rarer, and a silent neighbour is gone after three of them', (t) => {
  const { links, liveness, deaths, link: fast, runTo } = setup();
  liveness.close(fast);
  links.remove(fast);
  const carrier = carrierWith({ bitsPerSecond: 1_200, mtuBytes: 256, broadcast: true }, 1);
  const link = upLink(links, nodeNamed(3), carrier);
  liveness.open(link, at(0));
  const times: number[] = [];
  runTo(200_000, (frame, when) => {
    liveness.alive(link, at(when));
    if (!(readHeader(frame).flags & Flag.AckWanted)) times.push(when);
  });
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  // Two nodes, 44 bytes each, 2 % of 1,200 bit/s.
  for (const gap of gaps) t.true(gap >= 0.9 * 29_300 && gap <= 1.1 * 29_400, `${gap}`);
  t.deepEqual(deaths, []);
  const silentSince = link.lastHeard.mono;
  runTo(600_000);
  const took = (deaths[0]?.at as number) - silentSince;
  t.true(took > 60_000 && took <= 3 * 29_400, `${took}`);
});

test('a line of two, however slow, keeps to the peer timeout', (t) => {
  const { links, liveness, deaths, link: fast, runTo } = setup();
  liveness.close(fast);
  links.remove(fast);
  const link = upLink(links, nodeNamed(3), carrierWith({ bitsPerSecond: 300, broadcast: false, connected: true }, 1));
  liveness.open(link, at(0));
  runTo(120_000);
  t.true((deaths[0]?.at as number) > 10_000 && (deaths[0]?.at as number) <= 30_000, `${deaths[0]?.at}`);
});
