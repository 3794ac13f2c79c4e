import test from 'ava';
import type { Radio, RadioProbe } from '../ports/radio.js';
import { alertStory, standingView } from './views.js';

const radio = (standing?: RadioProbe): Radio => ({ standing }) as unknown as Radio;

test('a radio that is up tells its way, or why it reaches nobody and what mends it', (t) => {
  const quiet = { ok: false, detail: 'no answer yet', fix: 'join TX to RX' };
  t.deepEqual(standingView(radio(quiet), 'up', undefined, 0), { detail: 'no answer yet', fix: 'join TX to RX' });
  const good = { ok: true, detail: 'hci0', mode: 'both-roles' };
  t.deepEqual(standingView(radio(good), 'up', undefined, 0), { detail: 'hci0', mode: 'both-roles' });
  t.deepEqual(standingView(radio(), 'up', undefined, 0), {});
});

test('a radio that is not up has its reason elsewhere, its fix here', (t) => {
  t.deepEqual(standingView(radio({ ok: false, detail: 'x', fix: 'y' }), 'retrying', undefined, 0), { fix: 'y' });
  t.deepEqual(standingView(radio(), 'retrying', undefined, 0), {});
});

test('frames of another mesh are told while they come and nobody of this one is linked', (t) => {
  const answers = radio({ ok: true, detail: 'an agent answers' });
  const told = (linksUp: number, foreignAt: number | undefined) =>
    standingView(answers, 'up', { linksUp, foreignAt }, 100_000);
  t.is(told(0, 99_000).detail, 'frames of another mesh or key are heard');
  t.regex(told(0, 99_000).fix ?? '', /--mesh/);
  for (const view of [told(0, undefined), told(1, 99_000), told(0, 30_000)]) t.is(view.detail, 'an agent answers');
});

test("an alert's story is told from where it was raised and from where it came", (t) => {
  const alert = {
    alertId: 'a1',
    node: 'n1',
    priority: 'high',
    type: 'fire',
    payload: null,
    raisedAt: 5,
    receivedAt: 9,
  } as const;
  t.deepEqual([alertStory(alert, 'n1').condition, alertStory(alert, 'n2').condition], ['sent', 'received']);
  t.like(alertStory(alert, 'n1').events[0], { what: 'sent', happenedAt: 5 });
  t.like(alertStory(alert, 'n2').events[0], { what: 'received', node: 'n1', happenedAt: 9 });
});
