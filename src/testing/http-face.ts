import type { Log } from '../ports/log.js';
import { FakeAgent } from './fake-agent.js';
import { type Answer, call } from './http-client.js';
import { SteppedClock } from './stepped-clock.js';

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

interface Face {
  readonly url: string;
  close(): Promise<void>;
}

/** The HTTP face, which stands above this room. */
interface FaceParts {
  open(options: {
    readonly agent: FakeAgent;
    readonly host: string;
    readonly port: number;
    readonly log: Log;
    readonly clock: SteppedClock;
    readonly dashboardDir: string;
  }): Promise<Face>;
  readonly closeGraceMs: number;
  readonly problem: { parse(body: unknown): unknown };
}

/** A fake agent and a clock at hand behind the real HTTP face, and a call that must be refused. */
export const startedBy = ({ open, closeGraceMs, problem }: FaceParts) => {
  return async (t: { teardown(fn: () => unknown): void }) => {
    const agent = new FakeAgent();
    const clock = new SteppedClock();
    const server = await open({
      agent,
      host: '127.0.0.1',
      port: 0,
      log,
      clock,
      dashboardDir: '/nonexistent',
    });
    t.teardown(async () => {
      const closed = server.close();
      // The grace for connections whose request was never read to its end passes at once.
      clock.advance(closeGraceMs);
      await closed;
    });
    const api = `${server.url}/api/v1`;
    const refused = async (
      path: string,
      options: Parameters<typeof call>[1],
      status: number,
      code: string,
    ): Promise<Answer> => {
      const answer = await call(path.startsWith('/') ? server.url + path : `${api}/${path}`, options);
      if (answer.json?.code !== code)
        throw new Error(`${path}: wanted ${code}, got ${answer.status} ${answer.text.slice(0, 300)}`);
      if (answer.status !== status || answer.json.status !== status)
        throw new Error(`${path}: wanted ${status}, got ${answer.status}`);
      if (answer.headers['content-type'] !== 'application/problem+json; charset=utf-8')
        throw new Error('not a problem');
      problem.parse(answer.json);
      return answer;
    };
    return { agent, clock, server, url: server.url, api, refused };
  };
};
