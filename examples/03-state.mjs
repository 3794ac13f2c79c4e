// State: each node tells the mesh how it is doing; a pipeline adds what it knows, such as its frame rate.
import assert from 'node:assert/strict';
import { startMesh, until, withAgents } from './lib.mjs';

await withAgents(async (start) => {
  const [gate, yard] = await startMesh(start, ['gate', 'yard']);
  const forget = yard.on('state', ({ nodeId, state }) => {
    if (nodeId === gate.nodeId) console.log(`yard hears of gate: version ${state.version}, ${state.fps ?? '–'} fps`);
  });

  gate.patchState({ fps: 24.5, custom: { model: 'osnet-x0.25', night: true } });
  const seen = await until(() => {
    const state = yard.state().nodes[gate.nodeId];
    return state?.fps === 24.5 && state;
  }, 'the frame rate arrived');
  assert.deepEqual(seen.custom, { model: 'osnet-x0.25', night: true });

  // `null` takes a field away again, everywhere.
  gate.patchState({ fps: null });
  const after = await until(() => {
    const state = yard.state().nodes[gate.nodeId];
    return state && state.fps === undefined && state;
  }, 'the removal arrived');
  forget();
  assert.ok(after.version > seen.version, 'every change has a higher version');
  console.log(`OK: yard followed gate's state from version ${seen.version} to ${after.version}`);
});
