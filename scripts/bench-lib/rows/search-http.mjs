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
const ROUNDS = { full: 12, quick: 5 };
/** Until the code is compiled. */
const WARM_UPS = 300;

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

/** The index's own time for the same questions, asked as the agent asks it: one after the other, beside other work. */
async function indexRound(index, queries) {
  let spent = 0;
  for (const query of queries) {
    const before = cpuUs();
    await index.searchAsync(query, { k: K });
    spent += cpuUs() - before;
  }
  return spent / 1e3 / queries.length;
}

async function agentRound(pid, http, bodies) {
  const [cpu, wall] = [cpuSeconds(pid), performance.now()];
  for (const body of bodies) await http.search(body);
  const [cpuAfter, wallAfter] = [cpuSeconds(pid), performance.now()];
  return { cpu: ((cpuAfter - cpu) * 1e3) / bodies.length, wall: (wallAfter - wall) / bodies.length };
}

async function measureRounds({ quick, say }, set, agent, index) {
  const http = client(agent.api.url);
  try {
    const queries = Array.from({ length: SEARCHES_A_ROUND }, (_, i) => set.query(i));
    const byVector = queries.map((query) => JSON.stringify({ embedding: Array.from(query), k: K }));
    const byLike = queries.map((_, i) => JSON.stringify({ like: hashOf(i * 997), k: K }));
    say('warm-up …');
    for (let i = 0; i < WARM_UPS; i++) await http.search((i % 2 ? byLike : byVector)[i % SEARCHES_A_ROUND]);
    await indexRound(index, queries.slice(0, 10));
    const rounds = [];
    for (let round = 0; round < ROUNDS[quick ? 'quick' : 'full']; round++) {
      say(`round ${round + 1} …`);
      rounds.push({
        vector: await agentRound(agent.pid, http, byVector),
        own: await indexRound(index, queries),
        like: await agentRound(agent.pid, http, byLike),
      });
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
        `in all ${rounded(of(({ vector }) => vector.cpu))} of CPU (wall ${rounded(of(({ vector }) => vector.wall))})`,
        `by like ${rounded(of(({ like }) => like.cpu))}`,
        `the index ${rounded(of(({ own }) => own))}`,
      ];
      return {
        samples: rounds.map(({ vector, own }) => vector.cpu - own),
        also: { 'by like': of(({ like, own }) => like.cpu - own) },
        note: note.join(', '),
      };
    } finally {
      index.close();
      await agent.stop();
    }
  },
};
