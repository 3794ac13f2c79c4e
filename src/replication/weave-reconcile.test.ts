import test from 'ava';
import { line } from '../testing/weave-looks.js';
import { draftNamed, type NetNode, WeaveNet } from '../testing/weave-net.js';
import { FrameType } from '../wire/frame-types.js';

test('two full nodes with thousands of differences reconcile in bounded messages', async (t) => {
  const net = new WeaveNet({ seed: 14 });
  const [a, b] = [net.add(), net.add()] as [NetNode, NetNode];
  for (let i = 0; i < 3_000; i += 500) {
    net.put(
      a,
      Array.from({ length: 500 }, (_, j) => draftNamed(`a${i + j}`)),
    );
    net.put(
      b,
      Array.from({ length: 500 }, (_, j) => draftNamed(`b${i + j}`)),
    );
  }
  await net.run(50);
  net.link(a, b);
  t.true(await net.converge(60_000));
  t.is(a.weave.view.count, 6_000);
  t.true((a.sent.get(FrameType.Fingerprints)?.longest ?? 0) <= 1_100);
  t.true((a.sent.get(FrameType.Have)?.longest ?? 0) <= 1_100);
  t.true((a.sent.get(FrameType.Records)?.longest ?? 0) <= 25_000);
});

test('a single difference among thousands is found in a few small frames', async (t) => {
  const net = new WeaveNet({ seed: 15 });
  const [a, b] = line(net, 2) as [NetNode, NetNode];
  for (let i = 0; i < 4; i++)
    net.put(
      a,
      Array.from({ length: 1_000 }, (_, j) => draftNamed(i * 1_000 + j)),
    );
  t.true(await net.converge(60_000));
  net.unlink(a, b);
  net.put(a, [draftNamed('one more')]);
  await net.run(100);
  a.sent.clear();
  b.sent.clear();
  net.link(a, b);
  await net.run(300);
  t.true(net.agreed());
  const compared = [a, b].map((node) => node.sent.get(FrameType.Fingerprints));
  t.true(compared.reduce((sum, stats) => sum + (stats?.frames ?? 0), 0) <= 5);
  t.true(compared.reduce((sum, stats) => sum + (stats?.bytes ?? 0), 0) <= 1_500);
});

for (const bytesPerSecond of [960, 11_520]) {
  test(`an empty node gets many records over a way of ${bytesPerSecond} bytes a second, too`, async (t) => {
    const net = new WeaveNet({ seed: 16 });
    const [full, empty] = [net.add(), net.add()] as [NetNode, NetNode];
    for (const first of [0, 750])
      net.put(
        full,
        Array.from({ length: 750 }, (_, i) => draftNamed(first + i)),
      );
    await net.run(200);
    net.link(full, empty, bytesPerSecond);
    t.true(await net.converge(3_600_000));
    t.is(empty.weave.view.count, 1_500);
    t.true((full.counts.get('weave.deferred') ?? 0) > 0);
  });
}
