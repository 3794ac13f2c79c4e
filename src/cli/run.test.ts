import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { edgeAgent, type Finished, type Started, startEdgeAgent } from '../testing/command-line.js';
import { untilServing } from '../testing/serving.js';

/** An agent that nothing outside this machine hears, with a data directory and an HTTP port of its own. */
const args = (data: string): string[] => {
  const here = ['--radio', 'udp:19871@lo', '--mesh', `run-test-${process.pid}`];
  return [...here, '--http', '127.0.0.1:0', '--data', data, '--name', 'runner'];
};

/** Waits until the agent has left its address; one that ends before says why. */
async function serving(agent: Started, data: string): Promise<void> {
  let ended: Finished | undefined;
  void agent.finished.then((finished) => {
    ended = finished;
  });
  await untilServing('the agent', data, agent.pid, () => ended && `${ended.code}, ${ended.stderr}`);
}

test('run serves until a signal, and ends with 0 having taken its address back', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'edge-run-'));
  const agent = startEdgeAgent(args(data));
  await serving(agent, data);
  const status = await edgeAgent(['status', '--json', '--data', data]);
  t.is(status.code, 0, status.stderr);
  t.is(JSON.parse(status.stdout).name, 'runner');
  t.is(JSON.parse(readFileSync(join(data, 'runtime.json'), 'utf8')).pid, agent.pid);
  agent.kill('SIGTERM');
  const { code, stderr } = await agent.finished;
  t.is(code, 0, stderr);
  t.false(existsSync(join(data, 'runtime.json')));
});

test('a second agent in the same data directory is refused and names the first', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'edge-run-'));
  const first = startEdgeAgent(args(data));
  await serving(first, data);
  const second = await edgeAgent(args(data));
  t.is(second.code, 1);
  t.regex(second.stderr, new RegExp(`^error: .*${first.pid}.*\\nfix: `, 'm'));
  first.kill('SIGINT');
  t.is((await first.finished).code, 0);
});
