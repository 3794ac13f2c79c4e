import test from 'ava';
import { EdgeError } from './errors.js';
import { checkFields, unknownField } from './known-fields.js';

test('the first unknown field is named, shortened, with those that are known', (t) => {
  t.is(unknownField({ a: 1, b: undefined }, ['a', 'b']), undefined);
  t.is(unknownField({ a: 1, c: 1, d: 1 }, ['a', 'b']), 'c: no such field; known: a, b.');
  t.regex(unknownField({ ['x'.repeat(100)]: 1 }, []) ?? '', /^x{64}: /);
});

test('a slip is refused under the code of who asks', (t) => {
  t.throws(() => checkFields({ timeoutMS: 1 }, ['timeoutMs'], 'message.field'), {
    instanceOf: EdgeError,
    code: 'message.field',
    message: 'timeoutMS: no such field; known: timeoutMs.',
  });
  t.notThrows(() => checkFields({ timeoutMs: 1 }, ['timeoutMs'], 'message.field'));
});
