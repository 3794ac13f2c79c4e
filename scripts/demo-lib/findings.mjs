// What the demo found out: figures of every node, and whether what was promised holds.
const PAGE = 1_000;
/** Alerts and detections beyond this many pages are not looked at; the demo makes far fewer. */
const PAGES_MAX = 100;
const NAMED_MAX = 3;

async function all(api, path, key) {
  const found = [];
  let cursor;
  for (let page = 0; page < PAGES_MAX; page++) {
    const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await api.get(`${path}?limit=${PAGE}${more}`);
    found.push(...answer[key]);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return found;
}

/** How many of `wanted` each node holds, cheap enough to ask while waiting. */
export async function heldBy(agents) {
  return Promise.all(agents.map(async ({ api }) => (await api.get('status')).detections.count));
}

/** `ble:unix:…` → `ble`. */
const kindOf = (radio) => radio.split(':')[0];

async function nodeFindings(agent, pipeline) {
  const [status, { peers }, detections, alerts] = await Promise.all([
    agent.api.get('status'),
    agent.api.get('peers'),
    all(agent.api, 'detections', 'detections'),
    all(agent.api, 'alerts', 'alerts'),
  ]);
  const held = new Set(detections.map(({ hash }) => hash));
  const heard = new Set(alerts.map(({ alertId }) => alertId));
  return {
    name: agent.name,
    nodeId: agent.nodeId,
    url: agent.api.url,
    peersAlive: peers.filter(({ alive }) => alive).map(({ nodeId }) => nodeId),
    direct: peers
      .filter(({ alive }) => alive)
      .flatMap(({ nodeId, links }) => links.map(({ radio }) => ({ nodeId, kind: kindOf(radio) }))),
    radios: status.radios.map(({ kind, name, condition, links, counters }) => ({
      kind,
      name,
      condition,
      links,
      ...counters,
    })),
    hotPath: status.hotPath.kind,
    pushed: pipeline.pushed.get(agent),
    held: held.size,
    missing: pipeline.hashes.filter((hash) => !held.has(hash)),
    alertsMissing: pipeline.alerts.filter((id) => !heard.has(id)),
    alertsHeard: pipeline.alerts.length - pipeline.alerts.filter((id) => !heard.has(id)).length,
  };
}

function radiosOf(nodes) {
  const radios = new Map();
  for (const { kind, links, bytesIn, bytesOut, framesIn, framesOut } of nodes.flatMap((node) => node.radios)) {
    const sum = radios.get(kind) ?? { radio: kind, linkEnds: 0, framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 };
    sum.linkEnds += links;
    sum.framesIn += framesIn;
    sum.framesOut += framesOut;
    sum.bytesIn += bytesIn;
    sum.bytesOut += bytesOut;
    radios.set(kind, sum);
  }
  // Each link is counted at both of its ends.
  return [...radios.values()].map(({ linkEnds, ...rest }) => ({ links: linkEnds / 2, ...rest }));
}

const some = (items) => `${items.slice(0, NAMED_MAX).join(', ')}${items.length > NAMED_MAX ? ' …' : ''}`;

function check(what, faults, detail) {
  return { what, ok: faults.length === 0, detail: faults.length === 0 ? detail : faults.join('; ') };
}

/** Links that were not planned: by one of them, everything could go round a radio. A planned one that is missing shows elsewhere. */
export function strayLinks(nodes, plan) {
  return nodes.flatMap(({ name, direct }, index) => {
    const { neighbours } = plan.nodes[index];
    return direct.flatMap(({ nodeId, kind }) => {
      const at = nodes.findIndex((node) => node.nodeId === nodeId);
      return neighbours.get(at) === kind ? [] : [`${name} has a link to ${nodes[at]?.name ?? nodeId} by ${kind}`];
    });
  });
}

function checksOf(nodes, pipeline, plan) {
  const { media } = plan;
  const nameOf = new Map(nodes.map(({ nodeId, name }) => [nodeId, name]));
  const unseen = nodes.flatMap(({ name, nodeId, peersAlive }) => {
    const missing = nodes.filter((other) => other.nodeId !== nodeId && !peersAlive.includes(other.nodeId));
    return missing.length === 0
      ? []
      : [`${name} does not see ${missing.map((other) => nameOf.get(other.nodeId)).join(' ')}`];
  });
  const lacking = nodes
    .filter(({ missing }) => missing.length > 0)
    .map(({ name, missing }) => `${name} lacks ${missing.length} of ${pipeline.hashes.length} (${some(missing)})`);
  const deaf = nodes
    .filter(({ alertsMissing }) => alertsMissing.length > 0)
    .map(
      ({ name, alertsMissing }) =>
        `${name} lacks ${alertsMissing.length} of ${pipeline.alerts.length} (${some(alertsMissing)})`,
    );
  const silentRadios = media
    .filter(({ kind }) => !nodes.some(({ radios }) => radios.some((radio) => radio.kind === kind && radio.bytesIn > 0)))
    .map(({ kind }) => `${kind} carried nothing`);
  const { asked, answered, exact } = pipeline.searches;
  const [unanswered, inexact] = [asked - answered, asked - exact];
  return [
    check('every node found every other', unseen, `${nodes.length} nodes`),
    check('no link but the planned ones', strayLinks(nodes, plan), `${media.length} in a line`),
    check('every radio carried traffic', silentRadios, [...new Set(media.map(({ kind }) => kind))].join(', ')),
    check(
      'there was something to replicate',
      pipeline.hashes.length > 0 ? [] : ['nothing was pushed'],
      `${pipeline.hashes.length} pushed`,
    ),
    check('every detection reached every node', lacking, `${pipeline.hashes.length} on ${nodes.length} nodes`),
    check(
      'every search was answered by all',
      unanswered > 0 || asked === 0 ? [`${unanswered} of ${asked} were not`] : [],
      `${asked} searches`,
    ),
    check(
      'every search equals exact search',
      inexact > 0 ? [`${inexact} of ${asked} do not`] : [],
      `${asked} searches`,
    ),
    check('every alert reached every node', deaf, `${pipeline.alerts.length} alerts`),
  ];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export async function findingsOf({ agents, pipeline, plan, seconds }) {
  const found = await Promise.all(agents.map((agent) => nodeFindings(agent, pipeline)));
  const checks = checksOf(found, pipeline, plan);
  const { asked, answered, exact, tookMs } = pipeline.searches;
  return {
    ok: checks.every(({ ok }) => ok) && pipeline.faultCount === 0,
    seconds,
    nodes: found.map(({ missing, alertsMissing, peersAlive, direct, ...node }) => ({
      ...node,
      peers: peersAlive.length,
    })),
    radios: radiosOf(found),
    detections: { pushed: pipeline.hashes.length, onEveryNode: found.every(({ missing }) => missing.length === 0) },
    searches: { asked, answered, exact, medianMs: median(tookMs) },
    alerts: { raised: pipeline.alerts.length },
    checks,
    faults: pipeline.faults,
    faultCount: pipeline.faultCount,
  };
}
