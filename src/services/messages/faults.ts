import { EdgeError } from '../../core/errors.js';

/** What can go wrong with a message or a query, as its sender is told. */

export const busy = (code: string, what: string): EdgeError =>
  new EdgeError(code, what, { status: 429, fix: 'try again later' });

export const stopped = (): EdgeError =>
  new EdgeError('agent.stopped', 'the agent stopped before an answer came', {
    status: 503,
    fix: 'start it and ask again',
  });

export const refused = (id: string, code = 'message.refused'): EdgeError =>
  new EdgeError(code, `message ${id} was refused`, {
    status: code === 'message.busy' ? 429 : code === 'agent.stopped' ? 503 : 409,
    fix:
      code === 'message.busy' ? 'wait until others were acknowledged' : `its story says more: edge-agent message ${id}`,
    details: { messageId: id },
  });

export const unkept = (id: string, code: string): EdgeError =>
  new EdgeError(code, `message ${id} could not be kept, and nobody has acknowledged it yet`, {
    status: 507,
    fix: 'make room on the disk; it is tried while this agent runs, and its story says what became of it',
    details: { messageId: id },
  });

export const unknown = (id: string): EdgeError =>
  new EdgeError('message.unknown', `no message ${id} was sent from here, is kept here or came here lately`, {
    status: 404,
    fix: 'ask the node that sent it, whose id is the first 16 digits; the oldest stories are forgotten first',
  });

export const expired = (id: string, to: string): EdgeError =>
  new EdgeError('message.expired', `message ${id} was not acknowledged by ${to} in time`, {
    status: 504,
    fix: `its story says more: edge-agent message ${id}`,
    details: { messageId: id },
  });

export const noAnswer = (id: string, to: string, timeoutMs: number): EdgeError =>
  new EdgeError('query.timeout', `node ${to} gave no answer within ${timeoutMs} ms`, {
    status: 504,
    fix: `is a handler for this type running there? Its story: edge-agent message ${id}`,
    details: { messageId: id },
  });

/** A code from elsewhere, when it looks like one: it ends up in problem documents and metrics. */
export const codeFrom = (text: string, otherwise: string): string =>
  /^[a-z][a-z0-9.-]{0,63}$/.test(text) ? text : otherwise;
