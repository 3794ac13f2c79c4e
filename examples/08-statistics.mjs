// Statistics: what an agent counts, to see how a mesh is doing.
import assert from 'node:assert/strict';
import { look, newHash, startMesh, until, withAgents } from './lib.mjs';

const MESSAGES = 50;

await withAgents(async (start) => {
  const [gate, yard] = await startMesh(start, ['gate', 'yard', 'roof']);

  // Something to count.
  let received = 0;
  yard.on('message', () => received++);
  for (let i = 0; i < MESSAGES; i++) await gate.sendAndWait({ to: yard.nodeId, type: 'tick', payload: i });
  await gate.send({ to: '*', type: 'hello', payload: 'everybody' });
  await gate.detections.push([{ hash: newHash(), type: 'person', embedding: look() }]);
  await gate.search({ embedding: look(), scope: 'mesh' });
  await until(() => received === MESSAGES + 1, 'all messages arrived');

  const { delivery, flood, engine, messages, search, process: own } = gate.statistics();
  console.log(
    `delivery  ${delivery.delivered} delivered, ${delivery.retries} retries, ${delivery.meanLatencyMs.toFixed(1)} ms on average`,
  );
  console.log(`flood     ${flood.originated} originated, ${flood.relayed} relayed, ${flood.duplicates} duplicates`);
  console.log(`engine    ${engine.steps} steps, 99 % under ${engine.p99Ms.toFixed(2)} ms`);
  console.log(`search    ${search.local} local, ${search.mesh} across the mesh`);
  console.log(
    `process   ${(own.rssBytes / 1e6).toFixed(0)} MB, ${own.cpuMs.toFixed(0)} ms of CPU (three agents share it here)`,
  );
  console.log(
    `messages  ${Object.entries(messages)
      .map(([type, { sent }]) => `${type} ${sent}`)
      .join(', ')}`,
  );
  assert.ok(delivery.delivered >= MESSAGES);
  assert.ok(search.mesh >= 1 && flood.originated >= 1 && engine.steps > 0);

  // The same for a monitoring system, as GET /metrics serves it.
  const metrics = await gate.metrics();
  const lines = metrics.split('\n').filter((line) => line && !line.startsWith('#'));
  assert.ok(lines.length > 10);
  console.log(`OK: ${MESSAGES} messages are accounted for; Prometheus gets ${lines.length} series`);
});
