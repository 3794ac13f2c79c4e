import { EdgeError } from '../core/errors.js';

/** What every call gets that needs a running agent and finds none. */
export const agentStopped = (): EdgeError =>
  new EdgeError('agent.stopped', 'the agent is not running', {
    status: 503,
    fix: 'start it and try again; a detection that was kept already counts as a duplicate',
  });
