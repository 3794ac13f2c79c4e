import test from 'ava';
import { EdgeError, messageOf } from './errors.js';

test('an error says what is wrong, under a stable code, and what to do', (t) => {
  const cause = new Error('ENOSPC');
  const error = new EdgeError('store.full', 'The disk is full.', {
    fix: 'Free some space.',
    status: 507,
    cause,
    details: { free: 0 },
  });
  t.true(error instanceof Error);
  t.like(error, {
    name: 'EdgeError',
    code: 'store.full',
    message: 'The disk is full.',
    fix: 'Free some space.',
    status: 507,
  });
  t.is(error.cause, cause);
  t.deepEqual(error.details, { free: 0 });
});

test('an error without options is a bad request without cause', (t) => {
  const error = new EdgeError('a.b', 'c');
  t.is(error.status, 400);
  t.is(error.fix, undefined);
  t.false('cause' in error);
});

test('whatever was thrown has a message', (t) => {
  t.is(messageOf(new Error('lost')), 'lost');
  t.is(messageOf('plain'), 'plain');
  t.is(messageOf(undefined), 'undefined');
});
