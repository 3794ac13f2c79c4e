import test from 'ava';
import fc from 'fast-check';
import { decodeBase64, encodeBase64, isBase64 } from './base64.js';

test('bytes come back as they went, in the words of RFC 4648', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64(bytes);
      t.true(isBase64(text));
      t.is(text, Buffer.from(bytes).toString('base64'));
      t.deepEqual(decodeBase64(text), bytes);
    }),
  );
});

test('eight megabytes pass, and what is none is told', (t) => {
  const bytes = new Uint8Array(8 << 20).map((_, i) => i * 7);
  const text = encodeBase64(bytes);
  t.true(isBase64(text));
  t.is(Buffer.compare(decodeBase64(text), bytes), 0);
  for (const wrong of ['A', 'AA', 'AAA', '=AAA', 'AA=A', 'AA A', 'A===', 'ÄAAA', `${text}A`])
    t.false(isBase64(wrong), wrong.slice(0, 8));
});
