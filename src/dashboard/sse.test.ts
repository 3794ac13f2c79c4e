import test from 'ava';
import { SseParser } from './sse.js';

const STREAM =
  'retry: 2000\nid: boot-1\n\n: heartbeat\n\nevent: peer\nid: boot-2\ndata: {"a":1}\n\ndata: one\ndata:two\n\n';

test('events come out whole however the text is cut', (t) => {
  for (let size = 1; size <= STREAM.length; size++) {
    const parser = new SseParser();
    const events = [];
    for (let at = 0; at < STREAM.length; at += size) events.push(...parser.push(STREAM.slice(at, at + size)));
    t.deepEqual(events, [
      { event: 'peer', data: '{"a":1}' },
      { event: 'message', data: 'one\ntwo' },
    ]);
    t.is(parser.lastEventId, 'boot-2');
  }
});

test('an id without data moves the position and tells nobody', (t) => {
  const parser = new SseParser();
  t.deepEqual(parser.push('id: boot-7\n\n'), []);
  t.is(parser.lastEventId, 'boot-7');
  t.deepEqual(parser.push('id: boot-8\ndata: cut off'), []);
  t.is(parser.lastEventId, 'boot-7', 'an event that did not arrive whole is asked for again');
});

test('carriage returns are line ends too', (t) => {
  t.deepEqual(new SseParser().push('event: alert\r\ndata: x\r\n\r\n'), [{ event: 'alert', data: 'x' }]);
});
