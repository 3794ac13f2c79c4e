import test from 'ava';
import fc from 'fast-check';
import { messageIdOf, nodeIdBytes, nodeIdOf, parseMessageId, parseNodeId } from './ids.js';

test('a node id is sixteen lower-case hex digits and nothing else', (t) => {
  t.is(parseNodeId('00112233445566ff') as string | undefined, '00112233445566ff');
  for (const text of [
    '',
    '0011223344556',
    '00112233445566FF',
    '00112233445566fg',
    '00112233445566ff\n',
    ' 0011223344556ff',
  ])
    t.is(parseNodeId(text), undefined, JSON.stringify(text));
});

test('a message id is twenty-eight lower-case hex digits and nothing else', (t) => {
  const id = '00112233445566778899aabbccdd';
  t.is(parseMessageId(id) as string | undefined, id);
  for (const text of [id.slice(1), `${id}0`, id.toUpperCase()]) t.is(parseMessageId(text), undefined, text);
});

test('ids read from bytes at any place name those bytes', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.integer({ min: 0, max: 6 }), (bytes, offset) => {
      t.deepEqual(nodeIdBytes(nodeIdOf(bytes, offset)), bytes.slice(offset, offset + 8));
      t.truthy(parseNodeId(nodeIdOf(bytes, offset)));
      t.truthy(parseMessageId(messageIdOf(bytes, offset)));
    }),
  );
});
