// The sample vision pipeline: cameras push what they see, people search for somebody, now and then there is an alert.
import { cborBatch } from './cbor.mjs';
import { ExactSearch } from './exact.mjs';
import { Identities } from './identities.mjs';

const SEED = 20_261;
const IDENTITIES = 24;
/** In a second, by all cameras together: each is about 1 kB in the mesh, and a BLE link beside another carries some 30 kB/s,
 * of which searches and what keeps the mesh together need their share. */
const DETECTIONS_PER_ROUND = 12;
const SEARCHES_PER_ROUND = 2;
const RESULTS = 5;
const SEARCH_TIMEOUT_MS = 5_000;
const ROUNDS_PER_ALERT = 4;
/** Every vector is kept to check the searches. Beyond this the cameras rest, and searches and alerts go on. */
const DETECTIONS_MAX = 20_000;
/** Further ones are only counted. */
const FAULTS_MAX = 20;

export class Pipeline {
  #agents;
  #cameras;
  #identities = new Identities(IDENTITIES, SEED);
  #exact = new ExactSearch();
  #round = 0;
  faults = [];
  faultCount = 0;
  searches = { asked: 0, answered: 0, exact: 0, tookMs: [] };
  alerts = [];

  /** @param {readonly {agent: import('./agent-process.mjs').AgentProcess, camera: boolean}[]} nodes */
  constructor(nodes) {
    this.#agents = nodes.map(({ agent }) => agent);
    this.#cameras = nodes.filter(({ camera }) => camera).map(({ agent }) => agent);
    this.pushed = new Map(this.#agents.map((agent) => [agent, 0]));
    this.hashes = [];
  }

  #fault(text) {
    this.faultCount++;
    if (this.faults.length < FAULTS_MAX) this.faults.push(text);
  }

  /** One after the other, so that what a search has to find is known. */
  async round() {
    const round = this.#round++;
    if (this.hashes.length < DETECTIONS_MAX) await Promise.all(this.#cameras.map((agent) => this.#push(agent)));
    for (let i = 0; i < SEARCHES_PER_ROUND; i++) await this.#search(this.#turn(round * SEARCHES_PER_ROUND + i));
    if (round % ROUNDS_PER_ALERT === 1) await this.#alert(this.#turn(round), round);
  }

  #turn(count) {
    return this.#agents[count % this.#agents.length];
  }

  async #push(agent) {
    const length = Math.max(1, Math.floor(DETECTIONS_PER_ROUND / this.#cameras.length));
    const items = Array.from({ length }, () => this.#identities.detection(agent.name));
    const { accepted, rejected } = await agent.api.post('detections', cborBatch(items), 'application/cbor');
    for (const { index, code, detail } of rejected) {
      this.#fault(`${agent.name} rejected detection ${items[index].hash}: ${code} ${detail}`);
    }
    const refused = new Set(rejected.map(({ index }) => index));
    for (const [index, { hash, embedding }] of items.entries()) {
      if (refused.has(index)) continue;
      this.#exact.add(hash, embedding);
      this.hashes.push(hash);
    }
    this.pushed.set(agent, this.pushed.get(agent) + accepted);
    await agent.api.patch('state', { fps: Math.round(240 + 20 * Math.sin(this.#round)) / 10 });
  }

  async #search(agent) {
    const probe = this.#identities.look(this.#identities.pick());
    const request = { embedding: Array.from(probe), k: RESULTS, scope: 'mesh', timeoutMs: SEARCH_TIMEOUT_MS };
    this.searches.asked++;
    const { results, asked, answered, nodes, tookMs } = await agent.api.post('search', request);
    this.searches.tookMs.push(tookMs);
    const nameOf = (id) => this.#agents.find(({ nodeId }) => nodeId === id)?.name ?? id;
    if (answered === this.#agents.length) this.searches.answered++;
    else {
      const silent = nodes.filter((node) => !node.answered).map(({ nodeId }) => nameOf(nodeId));
      const who = silent.length > 0 ? `, silent: ${silent.join(' ')}` : '';
      this.#fault(`a search at ${agent.name} was answered by ${answered} of ${asked} nodes${who}`);
    }
    const wrong = this.#exact.fault(probe, RESULTS, results);
    if (wrong === undefined) this.searches.exact++;
    else {
      const scored = results.map((result) => `${result.scoredFrom} by ${nameOf(result.node)}`).join(', ');
      this.#fault(`a search at ${agent.name} does not equal exact search: ${wrong} (scores: ${scored})`);
    }
  }

  async #alert(agent, round) {
    const priority = round % (2 * ROUNDS_PER_ALERT) === 1 ? 'critical' : 'medium';
    const { alertId } = await agent.api.post('alerts', {
      priority,
      type: 'intrusion',
      payload: { zone: agent.name, round },
    });
    this.alerts.push(alertId);
  }
}
