import test from 'ava';
import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { locateKeys } from './locate.js';

const TEXT = `# a comment with [brackets] = "x"
name = "a # b" # not a key = 3
radios = [
  "udp", # first
  'ble',
]
text = """
[not.a.table]
key = 1"""

[http]
listen = "off"
"to\\"ken" = "x"
inline = { a = 1, b.c = [ { d = 2 } ] }

[[spaces]]
name = "one"
[[spaces]]
name = "two"
dimension = 8
[spaces.inner]
deep = true
[a.b]
c.d = 1
`;

test('every key has the line it stands on', (t) => {
  const lines = locateKeys(TEXT);
  const expected: Record<string, number> = {
    name: 2,
    radios: 3,
    'radios[0]': 4,
    'radios[1]': 5,
    text: 7,
    http: 11,
    'http.listen': 12,
    'http.to\\"ken': 13,
    'http.inline': 14,
    'http.inline.a': 14,
    'http.inline.b.c': 14,
    'http.inline.b.c[0].d': 14,
    spaces: 16,
    'spaces[0]': 16,
    'spaces[0].name': 17,
    'spaces[1].name': 19,
    'spaces[1].dimension': 20,
    'spaces[1].inner.deep': 22,
    'a.b': 23,
    'a.b.c.d': 24,
  };
  for (const [path, line] of Object.entries(expected)) t.is(lines.get(path), line, path);
  t.is(lines.get('not.a.table'), undefined);
});

test('the line found for a key of any table is one that assigns it', (t) => {
  const key = fc.stringMatching(/^[a-z_]{1,8}$/);
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 4 }));
  const tables = fc.dictionary(key, fc.dictionary(key, value, { noNullPrototype: true }), { noNullPrototype: true });
  fc.assert(
    fc.property(tables, (tree) => {
      const text = stringify(tree);
      const found = locateKeys(text);
      const rows = text.split('\n');
      return Object.entries(tree).every(([table, inner]) =>
        Object.keys(inner).every((name) => rows[(found.get(`${table}.${name}`) ?? 0) - 1]?.startsWith(`${name} = `)),
      );
    }),
  );
  t.pass();
});

test('garbage ends the scan, it never throws or hangs', (t) => {
  const toml = fc.stringMatching(/^[[\]{}"'=.,#\\a \n]{0,60}$/);
  fc.assert(fc.property(fc.oneof(fc.string(), toml), (text) => locateKeys(text).size <= 10 * (text.length + 1)));
  t.pass();
});
