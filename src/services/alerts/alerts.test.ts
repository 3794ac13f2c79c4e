import test from 'ava';
import { utf8 } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import type { MessageId } from '../../core/ids.js';
import type { Store } from '../../ports/store.js';
import { createMemoryStore } from '../../storage/memory.js';
import { FakeMesh, nodeNumber, type SentMessage, turns } from '../../testing/fake-mesh.js';
import { SteppedClock } from '../../testing/stepped-clock.js';
import { Body, encode } from '../../wire/bodies.js';
import { FrameType } from '../../wire/frame-types.js';
import { ALERT_PAYLOAD_BYTES_MAX, ALERTS_KEPT, type Alert, Alerts } from './alerts.js';

function side(number: number, clock: SteppedClock, store: Store = createMemoryStore()) {
  const mesh = new FakeMesh(number, clock);
  const heard: Alert[] = [];
  const counts: string[] = [];
  const storage: string[] = [];
  const alerts = new Alerts(mesh, clock, store, {
    alert: (alert) => heard.push(alert),
    counted: (reason) => counts.push(reason),
    stored: () => storage.push('ok'),
    storeFailed: (error) => storage.push((error as EdgeError).code),
  });
  return { mesh, alerts, heard, counts, storage, store };
}

const codeOf = (error: unknown): string => (error instanceof EdgeError ? error.code : String(error));

test('an alert raised on one node is listed on both, newest first', async (t) => {
  const clock = new SteppedClock();
  const [a, b] = [side(1, clock), side(2, clock)];
  FakeMesh.join(a.mesh, b.mesh);
  const first = await a.alerts.send({ priority: 'critical', type: 'fire', payload: { at: 'gate' } });
  clock.advance(10);
  const second = await b.alerts.send({ priority: 'low', type: 'dust' });
  clock.advance(10);
  await turns();
  for (const { alerts, heard } of [a, b]) {
    t.deepEqual(
      alerts.list().alerts.map(({ alertId, node, priority, payload }) => ({ alertId, node, priority, payload })),
      [
        { alertId: second.alertId, node: b.mesh.self, priority: 'low', payload: null },
        { alertId: first.alertId, node: a.mesh.self, priority: 'critical', payload: { at: 'gate' } },
      ],
    );
    t.is(heard.length, 2);
  }
  t.is(a.mesh.sent[0]?.options.priority, 0);
});

test('what is no alert is refused by code and not sent', async (t) => {
  const { alerts, mesh } = side(1, new SteppedClock());
  const deep = JSON.parse('['.repeat(40) + ']'.repeat(40));
  const cases = [
    [{ priority: 'high', type: '' }, 'alert.type'],
    [{ priority: 'high', type: 'é'.repeat(33) }, 'alert.type'],
    [{ priority: 'urgent' as 'high', type: 'x' }, 'alert.priority'],
    [{ priority: 'high', type: 'x', payload: 'x'.repeat(ALERT_PAYLOAD_BYTES_MAX) }, 'alert.payload'],
    [{ priority: 'high', type: 'x', payload: deep }, 'alert.payload'],
    [{ priority: 'high', type: 'x', payload: 1n as unknown as number }, 'alert.payload'],
  ] as const;
  for (const [input, code] of cases) t.is(codeOf(await t.throwsAsync(alerts.send(input))), code);
  t.is(mesh.sent.length, 0);
});

test('alerts survive a restart, up to their number, and their order stays', async (t) => {
  const clock = new SteppedClock();
  const store = createMemoryStore();
  const before = side(1, clock, store);
  for (let i = 0; i < ALERTS_KEPT + 5; i++) await before.alerts.send({ priority: 'low', type: `alert ${i}` });
  before.alerts.close();
  t.is(before.mesh.listeners, 0);
  const after = side(1, clock, store);
  const types = after.alerts.list({ limit: 1_000 }).alerts.map(({ type }) => type);
  t.is(types.length, ALERTS_KEPT);
  t.is(types[0], `alert ${ALERTS_KEPT + 4}`);
  t.is(types.at(-1), 'alert 5');
  t.is(store.count('alerts'), ALERTS_KEPT);
  await after.alerts.send({ priority: 'low', type: 'after' });
  t.is(after.alerts.list({ limit: 1 }).alerts[0]?.type, 'after');
});

test('pages follow one another without gap, and what is no cursor is refused', async (t) => {
  const { alerts } = side(1, new SteppedClock());
  for (let i = 0; i < 25; i++) await alerts.send({ priority: 'low', type: `alert ${i}` });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = alerts.list({ limit: 10, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.alerts.map(({ type }) => type));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  t.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, i) => `alert ${24 - i}`),
  );
  t.is(codeOf(t.throws(() => alerts.list({ cursor: 'x' }))), 'request.cursor');
  t.is(codeOf(t.throws(() => alerts.list({ lmit: 3 } as object))), 'alerts.field');
  const slip = { priority: 'low', type: 'x', paylod: 1 } as const;
  t.is(codeOf(await t.throwsAsync(alerts.send(slip))), 'alert.field');
  for (const limit of [0, 1_001, Number.NaN, 1.5]) t.is(codeOf(t.throws(() => alerts.list({ limit }))), 'alerts.limit');
});

test('a full disk does not hold an alert back', async (t) => {
  const clock = new SteppedClock();
  const full = side(1, clock, createMemoryStore({ maxBytes: 10 }));
  const other = side(2, clock);
  FakeMesh.join(full.mesh, other.mesh);
  const alert = await full.alerts.send({ priority: 'critical', type: 'disk' });
  clock.advance(10);
  t.is(other.heard[0]?.alertId, alert.alertId);
  t.is(full.alerts.list().alerts[0]?.alertId, alert.alertId);
  t.deepEqual(full.storage, ['store.full']);
});

test('an alert that comes twice is kept once, and found by its id until it makes room', async (t) => {
  const clock = new SteppedClock();
  const { alerts, mesh, heard } = side(1, clock);
  const id = `${nodeNumber(3)}${'0'.repeat(11)}7` as MessageId;
  const body = encode(Body.AlertSchema, { type: 'fire', payload: utf8('1'), raisedAtMs: 5n });
  for (let i = 0; i < 2; i++) mesh.deliver(FrameType.Alert, { id, body, source: nodeNumber(3), directed: false });
  t.is(heard.length, 1);
  t.is(alerts.list().alerts.length, 1);
  t.is(alerts.get(id)?.type, 'fire');
  t.is(alerts.get('f'.repeat(28)), undefined);
  for (let i = 0; i < ALERTS_KEPT; i++) await alerts.send({ priority: 'low', type: 'x' });
  t.is(alerts.get(id), undefined);
});

test('after a restart the mesh is given the alerts again, as old as they are, as they were said', async (t) => {
  const clock = new SteppedClock();
  const before = side(1, clock);
  const own = await before.alerts.send({ priority: 'critical', type: 'fire', payload: { zone: [1, 'é'] } });
  const body = encode(Body.AlertSchema, { type: 'dust', payload: utf8('null'), raisedAtMs: 5n });
  before.mesh.deliver(FrameType.Alert, { body, source: nodeNumber(3), directed: false, priority: 3, ageMs: 7_000 });
  await turns();
  clock.advance(60_000);
  const { alerts, mesh } = side(1, clock, before.store);
  alerts.restore();
  const { id, body: said } = before.mesh.sent[0] as SentMessage;
  t.is(id, own.alertId as MessageId);
  t.deepEqual(
    mesh.restored.map(({ body, ageMs }) => ({ body, ageMs })),
    [
      { body: said, ageMs: 60_000 },
      { body, ageMs: 67_000 },
    ],
  );
  t.deepEqual(Object.keys(alerts.list().alerts[0] ?? {}).sort(), Object.keys(own).sort());
});

test('malformed alerts are counted and change nothing', (t) => {
  const { alerts, mesh, counts, heard } = side(1, new SteppedClock());
  const bodies = [
    Uint8Array.of(0xff),
    encode(Body.AlertSchema, { type: '', payload: utf8('1') }),
    encode(Body.AlertSchema, { type: 'x'.repeat(65), payload: utf8('1') }),
    encode(Body.AlertSchema, { type: 'x', payload: utf8('{') }),
    encode(Body.AlertSchema, { type: 'x', payload: utf8('{"__proto__":1}') }),
    encode(Body.AlertSchema, { type: 'x', payload: utf8('1'), raisedAtMs: 2n ** 64n - 1n }),
    encode(Body.AlertSchema, { type: 'é'.repeat(33), payload: utf8('1') }),
    encode(Body.AlertSchema, { type: 'x', payload: utf8('['.repeat(2_000) + ']'.repeat(2_000)) }),
    encode(Body.AlertSchema, { type: 'x', payload: Uint8Array.of(0xc3, 0x28) }),
    encode(Body.AlertSchema, { type: 'x', payload: utf8(`"${'x'.repeat(ALERT_PAYLOAD_BYTES_MAX)}"`) }),
  ];
  for (const body of bodies) mesh.deliver(FrameType.Alert, { body, source: nodeNumber(3), directed: false });
  t.is(counts.length, bodies.length);
  t.deepEqual(alerts.list().alerts, []);
  t.is(heard.length, 0);
});
