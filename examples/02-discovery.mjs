// Discovery: agents with the same mesh name and discovery port find each other; nobody is told an address.
import assert from 'node:assert/strict';
import { freeUdpPort, until, withAgents } from './lib.mjs';

await withAgents(async (start) => {
  const radios = [`udp:${await freeUdpPort()}@lo`];
  const gate = await start({ name: 'gate', radios });
  const began = Date.now();
  const stopListening = gate.on('peer', ({ name, nodeId, change }) => {
    console.log(`gate: ${name || 'a node'} (${nodeId}) ${change} after ${Date.now() - began} ms`);
  });

  const yard = await start({ name: 'yard', radios });
  const roof = await start({ name: 'roof', radios });
  const all = [gate, yard, roof];
  await until(() => all.every((agent) => agent.status().peers.alive === 2), 'each sees the two others');

  const named = () => gate.peers().every(({ name }) => name !== '');
  await until(named, 'the names arrived');
  for (const { name, hops, links } of gate.peers()) {
    console.log(
      `gate sees ${name}: ${hops} hop, ${links.map(({ radio, address }) => `${radio} ${address}`).join(', ')}`,
    );
  }
  assert.deepEqual(
    gate
      .peers()
      .map(({ name }) => name)
      .sort(),
    ['roof', 'yard'],
  );

  // One that stops says goodbye, so nobody waits for a timeout.
  await roof.stop();
  await until(() => gate.status().peers.alive === 1, 'the goodbye arrived');
  stopListening();
  console.log('OK: three agents found each other, and a goodbye was noticed');
});
