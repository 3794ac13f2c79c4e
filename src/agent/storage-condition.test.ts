import test from 'ava';
import type { Log } from '../ports/log.js';
import { storeFailed, storeFull } from '../storage/store-errors.js';
import { StorageCondition } from './storage-condition.js';

function storage() {
  const lines: string[] = [];
  const changes: string[] = [];
  const log: Log = {
    debug() {},
    info: (message) => lines.push(message),
    warn() {},
    error: (message) => lines.push(message),
    child: () => log,
  };
  return { storage: new StorageCondition(log, (condition) => changes.push(condition)), lines, changes };
}

test('each change is told and logged once, however often writes fail', (t) => {
  const { storage: condition, lines, changes } = storage();
  condition.set('ok');
  for (let i = 0; i < 100; i++) condition.failed(storeFull('its cap is 1 byte'));
  t.is(condition.condition, 'full');
  t.regex(condition.reason ?? '', /its cap is 1 byte/);
  condition.failed(storeFailed('EIO'));
  condition.failed(new Error('anything else'));
  condition.set('ok');
  t.is(condition.reason, undefined);
  t.deepEqual(changes, ['full', 'failed', 'ok']);
  t.is(lines.length, 3);
});
