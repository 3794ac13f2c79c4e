import test from 'ava';
import type { Log } from '../ports/log.js';
import { Events } from './events.js';

function events() {
  const errors: string[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (message) => errors.push(message), child: () => log };
  return { events: new Events(log), errors };
}

const health = (condition: string) => ({ subject: 'disk', condition });

test('listeners hear their event in order until they are removed', (t) => {
  const { events: feed } = events();
  const heard: string[] = [];
  const remove = feed.on('health', ({ condition }) => heard.push(`first ${condition}`));
  feed.on('health', ({ condition }) => heard.push(`second ${condition}`));
  feed.on('peer', () => heard.push('peer'));
  feed.emit('health', health('full'));
  remove();
  remove();
  feed.emit('health', health('ok'));
  t.deepEqual(heard, ['first full', 'second full', 'second ok']);
});

test('a listener that throws is logged and harms nobody else', (t) => {
  const { events: feed, errors } = events();
  const heard: string[] = [];
  feed.on('health', () => {
    throw new Error('mine');
  });
  feed.on('health', ({ condition }) => heard.push(condition));
  feed.emit('health', health('full'));
  t.deepEqual(heard, ['full']);
  t.is(errors.length, 1);
});

test('a listener may remove itself and add others while it is told', (t) => {
  const { events: feed } = events();
  let count = 0;
  const remove = feed.on('health', () => {
    count++;
    remove();
    feed.on('health', () => count++);
  });
  feed.emit('health', health('full'));
  t.is(count, 1);
  feed.emit('health', health('ok'));
  t.is(count, 2);
});

test('listeners are bounded, and a place given back can be taken', (t) => {
  const { events: feed } = events();
  const removals = Array.from({ length: 1_024 }, () => feed.on('alert', () => {}));
  t.throws(() => feed.on('peer', () => {}), { instanceOf: RangeError });
  removals[0]?.();
  removals[0]?.();
  t.notThrows(() => feed.on('peer', () => {}));
  t.throws(() => feed.on('peer', () => {}));
});
