// Registry: a detection pushed at one node is known at every node, and erased at every node.
import assert from 'node:assert/strict';
import { look, newHash, startMesh, until, withAgents } from './lib.mjs';

await withAgents(async (start) => {
  const [gate, yard, roof] = await startMesh(start, ['gate', 'yard', 'roof']);
  const items = ['person', 'person', 'vehicle'].map((type) => ({
    hash: newHash(),
    type,
    embedding: look(),
    metadata: { camera: 'north' },
    purpose: 'access-control', // why it is kept …
    expiresAt: Date.now() + 3_600_000, // … and until when
  }));

  const result = await gate.detections.push([...items, { hash: 'not hex', type: 'person' }]);
  console.log(`pushed: ${result.accepted} accepted, ${result.rejected.length} rejected (${result.rejected[0].code})`);
  assert.equal(result.accepted, 3);
  const again = await gate.detections.push(items);
  assert.equal(again.duplicates, 3, 'the same content again is a duplicate');

  await until(() => roof.detections.list().detections.length === 3, 'roof holds all three');
  const people = roof.detections.list({ type: 'person' }).detections;
  for (const { hash, type, node, vector } of people) {
    console.log(`roof holds ${type} ${hash.slice(0, 8)}… by ${node}, vector: ${vector}`);
  }
  assert.equal(people.length, 2);

  // Anybody may erase; it reaches all copies, the author's too.
  await until(() => yard.detections.list().detections.length === 3, 'yard holds all three');
  await yard.detections.erase(items[0].hash);
  const isErased = (agent) => {
    try {
      agent.detections.get(items[0].hash);
      return false;
    } catch ({ code }) {
      return code === 'detection.erased';
    }
  };
  await until(() => isErased(gate) && isErased(roof), 'the erase reached all');
  const refused = await gate.detections.push([items[0]]);
  console.log(`pushed again: ${refused.accepted} accepted (${refused.rejected[0]?.code})`);
  assert.equal(refused.rejected[0].code, 'detection.erased', 'what was erased stays erased');
  console.log('OK: 3 detections reached every node, and one was erased everywhere');
});
