// Search: any node answers "have we seen this?", whoever saw it.
import assert from 'node:assert/strict';
import { look, newHash, startMesh, withAgents } from './lib.mjs';

const PEOPLE = 40;

await withAgents(async (start) => {
  const agents = await startMesh(start, ['gate', 'yard', 'roof']);
  const roof = agents[2];
  const people = Array.from({ length: PEOPLE }, () => look());

  // Each camera sees its share of the people.
  const pushed = people.map((person, i) => ({
    hash: newHash(),
    type: 'person',
    embedding: look(person),
    metadata: { person: i },
  }));
  for (const [i, agent] of agents.entries()) {
    await agent.detections.push(pushed.filter((_, index) => index % agents.length === i));
  }

  // Somebody the gate saw (0, 3, 6 …) now stands before the roof's camera.
  const probe = look(people[3]);
  const answer = await roof.search({ embedding: probe, k: 3, type: 'person', scope: 'mesh', timeoutMs: 5_000 });
  console.log(`${answer.answered} of ${answer.asked} nodes answered in ${answer.tookMs.toFixed(0)} ms`);
  for (const { hash, node, score, scoredFrom, metadata } of answer.results) {
    console.log(
      `  ${score.toFixed(3)} (${scoredFrom})  person ${metadata.person}  ${hash.slice(0, 8)}… seen by ${node}`,
    );
  }
  const [best, second] = answer.results;
  assert.equal(answer.answered, 3);
  assert.equal(best.hash, pushed[3].hash);
  assert.equal(best.node, agents[0].nodeId);
  assert.ok(best.score > 0.6 && best.score > second.score + 0.2, 'the right one stands out');

  // A stranger is near nobody.
  const stranger = await roof.search({ embedding: look(), k: 1, scope: 'mesh', timeoutMs: 5_000 });
  assert.ok(stranger.results[0].score < 0.4);
  console.log(
    `OK: found at ${best.score.toFixed(2)}; a stranger comes to ${stranger.results[0].score.toFixed(2)} at best`,
  );
});
