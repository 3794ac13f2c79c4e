import test from 'ava';
import { FAKE_PEER } from '../testing/fake-agent.js';
import { call } from '../testing/http-client.js';
import { startedBy } from '../testing/http-face.js';
import * as limits from './limits.js';
import * as messages from './schema/messages.js';
import { problem } from './schema/problem.js';
import { createHttpServer } from './server.js';

const start = startedBy({ open: createHttpServer, closeGraceMs: limits.CLOSE_GRACE_MS, problem });

test('payloads are taken up to their limits and no further', async (t) => {
  const { api, refused } = await start(t);
  const message = (payload: unknown) => ({ to: '*', type: 'note', payload });
  const text = (bytes: number): string => 'x'.repeat(bytes - 2);
  t.is((await call(`${api}/messages`, { body: message(text(limits.MESSAGE_PAYLOAD_BYTES)) })).status, 202);
  await refused('messages', { body: message(text(limits.MESSAGE_PAYLOAD_BYTES + 1)) }, 413, 'request.payload');
  const alert = (payload: unknown) => ({ priority: 'high', type: 'smoke', payload });
  t.is((await call(`${api}/alerts`, { body: alert(text(limits.ALERT_PAYLOAD_BYTES)) })).status, 201);
  await refused('alerts', { body: alert(text(limits.ALERT_PAYLOAD_BYTES + 1)) }, 413, 'request.payload');
  const raw = (bytes: number) => ({ to: '*', type: 'note', payloadBase64: Buffer.alloc(bytes).toString('base64') });
  await refused('query', { body: raw(limits.MESSAGE_PAYLOAD_BYTES + 1) }, 413, 'request.payload');
  const both = { ...message(text(limits.MESSAGE_PAYLOAD_BYTES + 1)), priority: 'urgent' };
  await refused('messages', { body: both }, 400, 'request.invalid');
  const deep = `{"to":"*","type":"note","payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  await refused('messages', { body: deep, headers: { 'content-type': 'application/json' } }, 400, 'request.invalid');
  await refused('messages', { body: { ...message(1), payloadBase64: 'AAAA' } }, 400, 'request.invalid');
  await refused('messages', { body: { to: 'bob', type: 'note' } }, 400, 'request.invalid');
});

test('alerts are raised and listed, messages sent and their story told', async (t) => {
  const { api, refused } = await start(t);
  const raised = await call(`${api}/alerts`, { body: { priority: 'critical', type: 'smoke', payload: { zone: 1 } } });
  t.is(messages.alert.parse(raised.json).type, 'smoke');
  t.is(messages.alertPage.parse((await call(`${api}/alerts?limit=1`)).json).alerts.length, 1);
  const { messageId } = messages.messageAccepted.parse(
    (await call(`${api}/messages`, { body: { to: FAKE_PEER, type: 'hello' } })).json,
  );
  t.is(messages.messageStory.parse((await call(`${api}/messages/${messageId}`)).json).condition, 'sent');
  await refused(`messages/${'f'.repeat(28)}`, {}, 404, 'message.unknown');
});

test('a query waits for its response, and one that came as an event is answered', async (t) => {
  const { agent, api, refused } = await start(t);
  const answer = await call(`${api}/query`, { body: { to: FAKE_PEER, type: 'ask', payload: [1] } });
  t.deepEqual(messages.queryAnswer.parse(answer.json).payload, { echo: [1] });
  await refused('query', { body: { to: FAKE_PEER, type: 'silence' } }, 504, 'query.timeout');
  const id = `${'0'.repeat(27)}1`;
  t.is((await call(`${api}/queries/${id}/response`, { body: { payload: 'yes' } })).status, 202);
  t.deepEqual(agent.calls.at(-1), { what: 'respond', with: { messageId: id, response: { payload: 'yes' } } });
});
