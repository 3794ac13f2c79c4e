import test from 'ava';
import { FrameType } from '../wire/frame-types.js';
import { Counters } from './counters.js';

test('refusals count by reason, messages by the name of their type, bytes by carrier', (t) => {
  const counters = new Counters();
  counters.refuse('frame.tag');
  counters.refuse('frame.tag', 4);
  counters.countReceived(FrameType.Alert);
  counters.countSent(FrameType.HopAck);
  counters.countSent(77);
  counters.countBytes(1, 30);
  counters.countBytes(1, 12);
  t.deepEqual(Object.fromEntries(counters.refused), { 'frame.tag': 5 });
  t.deepEqual(Object.fromEntries(counters.received), { alert: 1 });
  t.deepEqual(Object.fromEntries(counters.sent), { hopack: 1, 'type-77': 1 });
  t.deepEqual([...counters.bytesOut], [[1, 42]]);
});
