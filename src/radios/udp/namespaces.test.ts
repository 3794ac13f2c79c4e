import test, { type ExecutionContext } from 'ava';
import {
  type Namespace,
  namespaceTrouble,
  WIRE,
  type WireOptions,
  withWire,
} from '../../testing/network-namespaces.js';

const trouble = namespaceTrouble();

type Body = (t: ExecutionContext, left: Namespace, right: Namespace) => Promise<void>;

/** Each scene has a wire of its own, so that all can have the usual port. */
function scene(title: string, wire: WireOptions, body: Body): void {
  if (trouble !== undefined) {
    test.skip(`${title} (skipped: ${trouble})`, () => {});
    return;
  }
  test(title, async (t) => {
    t.timeout(60_000);
    await withWire(wire, (left, right) => body(t, left, right));
  });
}

const peer = (space: Namespace, options: object = {}) => space.start('udp-peer.js', { dnsSd: false, ...options });
type Peer = ReturnType<typeof peer>;

async function open(...peers: readonly Peer[]): Promise<void> {
  for (const one of peers) await one.line((line) => line['open'] === true);
}

/** One calls to all, the other answers to each address the call came from; returns those addresses. */
async function callAndAnswer(caller: Peer, other: Peer, addresses: number): Promise<string[]> {
  caller.tell({ send: 'call' });
  const froms: string[] = [];
  for (let i = 0; i < addresses; i++) {
    const { from } = await other.line((line) => line['heard'] === 'call' && !froms.includes(String(line['from'])));
    froms.push(String(from));
    other.tell({ send: `answer ${i}`, to: String(from) });
    await caller.line((line) => line['heard'] === `answer ${i}`);
  }
  return froms.sort();
}

scene('agents find each other over IPv4 alone', { ipv4: true, ipv6: false }, async (t, left, right) => {
  const [a, b] = [peer(left), peer(right)];
  await open(a, b);
  const [from, ...more] = await callAndAnswer(a, b, 1);
  t.regex(from ?? '', /^10\.77\.0\.1:\d+$/);
  t.deepEqual(more, []);
  t.false(a.lines.some((line) => line['heard'] === 'call'));
});

scene('agents find each other over IPv6 link-local alone', { ipv4: false, ipv6: true }, async (t, left, right) => {
  const [a, b] = [peer(left), peer(right)];
  await open(a, b);
  const [from] = await callAndAnswer(a, b, 1);
  t.regex(from ?? '', /^\[fe80::[0-9a-f:]+%wire0\]:\d+$/);
  t.false(a.lines.some((line) => line['heard'] === 'call'));
});

scene(
  'with both families a neighbour has an address of each, at one port',
  { ipv4: true, ipv6: true },
  async (t, left, right) => {
    const [a, b] = [peer(left), peer(right)];
    await open(a, b);
    const [ipv4 = '', ipv6 = ''] = await callAndAnswer(a, b, 2);
    t.regex(ipv4, /^10\.77\.0\.1:/);
    t.regex(ipv6, /^\[fe80::/);
    t.is(ipv4.split(':').at(-1), ipv6.split(':').at(-1));
  },
);

scene('a peer given by hand is reached at the discovery port', { ipv4: true, ipv6: true }, async (t, left, right) => {
  const [a, b] = [peer(left), peer(right)];
  await open(a, b);
  a.tell({ resolve: [right.address, 9999] });
  const { resolved } = await a.line((line) => 'resolved' in line);
  t.is(resolved, '10.77.0.2:9999');
  a.tell({ send: 'knock', to: String(resolved) });
  const { from } = await b.line((line) => line['heard'] === 'knock');
  b.tell({ send: 'come in', to: String(from) });
  t.truthy(await a.line((line) => line['heard'] === 'come in'));
});

scene('a radio on lo does not hear what arrives on the wire', { ipv4: true, ipv6: false }, async (t, left, right) => {
  const [wired, onLo, far] = [peer(left), peer(left, { interfaces: ['lo'] }), peer(right)];
  await open(wired, onLo, far);
  far.tell({ send: 'from afar' });
  await wired.line((line) => line['heard'] === 'from afar');
  const { addresses } = await onLo.line((line) => line['open'] === true);
  const loAddress = (addresses as string[]).find((address) => address.startsWith('127.'));
  const second = peer(left, { interfaces: ['lo'] });
  await open(second);
  second.tell({ send: 'from near', to: String(loAddress) });
  await onLo.line((line) => line['heard'] === 'from near');
  t.false(onLo.lines.some((line) => line['heard'] === 'from afar'));
});

scene(
  'a wire that goes away and comes back is served again at the same port',
  { ipv4: true, ipv6: true },
  async (t, left, right) => {
    const [a, b] = [peer(left), peer(right)];
    await open(a, b);
    const [before] = await callAndAnswer(b, a, 2);
    await right.ip('link', 'set', WIRE, 'down');
    const lost = await b.line((line) => line['condition'] === 'retrying');
    // The other end has lost its carrier too.
    const lostToo = await a.line((line) => line['condition'] === 'retrying');
    t.is(lost['reason'], 'no interface but lo is up and has an address');
    t.deepEqual(lost['addresses'], []);
    await right.ip('link', 'set', WIRE, 'up');
    await b.line((line) => line['condition'] === 'up' && b.lines.indexOf(line) > b.lines.indexOf(lost));
    await a.line((line) => line['condition'] === 'up' && a.lines.indexOf(line) > a.lines.indexOf(lostToo));
    b.tell({ send: 'back' });
    const { from } = await a.line((line) => line['heard'] === 'back');
    t.is(String(from).split(':').at(-1), before?.split(':').at(-1));
  },
);

scene('people find an agent by DNS-SD', { ipv4: true, ipv6: false }, async (t, left, right) => {
  const identity = { name: 'north gate', nodeId: '0123456789abcdef' };
  const [a, b] = [peer(left, { dnsSd: true, identity, dataPort: 4242 }), peer(right)];
  await open(a, b);
  b.tell({ browse: right.address });
  const found = await b.line((line) => 'service' in line);
  t.like(found, { service: 'north gate 0123456789abcdef', port: 4242 });
  t.like(found['txt'], { id: '0123456789abcdef', discovery: '9999' });
  await a.stop();
  t.truthy(await a.line((line) => line['closed'] === true));
});

scene('an agent whose DNS-SD port is taken goes on without', { ipv4: true, ipv6: false }, async (t, left, right) => {
  const identity = { name: 'south gate', nodeId: '0123456789abcdef' };
  const [a, b] = [peer(left, { dnsSd: true, identity, hold: 5353 }), peer(right)];
  await open(a, b);
  const [from = ''] = await callAndAnswer(b, a, 1);
  t.regex(from, /^10\.77\.0\.2:/);
  await a.stop();
  t.truthy(await a.line((line) => line['closed'] === true));
});
