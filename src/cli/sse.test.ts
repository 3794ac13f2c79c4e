import test from 'ava';
import fc from 'fast-check';
import { EdgeError } from '../core/errors.js';
import { type ServerEvent, SseParser } from './sse.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('fields make events; comments and empty events do not', (t) => {
  const parser = new SseParser();
  const text =
    'retry: 1500\n\n: hello\n\nid: a-1\nevent: peer\ndata: {"x":\ndata:1}\n\r\ndata: plain\r\n\r\nevent: none\n\n';
  t.deepEqual(parser.push(bytes(text)), [
    { id: 'a-1', event: 'peer', data: '{"x":\n1}' },
    { id: 'a-1', event: 'message', data: 'plain' },
  ]);
  t.is(parser.retryMs, 1_500);
});

test('events are the same however the bytes are cut', (t) => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
  const event = fc.record({
    id: line,
    event: line.filter((text) => text !== ''),
    data: fc.array(line, { minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), fc.array(fc.nat(300)), (events, cuts) => {
      const text = events.map(
        ({ id, event: name, data }) => `id: ${id}\nevent: ${name}\n${data.map((part) => `data: ${part}\n`).join('')}\n`,
      );
      const all = bytes(text.join(''));
      const ends = [...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
      const parser = new SseParser();
      const seen: ServerEvent[] = [];
      let from = 0;
      for (const end of ends) {
        seen.push(...parser.push(all.subarray(from, end)));
        from = end;
      }
      const expected = events.map(({ id, event: name, data }) => ({ id, event: name, data: data.join('\n') }));
      return JSON.stringify(seen) === JSON.stringify(expected);
    }),
  );
  t.pass();
});

test('an event without end is refused before it fills the memory', (t) => {
  const parser = new SseParser();
  const piece = bytes('x'.repeat(2 ** 20));
  const error = t.throws(
    () => {
      for (let i = 0; i < 10; i++) parser.push(piece);
    },
    { instanceOf: EdgeError },
  );
  t.is(error.code, 'cli.stream');
});
