import test from 'ava';
import { line } from '../topologies.js';
import { World } from '../world.js';
import { watchAll } from './all.js';

const LAST = 4;

/** A line that has been quiet for so long that every view is compared each second. */
async function quietLine(kind: 'ble' | 'udp') {
  const world = new World({ seed: 1, nodes: 5, carriers: [{ kind, pairs: line(5) }] });
  const { findings } = watchAll(world);
  world.start();
  await world.run(60_000);
  return { world, findings };
}

for (const kind of ['ble', 'udp'] as const)
  test(`over ${kind} a node that says goodbye is gone from then on, and has no say itself`, async (t) => {
    const { world, findings } = await quietLine(kind);
    world.stop(LAST);
    t.false(world.ground.isUp(LAST));
    t.true(world.node(LAST).running, 'it has a moment for it');
    await world.finish(60_000);
    t.deepEqual(findings.list, []);
    t.false(world.node(LAST).running);
  });

test('who is asked for a verdict while a node takes its leave judges the others only', async (t) => {
  const { world, findings } = await quietLine('udp');
  world.put(0, 'kept');
  await world.run(10_000);
  world.stop(LAST);
  await world.finish(400);
  t.deepEqual(findings.list, []);
});

test('a node that is out of reach unbeknown to the ground is found, and so is one held alive that is gone', async (t) => {
  const silent = await quietLine('udp');
  silent.world.carriers[0]?.cut(LAST - 1, LAST);
  await silent.world.run(40_000);
  t.true(silent.findings.list.some((finding) => finding.endsWith(`node 0 holds ${LAST} offline`)));
  const gone = await quietLine('udp');
  gone.world.crash(LAST);
  await gone.world.finish(0);
  t.true(gone.findings.list.some((finding) => finding.endsWith(`node 0 holds ${LAST} alive`)));
});
