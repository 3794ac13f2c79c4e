import test from 'ava';
import { type AgentProcess, allAlive, startMesh } from '../testing/agents.js';
import { type Encoding, embeddingOf, exactSearch, type Face, facesOf, hashesAt, pushFaces } from '../testing/faces.js';
import { until } from '../testing/serving.js';

const PER_NODE = 200;
const ENCODINGS: readonly Encoding[] = ['application/json', 'application/x-ndjson', 'application/cbor'];

/** Pushes small batches one after another until told to stop or the agent is gone; collects what was acknowledged. */
function pushOn(agent: AgentProcess, first: number) {
  const acknowledged: Face[] = [];
  let going = true;
  const done = (async () => {
    for (let at = first; going; at += 10) {
      const faces = facesOf(at, 10);
      try {
        const answer = await pushFaces(agent, faces, 'application/cbor');
        if (answer.status === 202 && answer.json.accepted === faces.length) acknowledged.push(...faces);
      } catch {
        return;
      }
    }
  })();
  const stop = async (): Promise<readonly Face[]> => {
    going = false;
    await done;
    return acknowledged;
  };
  return { acknowledged, done, stop };
}

async function allHold(agents: readonly AgentProcess[], faces: readonly Face[], ms: number): Promise<void> {
  const expected = faces.map(({ hash }) => hash).sort();
  for (const agent of agents) {
    await until(`${agent.setup.name} holds ${expected.length} detections`, ms, async () => {
      const held = new Set(await hashesAt(agent));
      return expected.every((hash) => held.has(hash));
    });
  }
}

test('detections reach every node, a search finds what an exact one finds, and nothing acknowledged is lost by kill -9', async (t) => {
  t.timeout(120_000);
  const agents = await startMesh(t, ['a', 'b', 'c']);
  const [a, b] = agents as [AgentProcess, AgentProcess, AgentProcess];
  let c = agents[2] as AgentProcess;

  const faces = facesOf(0, 3 * PER_NODE);
  for (const [i, agent] of agents.entries()) {
    const answer = await pushFaces(agent, faces.slice(i * PER_NODE, (i + 1) * PER_NODE), ENCODINGS[i]);
    t.is(answer.status, 202, answer.text);
    t.deepEqual(answer.json, { accepted: PER_NODE, duplicates: 0, rejected: [] });
  }
  for (const agent of agents) {
    await until(`${agent.setup.name} holds 600`, 10_000, async () => {
      return (await agent.json('status')).detections.count === faces.length;
    });
    t.deepEqual(await hashesAt(agent), faces.map(({ hash }) => hash).sort());
  }

  for (const [i, agent] of agents.entries()) {
    const query = embeddingOf(10_000 + i);
    const body = { embedding: [...query], k: 10, scope: 'mesh' };
    const answer = await agent.json('search', { body });
    t.like(answer, { asked: 3, answered: 3 });
    const expected = exactSearch(faces, query, 10);
    t.deepEqual(
      answer.results.map(({ hash }: Face) => hash),
      expected.map(({ hash }) => hash),
    );
    for (const [place, { score, scoredFrom }] of answer.results.entries()) {
      t.is(scoredFrom, 'exact');
      t.true(Math.abs(score - (expected[place]?.score ?? 0)) < 1e-5, `${score} at place ${place}`);
    }
  }

  // One node dies in the middle of a push, the others go on.
  const dying = pushOn(c, 1_000);
  const going = pushOn(a, 100_000);
  await until('c acknowledged some', 10_000, () => dying.acknowledged.length >= 60);
  await c.kill();
  const left = await dying.stop();
  for (const agent of [a, b]) {
    await until(`${agent.setup.name} shows c offline`, 8_000, async () => {
      const { peers } = await agent.json('peers');
      return peers.some((peer: { nodeId: string; alive: boolean }) => peer.nodeId === c.nodeId && !peer.alive);
    });
  }
  const without = await b.json('search', { body: { embedding: [...embeddingOf(7)], scope: 'mesh' } });
  t.like(without, { asked: 2, answered: 2 });
  const added = await going.stop();
  t.true(added.length >= 100, `${added.length} pushed while c was away`);

  const [erased, alsoErased] = [faces[3] as Face, left[0] as Face];
  t.like(await a.json(`detections/${erased.hash}`, { method: 'DELETE' }), { erased: 1 });
  await allHold([b], added, 10_000);
  await until('b knows of the erasure', 5_000, async () => (await b.call(`detections/${erased.hash}`)).status === 410);
  const again = await pushFaces(b, [erased]);
  t.is(again.json.rejected[0].code, 'detection.erased', again.text);

  // It comes back, catches up, and has what it had promised.
  c = await c.restart(t);
  await allAlive([a, b, c]);
  const all = [...faces, ...left, ...added].filter((face) => face !== erased);
  await allHold([a, b, c], all, 20_000);
  t.like(await c.json(`detections/${alsoErased.hash}`, { method: 'DELETE' }), { erased: 1 });
  const lasting = all.filter((face) => face !== alsoErased);
  for (const agent of [a, b, c]) {
    for (const { hash } of [erased, alsoErased]) {
      await until(`${hash} is erased at ${agent.setup.name}`, 5_000, async () => {
        return (await agent.call(`detections/${hash}`)).status === 410;
      });
    }
  }

  // All of them start anew.
  for (const agent of [a, b, c]) t.is(await agent.stop(), 0, agent.log);
  const restarted = await Promise.all([a, b, c].map((agent) => agent.restart(t)));
  await allAlive(restarted);
  await allHold(restarted, lasting, 10_000);
  for (const agent of restarted) {
    t.deepEqual(
      (await hashesAt(agent)).filter((hash) => hash === erased.hash || hash === alsoErased.hash),
      [],
    );
    t.is((await agent.call(`detections/${erased.hash}`)).status, 410);
    t.is((await pushFaces(agent, [erased, alsoErased])).json.rejected.length, 2);
  }
});

test('by default a node that died is shown offline within 30 seconds', async (t) => {
  t.timeout(60_000);
  const [a, b] = (await startMesh(t, ['a', 'b'], '')) as [AgentProcess, AgentProcess];
  await b.kill();
  const died = performance.now();
  await until('a shows b offline', 30_000, async () => (await a.alivePeers()).length === 0);
  const took = performance.now() - died;
  t.true(took <= 30_000, `${took} ms`);
  t.log(`shown offline after ${(took / 1_000).toFixed(1)} s`);
});
