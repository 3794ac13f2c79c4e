// Alerts: raised at one node, heard at every node; critical ones overtake everything else.
import assert from 'node:assert/strict';
import { startMesh, until, withAgents } from './lib.mjs';

await withAgents(async (start) => {
  const [gate, ...others] = await startMesh(start, ['gate', 'yard', 'roof']);
  let heard = 0;
  for (const agent of others) {
    agent.on('alert', ({ priority, type, payload, raisedAt, receivedAt }) => {
      heard++;
      const name = agent.status().name;
      console.log(`${name}: ${priority} ${type} ${JSON.stringify(payload)} after ${receivedAt - raisedAt} ms`);
    });
  }

  const raised = await gate.alerts.send({ priority: 'critical', type: 'intrusion', payload: { zone: 'north fence' } });
  await gate.alerts.send({ priority: 'low', type: 'lens-dirty', payload: { camera: 2 } });
  await until(() => heard === 4, 'both alerts at both other nodes');

  // They can be read later, too, and it is the same alert everywhere.
  for (const agent of [gate, ...others]) {
    const { alerts } = agent.alerts.list();
    const found = alerts.find(({ alertId }) => alertId === raised.alertId);
    assert.equal(found.node, gate.nodeId);
    assert.deepEqual(found.payload, { zone: 'north fence' });
  }
  console.log('OK: two alerts reached every node');
});
