// Routing: a message crosses a node in the middle. gate and roof cannot hear each other; yard hears both.
import assert from 'node:assert/strict';
import { freeUdpPort, until, withAgents } from './lib.mjs';

await withAgents(async (start) => {
  // Two discovery ports stand for two radios out of each other's reach.
  const [west, east] = [`udp:${await freeUdpPort()}@lo`, `udp:${await freeUdpPort()}@lo`];
  const gate = await start({ name: 'gate', radios: [west] });
  const yard = await start({ name: 'yard', radios: [west, east] });
  const roof = await start({ name: 'roof', radios: [east] });

  const distant = await until(
    () => gate.peers().find(({ nodeId, alive, hops }) => nodeId === roof.nodeId && alive && hops > 0),
    'gate has a path to roof',
  );
  console.log(`gate reaches roof in ${distant.hops} hops`);
  assert.equal(distant.hops, 2);

  // A question from end to end: what the handler returns is the answer.
  roof.handle('door', ({ payload, hops }) => ({ opened: payload.open, hops }));
  const answer = await gate.query({ to: roof.nodeId, type: 'door', payload: { open: true } });
  console.log(`roof answered ${JSON.stringify(answer.payload)} in ${answer.tookMs.toFixed(1)} ms`);
  assert.equal(answer.payload.opened, true);

  const route = await until(
    () => gate.routes().find(({ destination }) => destination === roof.nodeId),
    'the route is in the table',
  );
  console.log(`route to roof: next hop ${route.nextHop}, cost ${route.cost}, over ${route.radio}`);
  assert.equal(route.nextHop, yard.nodeId);

  // A person may pin a route, and let it go again.
  gate.setRoute(roof.nodeId, yard.nodeId);
  assert.equal(gate.routes().find(({ destination }) => destination === roof.nodeId).pinned, true);
  gate.setRoute(roof.nodeId, null);

  const story = await gate.sendAndWait({ to: roof.nodeId, type: 'note', payload: 'all quiet', timeoutMs: 10_000 });
  console.log(`message ${story.messageId}: ${story.events.map(({ what }) => what).join(' → ')}`);
  assert.equal(story.condition, 'delivered');
  console.log('OK: question, answer and message crossed the node in the middle');
});
