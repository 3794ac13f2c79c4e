import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Log } from '../ports/log.js';
import { edgeAgent, type Finished } from './command-line.js';
import { FakeAgent } from './fake-agent.js';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

interface Face {
  readonly url: string;
  close(): Promise<void>;
}

type OpenFace = (options: {
  readonly agent: FakeAgent;
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  readonly token?: string;
}) => Promise<Face>;

/** A fake agent behind the real HTTP face, which stands above this room, and a way to call the command line for it. */
export const servedBy = (open: OpenFace) => async (t: ExecutionContext, token?: string) => {
  const agent = new FakeAgent();
  const http = await open({ agent, host: '127.0.0.1', port: 0, log: silent, ...(token ? { token } : {}) });
  t.teardown(() => http.close());
  const run = (...args: string[]): Promise<Finished> => edgeAgent([...args, '--url', http.url]);
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--json');
    t.is(code, 0, stderr);
    return JSON.parse(stdout);
  };
  return { agent, url: http.url, run, json };
};

/** Any HTTP server, for answers the agent does not give. */
export async function stub(t: ExecutionContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export const scratch = (name: string, content: string | Uint8Array): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'edge-cli-')), name);
  writeFileSync(file, content);
  return file;
};
