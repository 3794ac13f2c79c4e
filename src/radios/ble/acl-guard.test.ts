import test from 'ava';
import fc from 'fast-check';
import { AclGuard, L2CAP_BYTES_MAX } from './acl-guard.js';
import { HciHost } from './hci-host.js';
import { event, le16, PacketType } from './hci-packets.js';

const acl = (handle: number, boundary: 1 | 2, payload: Uint8Array): Uint8Array =>
  Uint8Array.of(PacketType.Acl, ...le16(handle | (boundary << 12)), ...le16(payload.length), ...payload);

const begun = (handle: number, length: number, bytes: number): Uint8Array =>
  acl(handle, 2, Uint8Array.of(...le16(length), 4, 0, ...new Uint8Array(bytes)));

const more = (handle: number, bytes: number): Uint8Array => acl(handle, 1, new Uint8Array(bytes));

test('packets of any length up to the most pass, in fragments of any length', (t) => {
  const lengths = fc.array(fc.integer({ min: 0, max: L2CAP_BYTES_MAX }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 251 }), (all, piece) => {
      const guard = new AclGuard();
      for (const length of all) {
        const first = Math.min(length, piece);
        if (guard.refusal(begun(7, length, first)) !== undefined) return false;
        for (let at = first; at < length; at += piece)
          if (guard.refusal(more(7, Math.min(piece, length - at))) !== undefined) return false;
      }
      return true;
    }),
  );
  t.pass();
});

test('a packet that outgrows its length is refused, at its beginning and later; other links go on', (t) => {
  const guard = new AclGuard();
  t.is(guard.refusal(begun(7, 3, 4)), 'a packet longer than it says');
  t.is(guard.refusal(begun(7, 300, 200)), undefined);
  t.is(guard.refusal(begun(8, 300, 200)), undefined);
  t.is(guard.refusal(more(7, 99)), undefined);
  t.is(guard.refusal(more(7, 2)), 'a packet longer than it says');
  t.is(guard.refusal(more(8, 100)), undefined);
  t.regex(guard.refusal(begun(7, L2CAP_BYTES_MAX + 1, 10)) ?? '', /1025 bytes/);
  t.is(guard.refusal(more(9, 100)), undefined, 'what has no beginning, the stacks leave out');
});

test('a link that ended leaves nothing behind for the next one with its handle', (t) => {
  const guard = new AclGuard();
  guard.refusal(begun(7, 300, 200));
  t.is(guard.refusal(event(0x05, Uint8Array.of(0, 7, 0, 0x13))), undefined);
  t.is(guard.refusal(more(7, 251)), undefined);
});

test('a stack does not see what is refused, and its side of the multiplexer says why', (t) => {
  const host = new HciHost('peripheral', () => {});
  let seen = 0;
  host.attach(() => void seen++);
  t.is(host.deliver(begun(7, 300, 200)), undefined);
  t.is(host.deliver(more(7, 251)), 'a packet longer than it says');
  t.is(seen, 1);
});
