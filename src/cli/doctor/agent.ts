import { createServer } from 'node:net';
import type { Config } from '../../agent/config.js';
import type { Status } from '../../agent/contract.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import { type ConnectOptions, connect } from '../connect.js';
import { Exit, exitCodeOf, RemoteProblem } from '../report.js';
import { type Check, fail, failed, ok, warn } from './check.js';

function portFault(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** Whether HTTP could be served; only asked while no agent runs, which would hold the port itself. */
async function checkPort({ http }: Config): Promise<Check> {
  if (http.listen === null) return ok('http', 'off');
  const { host, port } = http.listen;
  const fault = await portFault(host, port);
  if (fault === undefined) return ok('http', `${host} port ${port} is free`);
  const why = fault.code === 'EADDRINUSE' ? 'is used by another program' : messageOf(fault);
  return fail(
    'http',
    `${host} port ${port} ${why}`,
    `Choose another with --http, or see who has it: ss -ltnp "sport = :${port}"`,
  );
}

/** Whether one answers, and with what status. */
export async function checkAgent(
  config: Config,
  options: ConnectOptions,
): Promise<{ readonly checks: readonly Check[]; readonly status?: Status }> {
  try {
    const client = connect({ ...options, data: options.data ?? config.dataDir });
    const status = await client.get<Status>('status');
    const { name, nodeId, version } = status;
    return { checks: [ok('agent', `${name} (${nodeId}, version ${version}) answers at ${client.url}`)], status };
  } catch (error) {
    if (error instanceof RemoteProblem) return { checks: [failed('agent', error)] };
    const port = await checkPort(config);
    if (exitCodeOf(error) === Exit.NoAgent) {
      return {
        checks: [warn('agent', `none is running. ${messageOf(error)}`, 'Start one with: edge-agent run'), port],
      };
    }
    return { checks: [error instanceof EdgeError ? failed('agent', error) : fail('agent', messageOf(error)), port] };
  }
}
