import test from 'ava';
import { MANUAL_ADDRESSES_MAX } from '../mesh/manual-addresses.js';
import { AgentProcess, ownMesh } from '../testing/agents.js';

const json = { 'content-type': 'application/json' };
/** Where nobody answers: ports below those the system gives to anybody. */
const silent = (i: number): { host: string; port: number } => ({ host: '127.0.0.1', port: 1_000 + i });

interface Waiting {
  readonly address: string;
  readonly tries: number;
  readonly nextTryAt: number;
}

test('an address nobody answers at is listed, tried ever more rarely, and forgotten by its own name', async (t) => {
  const agent = await AgentProcess.start(t, { name: 'alone', ...ownMesh() });
  const add = async (i: number) => agent.call('peers', { body: JSON.stringify(silent(i)), headers: json });
  t.is((await add(0)).status, 202);
  const waiting = async (): Promise<readonly Waiting[]> => (await agent.json('peers')).addresses ?? [];
  const [first] = await waiting();
  t.is(first?.address, '127.0.0.1:1000');
  t.true((first?.tries as number) >= 1 && (first?.nextTryAt as number) > Date.now() - 1_000);

  for (let i = 1; i < MANUAL_ADDRESSES_MAX; i++) t.is((await add(i)).status, 202);
  const refused = await add(MANUAL_ADDRESSES_MAX);
  t.like(refused.json, { status: 409, code: 'peer.addresses' });
  t.regex(refused.json.fix, /peers remove/);
  t.is((await add(0)).status, 202, 'one that is there may be given again');
  t.is((await waiting()).length, MANUAL_ADDRESSES_MAX);

  const gone = await agent.call(`peers/${encodeURIComponent('127.0.0.1:1000')}`, { method: 'DELETE' });
  t.deepEqual([gone.status, gone.json], [200, { address: '127.0.0.1:1000' }]);
  const again = await agent.call(`peers/${encodeURIComponent('127.0.0.1:1000')}`, { method: 'DELETE' });
  t.like(again.json, { status: 404, code: 'peer.unknown' });
  t.is((await waiting()).length, MANUAL_ADDRESSES_MAX - 1);
  t.is((await add(MANUAL_ADDRESSES_MAX)).status, 202);
});
