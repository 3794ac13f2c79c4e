import test from 'ava';
import type { NodeId } from '../core/ids.js';
import type { Log } from '../ports/log.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import { Relay, type RelayParts } from './relay.js';

const stateOf = (name: string) => ({ name, fields: {}, custom: {}, updatedAtMs: 1 });

test('the log calls nodes by their names where these are known, and always by their ids', (t) => {
  const lines: string[] = [];
  const take = (message: string): void => void lines.push(message);
  const log: Log = { debug: take, info: take, warn: take, error: take, child: () => log };
  const [named, nameless] = ['00000000000000aa', '00000000000000bb'] as [NodeId, NodeId];
  const states = new Map([[named, stateOf('barn')]]);
  const mesh = { states, context: { carriers: new Map([[0, { name: 'udp' }]]) } };
  const parts = { mesh, events: { emit: () => {} }, log, clock: new SteppedClock() } as unknown as RelayParts;
  const relay = new Relay(parts);
  relay.notice({ kind: 'peer', node: named, change: 'joined' });
  relay.notice({ kind: 'peer', node: nameless, change: 'offline', reason: 'said goodbye' });
  relay.notice({ kind: 'link', node: named, radio: 0, address: 'x', change: 'up' } as never);
  relay.notice({ kind: 'suspect', node: named, what: 'odd' });
  t.deepEqual(lines, [
    'node barn (00000000000000aa) joined',
    'node 00000000000000bb offline',
    'link to barn (00000000000000aa) over udp is up',
    'node barn (00000000000000aa) is suspect: odd',
  ]);
  states.set(nameless, stateOf('shed'));
  for (const node of [named, nameless, nameless]) relay.notice({ kind: 'state', node });
  t.deepEqual(lines.slice(4), ['node 00000000000000bb is called shed'], 'once, when its name comes after its id');
});
