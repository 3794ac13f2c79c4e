import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { agentWith, hashOf } from '../hot/agent-set.mjs';
import { cpuUs } from '../hot/interleave.mjs';
import { filledIndex } from '../hot/ours.mjs';
import { clustered100k } from '../hot/search-set.mjs';
import { K } from '../hot/settings.mjs';
import { cpuSeconds } from '../processes.mjs';
import { median, rounded } from '../statistics.mjs';

/** The kernel counts a process's time in hundredths of a second: a round is many searches. */
const SEARCHES_A_ROUND = 50;
const ROUNDS = { full: 20, quick: 9 };
/** Rounds until the code is compiled. */
const WARM_UPS = 12;
/** Detections asked about are so far apart. */
const LIKE_STEP = 997;

/** Calls on one connection that is kept, as a pipeline asks. */
function client(url) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const search = async (body) => {
    const asked = request(`${url}/api/v1/search`, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    asked.end(body);
    const [response] = await once(asked, 'response');
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = JSON.parse(Buffer.concat(chunks).toString());
    if (response.statusCode !== 200 || answer.results.length !== K)
      throw new Error(`a search was answered with ${response.statusCode} ${JSON.stringify(answer).slice(0, 200)}`);
    return answer;
  };
  return { search, close: () => agent.destroy() };
}

/**
 * Each question to the agent and, right after, to an index in this process, asked as the agent asks its own: so that
 * both find the caches as others leave them. @returns milliseconds a search
 */
async function round({ pid, http, index, queries }, bodies) {
  const [cpu, started] = [cpuSeconds(pid), performance.now()];
  let own = 0;
  for (const [i, body] of bodies.entries()) {
    await http.search(body);
    const before = cpuUs();
    await index.searchAsync(queries[i], { k: K });
    own += cpuUs() - before;
  }
  const count = bodies.length;
  return {
    cpu: ((cpuSeconds(pid) - cpu) * 1e3) / count,
    own: own / 1e3 / count,
    wall: (performance.now() - started - own / 1e3) / count,
  };
}

async function measureRounds({ quick, say }, set, agent, index) {
  const http = client(agent.api.url);
  try {
    const queries = Array.from({ length: SEARCHES_A_ROUND }, (_, i) => set.query(i));
    const byVector = queries.map((query) => JSON.stringify({ embedding: Array.from(query), k: K }));
    const byLike = queries.map((_, i) => JSON.stringify({ like: hashOf(i * LIKE_STEP), k: K }));
    const asked = { pid: agent.pid, http, index, queries };
    say('warm-up …');
    for (let i = 0; i < WARM_UPS; i++) await round(asked, i % 2 ? byLike : byVector);
    const rounds = [];
    for (let i = 0; i < ROUNDS[quick ? 'quick' : 'full']; i++) {
      say(`round ${i + 1} …`);
      rounds.push({ vector: await round(asked, byVector), like: await round(asked, byLike) });
    }
    return rounds;
  } finally {
    http.close();
  }
}

export const bench = {
  id: 'search-http',
  what: `CPU time of an agent for POST /api/v1/search among 100,000 detections, ${K} nearest, above the index's own`,
  unit: 'ms',
  target: { most: 1, also: { 'by like': { most: 1 } } },

  async measure(context) {
    const set = await clustered100k(context);
    const agent = await agentWith(set, context.say);
    const index = filledIndex(set);
    try {
      const rounds = await measureRounds(context, set, agent, index);
      const of = (pick) => median(rounds.map(pick));
      const note = [
        `in all ${rounded(of(({ vector }) => vector.cpu))} (wall ${rounded(of(({ vector }) => vector.wall))})`,
        `by like ${rounded(of(({ like }) => like.cpu))}`,
        `the index alone ${rounded(of(({ vector }) => vector.own))}`,
      ];
      return {
        samples: rounds.map(({ vector }) => vector.cpu - vector.own),
        also: { 'by like': of(({ like }) => like.cpu - like.own) },
        note: note.join(', '),
      };
    } finally {
      index.close();
      await agent.stop();
    }
  },
};
