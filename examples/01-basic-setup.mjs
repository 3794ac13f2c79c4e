// Basic setup: one agent in your own program, with its HTTP interface, from start to stop.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgent } from 'edge-agent';

const dataDir = mkdtempSync(join(tmpdir(), 'edge-agent-example-'));

const agent = await createAgent({
  name: 'camera-gate', //             the name people see
  mesh: `example-${process.pid}`, //  only agents of the same mesh hear each other
  radios: ['udp@lo'], //              on a device: ['udp'], which takes every interface but lo
  dataDir, //                         identity, records and detections live here
  http: { listen: '127.0.0.1:0' }, // port 0 takes a free one; the default is 7070
  logLevel: 'error',
  udp: { dnsSd: false }, //           do not show it on the network of this machine
});
await agent.start();

try {
  // The library and HTTP say the same.
  const { nodeId, http, radios, hotPath } = agent.status();
  const response = await fetch(new URL('/api/v1/status', http.url));
  const overHttp = await response.json();
  assert.equal(overHttp.nodeId, nodeId);
  assert.equal(radios[0].condition, 'up');

  console.log(`node      ${nodeId}`);
  console.log(`dashboard ${http.url}`);
  console.log(`radio     ${radios[0].name} is ${radios[0].condition}, ${radios[0].addresses.join(' ')}`);
  console.log(`hot path  ${hotPath.kind} (${hotPath.isa})`);
  console.log('OK: the agent ran, and HTTP tells the same as the library');
} finally {
  await agent.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
