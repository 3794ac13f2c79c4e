import test from 'ava';
import type { RunFigures } from '../../sim/scenario/recorder.js';
import { acknowledgedText, deliveredText, keptText } from './figure-texts.js';

const figures = (values: Partial<RunFigures>): RunFigures =>
  ({ due: 0, delivered: 0, acknowledged: { asked: 0, done: 0 }, ...values }) as RunFigures;

test('only what is all of them looks like all of them, and where there was nothing there is no figure', (t) => {
  t.is(deliveredText(figures({ due: 30_000, delivered: 29_999 })), '99.99 %');
  t.is(deliveredText(figures({ due: 100, delivered: 57 })), '57.00 %');
  t.is(deliveredText(figures({ due: 3, delivered: 3 })), '100.00 %');
  t.is(acknowledgedText(figures({ acknowledged: { asked: 400, done: 399 } })), '99 %');
  t.is(keptText(figures({ kept: { sent: 10, arrived: 9, medianMs: 5 } })), '9 of 10');
  t.deepEqual(
    [deliveredText, acknowledgedText, keptText].map((text) => text(figures({}))),
    [undefined, undefined, undefined],
  );
});
