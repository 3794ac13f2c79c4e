import test from 'ava';
import fc from 'fast-check';
import { type NodeId, nodeIdBytes } from '../core/ids.js';
import { at, carrierWith, headerWith, nodeNamed, sequences, testContext, upLink } from '../testing/builders.js';
import { Body, decode, encode } from '../wire/bodies.js';
import { payloadOf } from '../wire/frame.js';
import { FrameType } from '../wire/frame-types.js';
import { Flag, readHeader } from '../wire/header.js';
import { Egress } from './egress.js';
import { type Link, Links } from './links.js';
import { combineDigests, Liveness } from './liveness.js';
import { Topology } from './topology.js';
import type { MeshTiming } from './types.js';

function setup(timing: Partial<MeshTiming> = {}) {
  const context = testContext({ timing: { heartbeatMs: 5_000, peerTimeoutMs: 30_000, forgetAfterMs: 1e9, ...timing } });
  const links = new Links();
  const egress = new Egress(context, {
    nextSequence: sequences(),
    undelivered: () => {},
    divert: () => false,
    suspect: () => {},
  });
  const deaths: { at: number; reason: string }[] = [];
  const digests: number[] = [];
  const told: { neighbour: NodeId; body: Uint8Array }[] = [];
  let now = 0;
  let sequence = 0;
  const liveness: Liveness = new Liveness(context, links, egress, {
    nextSequence: () => ++sequence,
    segment: () => undefined,
    segmentOf: () => undefined,
    ownDigest: () => 0xd1,
    send: (neighbour, _type, body) => void told.push({ neighbour, body }),
    topology: new Topology(),
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
  return {
    context,
    links,
    liveness,
    link,
    deaths,
    digests,
    told,
    runTo,
    skipTo: (last: number) => {
      sequence = last;
    },
  };
}

const isQuestion = (frame: Uint8Array): boolean => (readHeader(frame).flags & Flag.AckWanted) !== 0;
const digestOf = (frame: Uint8Array): number => decode(Body.HeartbeatSchema, payloadOf(frame))?.digest ?? 0;

test('on a fast shared carrier one heartbeat goes to everybody every second, or a little later', (t) => {
  const { context, liveness, link, links } = setup();
  liveness.open(upLink(links, nodeNamed(3), link.carrier), at(0));
  const times: number[] = [];
  const digests: number[] = [];
  for (let now = 0; now < 60_000; now = liveness.nextDeadline() as number) {
    for (const each of links.all()) liveness.alive(each, at(now));
    liveness.tick(at(now));
    for (const effect of context.effects.splice(0)) {
      if (effect.kind !== 'transmit' || effect.to !== undefined) continue;
      times.push(now);
      t.false(isQuestion(effect.frame));
      if (digestOf(effect.frame) !== 0) digests.push(now);
    }
  }
  for (const [i, time] of times.slice(1).entries()) {
    const gap = time - (times[i] as number);
    t.true(gap >= 1_000 && gap <= 1_151, `${gap}`);
  }
  t.true(digests.length >= 9 && digests.length <= 15, `${digests.length} of them with a digest: about every 5 s`);
});

test('a new link has an exchange at once, and one now and then although its neighbour is heard', (t) => {
  const { liveness, link, runTo } = setup();
  const questions: number[] = [];
  const answer = (frame: Uint8Array, when: number): void => {
    if (!isQuestion(frame)) return;
    questions.push(when);
    const echo = encode(Body.HeartbeatSchema, { echo: readHeader(frame).sequence & 0xffff });
    liveness.heard(link, headerWith({ type: FrameType.Heartbeat }), echo, at(when + 5));
  };
  for (let now = 0; now < 100_000; now += 500) {
    liveness.heard(link, headerWith({ type: FrameType.Heartbeat }), new Uint8Array(0), at(now));
    runTo(now + 500, answer);
  }
  t.true((questions[0] as number) <= 200);
  t.is(link.rttMs, 5);
  const gaps = questions.slice(1).map((time, i) => time - (questions[i] as number));
  for (const gap of gaps) t.true(gap >= 27_000 && gap <= 33_100, `${gap}`);
  t.is(gaps.length, 3);
});

test('what a neighbour says to everybody does not show that it hears this node', (t) => {
  const { liveness, link, deaths, runTo } = setup();
  runTo(300);
  liveness.alive(link, at(300));
  for (let now = 500; now < 20_000; now += 500) {
    liveness.heard(link, headerWith({ type: FrameType.Heartbeat }), new Uint8Array(0), at(now));
    if (now === 5_000) liveness.suspect(link, at(now));
    runTo(now + 500);
  }
  t.is(deaths.length, 1);
  t.regex(deaths[0]?.reason as string, /^no answer to \d+ questions, but it is heard over test0$/);
  t.true((deaths[0]?.at as number) > 9_000, 'a link that may only be lossy is given more time than a node');
});

test('a silent neighbour is asked after a second, and given up after more than twenty questions', (t) => {
  const { context, liveness, link, deaths, runTo } = setup();
  runTo(300);
  liveness.alive(link, at(1_000));
  const questions: number[] = [];
  runTo(20_000, (frame, when) => void (isQuestion(frame) && questions.push(when)));
  t.true((questions[0] as number) >= 2_200 && (questions[0] as number) <= 2_600, `${questions[0]}`);
  t.is(deaths.length, 1);
  t.is(deaths[0]?.reason, `no answer to ${questions.length} questions`);
  t.true(questions.length >= 20, `${questions.length}`);
  t.true((deaths[0]?.at as number) <= 4_300, `${deaths[0]?.at}`);
  t.like(context.counters.liveness, { suspected: 1, nodesDead: 1, linksDead: 0, refuted: 0 });
});

test('anything heard ends the asking and the suspicion', (t) => {
  const { context, liveness, link, deaths, runTo } = setup();
  runTo(1_600);
  t.true(link.suspect);
  liveness.alive(link, at(1_600));
  t.false(link.suspect);
  runTo(2_600);
  t.deepEqual(deaths, []);
  t.is(context.counters.liveness.refuted, 1);
});

test('when something else casts suspicion the neighbour is asked at once', (t) => {
  const { context, liveness, link, deaths, runTo } = setup();
  liveness.alive(link, at(300));
  runTo(400);
  liveness.alive(link, at(1_000));
  liveness.suspect(link, at(1_000));
  t.true(context.transmitted().some(isQuestion));
  runTo(4_000);
  t.is(deaths.length, 1);
});

test('the peer timeout holds whatever the heartbeat interval is', (t) => {
  const { deaths, runTo } = setup({ heartbeatMs: 60_000, peerTimeoutMs: 5_000 });
  runTo(20_000);
  t.true((deaths[0]?.at as number) <= 5_500, `${deaths[0]?.at}`);
});

test('a node that stood still suspects itself: it asks again before it calls anybody dead', (t) => {
  const { context, liveness, links, link, deaths, runTo } = setup();
  runTo(1_000);
  liveness.alive(link, at(1_000));
  runTo(2_700);
  // Its timers come five seconds late, and before what its sockets hold.
  liveness.tick(at(7_700));
  t.deepEqual(deaths, []);
  t.is(context.counters.liveness.stalls, 1);
  t.true(liveness.unwell > 0);
  liveness.alive(link, at(7_701));
  t.is(links.size, 1);
});

test('a neighbour’s word about another makes this node ask that one, and costs it nothing', (t) => {
  const { context, liveness, links, link, told, runTo } = setup();
  const other = upLink(links, nodeNamed(3), link.carrier);
  liveness.open(other, at(0));
  runTo(300);
  for (const each of [link, other]) liveness.alive(each, at(300));
  context.transmitted();
  liveness.told(other, encode(Body.SuspicionSchema, { node: nodeIdBytes(link.peer as NodeId) }), at(700));
  t.true(context.transmitted().some(isQuestion), 'it looks for itself');
  liveness.alive(link, at(720));
  t.deepEqual(
    told.map(({ neighbour, body }) => [neighbour, decode(Body.SuspicionSchema, body)?.heard]),
    [[other.peer, true]],
    'and tells who asked',
  );
  liveness.told(other, encode(Body.SuspicionSchema, { node: nodeIdBytes(link.peer as NodeId) }), at(730));
  t.deepEqual(context.transmitted(), [], 'who was heard just now is not asked');
  t.is(told.length, 2);
  liveness.told(other, encode(Body.SuspicionSchema, { node: new Uint8Array(3) }), at(740));
  t.is(context.refused('suspicion.malformed'), 1);
  liveness.told(other, encode(Body.SuspicionSchema, { node: nodeIdBytes(nodeNamed(99)) }), at(740));
  t.is(context.refused('suspicion.stranger'), 1);
  for (let i = 0; i < 500; i++)
    liveness.told(other, encode(Body.SuspicionSchema, { node: nodeIdBytes(nodeNamed(99)) }), at(741));
  t.true(context.refused('suspicion.too-many') > 250);
});

test('a node with two radios that is silent over one is asked over the other, and only the link is given up', (t) => {
  const { context, liveness, links, link, deaths } = setup();
  const second = upLink(
    links,
    link.peer as NodeId,
    carrierWith({ bitsPerSecond: 200_000, broadcast: false, connected: true, reliable: true }, 1),
  );
  liveness.open(second, at(0));
  const echoes = (frame: Uint8Array, when: number, to: string | undefined): void => {
    if (to === second.address && isQuestion(frame)) liveness.alive(second, at(when + 30));
  };
  let now = 0;
  while (now < 12_000 && deaths.length === 0) {
    now = liveness.nextDeadline() as number;
    liveness.tick(at(now));
    for (const effect of context.effects.splice(0))
      if (effect.kind === 'transmit') echoes(effect.frame, now, effect.to);
  }
  t.regex(deaths[0]?.reason as string, /^no answer to \d+ questions, but it is heard over test1$/);
  t.deepEqual([...links.all()], [second]);
  t.like(context.counters.liveness, { linksDead: 1, nodesDead: 0 });
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

test('a heartbeat that echoes nothing is no answer to the one whose sequence ends in zeros', (t) => {
  const { liveness, link, runTo, skipTo } = setup();
  skipTo(0xffff);
  runTo(250);
  const heartbeat = headerWith({ type: FrameType.Heartbeat, flags: Flag.AckWanted });
  liveness.heard(link, heartbeat, new Uint8Array(0), at(9_000));
  t.is(link.rttMs, undefined);
});

test('a heartbeat takes at most forty bytes', (t) => {
  const { runTo, liveness, link } = setup();
  const beat = encode(Body.HeartbeatSchema, { digest: 0xffffffff, echo: 0xffff, heldMs: 16_383 });
  liveness.heard(link, headerWith({ type: FrameType.Heartbeat, sequence: 0xffff }), beat, at(0));
  runTo(60_000, (frame) => t.true(frame.length <= 40, `${frame.length}`));
});

test('on a line heartbeats say only what is new: the digest when it changed, an echo once a minute', (t) => {
  const { links, liveness, link: fast, runTo, digests } = setup();
  liveness.close(fast);
  links.remove(fast);
  const link = upLink(
    links,
    nodeNamed(3),
    carrierWith({ bitsPerSecond: 100_000, broadcast: false, connected: true }, 1),
  );
  liveness.open(link, at(0));
  const said = { digests: 0, echoes: 0, all: 0 };
  runTo(300_000, (frame, when) => {
    const { digest, echo } = decode(Body.HeartbeatSchema, payloadOf(frame)) as Body.Heartbeat;
    said.all++;
    if (digest !== 0) said.digests++;
    if (echo !== 0) said.echoes++;
    // The neighbour's own come as often, and ask for nothing.
    liveness.heard(link, headerWith({ type: FrameType.Heartbeat, sequence: 7 }), new Uint8Array(0), at(when));
  });
  t.true(said.all >= 55, `${said.all}`);
  t.true(said.digests >= said.all / 4 && said.digests <= said.all / 2, `${said.digests} of ${said.all}`);
  t.true(said.echoes >= 4 && said.echoes <= 7, `${said.echoes}`);
  t.deepEqual(digests, []);
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

test('a line of two, however slow, keeps to the peer timeout', (t) => {
  const { links, liveness, deaths, link: fast, runTo } = setup();
  liveness.close(fast);
  links.remove(fast);
  const link = upLink(links, nodeNamed(3), carrierWith({ bitsPerSecond: 300, broadcast: false, connected: true }, 1));
  liveness.open(link, at(0));
  runTo(120_000);
  t.true((deaths[0]?.at as number) > 10_000 && (deaths[0]?.at as number) <= 30_000, `${deaths[0]?.at}`);
});

test('a link that stood by and is passed on to has its exchanges as often as others from then on', (t) => {
  const asked = (becomesActive: boolean): number => {
    const { liveness, link, links, runTo } = setup();
    const answers = (until: number): number => {
      let first = Number.POSITIVE_INFINITY;
      runTo(until, (frame, now) => {
        liveness.alive(link, at(now));
        if (isQuestion(frame)) first = Math.min(first, now);
      });
      return first;
    };
    links.setStandby(nodeNamed(2), true);
    answers(60_000);
    links.setStandby(nodeNamed(2), false);
    if (becomesActive) liveness.active(nodeNamed(2), at(60_000));
    return answers(600_000) - 60_000;
  };
  t.true(asked(true) <= 33_000, `${asked(true)} ms`);
  t.true(asked(false) > 100_000, 'as it would be otherwise');
});
