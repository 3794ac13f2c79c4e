import test from 'ava';
import fc from 'fast-check';
import { endpointText, hostText, parseEndpoint, parseHost } from './address.js';

test('an address is read back from its text', (t) => {
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), port, (text, number) => {
      const host = parseHost(text);
      if (host === undefined) return t.fail(text);
      const endpoint = parseEndpoint(endpointText(host.family, hostText(host), number));
      t.deepEqual(endpoint, { ...host, port: number });
    }),
  );
});

test('every spelling of an address gives one text', (t) => {
  t.is(hostText(parseHost('FE80:0:0::0001%eth0') ?? { family: 6, address: '' }), 'fe80::1%eth0');
  t.deepEqual(parseHost('::ffff:10.0.0.7'), { family: 4, address: '10.0.0.7' });
  t.deepEqual(parseHost('2001:db8::1%eth0'), { family: 6, address: '2001:db8::1' });
});

test('what is no address is refused without an exception', (t) => {
  for (const text of [
    '',
    ':',
    '1.2.3.4',
    '1.2.3:4',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '::1:5',
    '[::1]',
    '[1.2.3.4',
    'a:1',
  ]) {
    t.is(parseEndpoint(text), undefined, text);
  }
  fc.assert(fc.property(fc.string(), (text) => void t.notThrows(() => parseEndpoint(text))));
});
