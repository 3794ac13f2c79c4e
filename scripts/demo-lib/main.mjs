// scripts/demo: a mesh of real agent processes on this machine, with a sample vision pipeline.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AgentProcess, sleep, until } from './agent-process.mjs';
import { lackingCarriers, startCarriers } from './carriers.mjs';
import { findingsOf, heldBy } from './findings.mjs';
import { Pipeline } from './pipeline.mjs';
import { summaryText } from './summary.mjs';
import { carriersOf, lineText, NODES, planMesh } from './topology.mjs';

const USAGE = `usage: scripts/demo [--nodes N] [--for SECONDS] [--json]
  --nodes N      how many agents, ${NODES.min} to ${NODES.max} (default ${NODES.default})
  --for SECONDS  let the pipeline run that long, then sum up: exit code 0 only when every node found every other,
                 every detection and alert reached every node, and every search was answered by all and exact
  --json         the summary as JSON on standard output; what people read goes to standard error
Without --for it runs until Ctrl-C.`;

const ROUND_MS = 1_000;
const NEWS_EVERY_MS = 5_000;
/** How long nodes may take to find each other, and detections to reach all once the cameras rest. */
const JOIN_MS = 60_000;
const SETTLE_MS = 120_000;
const SETTLE_LOOK_MS = 250;
const FOR_MAX_S = 86_400;

const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 };

function refuse(problem) {
  console.error(`demo: ${problem}\n${USAGE}`);
  process.exit(EXIT.usage);
}

function wholeNumber(text, name, min, max) {
  const value = Number(text);
  return Number.isInteger(value) && value >= min && value <= max
    ? value
    : refuse(`${name} is a whole number from ${min} to ${max}, not ${text}`);
}

function options() {
  let values;
  try {
    const flag = { type: 'string' };
    ({ values } = parseArgs({
      options: { nodes: flag, for: flag, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(EXIT.ok);
  }
  return {
    count: values.nodes === undefined ? NODES.default : wholeNumber(values.nodes, '--nodes', NODES.min, NODES.max),
    seconds: values.for === undefined ? undefined : wholeNumber(values.for, '--for', 1, FOR_MAX_S),
    json: values.json === true,
  };
}

const { count, seconds, json } = options();
const folder = mkdtempSync(join(tmpdir(), 'edge-agent-demo-'));
const agents = [];
const carriers = [];
const out = json ? process.stderr : process.stdout;
const isLive = seconds === undefined && out.isTTY === true;
const say = (text) => out.write(`${isLive ? '\r\u001b[K' : ''}${text}\n`);

async function cleanUp() {
  await Promise.all(agents.map((agent) => agent.stop()));
  await Promise.all(carriers.map((carrier) => carrier.stop()));
  rmSync(folder, { recursive: true, force: true });
}

let interrupted = false;
async function interrupt(signal) {
  if (interrupted) process.exit(EXIT.interrupted);
  interrupted = true;
  say(`${signal}: stopping ${agents.length} agents …`);
  await cleanUp();
  // Without --for this is the way to end it, and so no failure.
  process.exit(signal === 'SIGINT' && seconds === undefined ? EXIT.ok : EXIT.interrupted);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void interrupt(signal));

async function plan() {
  const lacking = lackingCarriers(say);
  const planned = await planMesh(count, { folder, lacking });
  for (const [kind, trouble] of lacking) {
    const edges = planned.media.filter(({ wanted }) => wanted === kind);
    const names = edges.map(({ members }) => members.map((index) => planned.nodes[index].name).join('–'));
    if (edges.length > 0) say(`no ${kind} here (${trouble}); ${names.join(' and ')} by udp instead`);
  }
  return planned;
}

async function startMesh(plan) {
  carriers.push(...(await startCarriers(carriersOf(plan.media, folder))));
  for (const [index, { name, radios, httpPort }] of plan.nodes.entries()) {
    const data = join(folder, name);
    const env = { EDGE_AGENT_DNS_SD: 'false' };
    agents.push(new AgentProcess({ name, mesh: plan.mesh, radios, data, httpPort, env, removeOnCut: data, index }));
  }
  await Promise.all(agents.map((agent) => agent.ready()));
}

const isComplete = async () => {
  const all = await Promise.all(agents.map(({ api }) => api.get('status')));
  return all.every(({ peers }) => peers.alive === agents.length - 1);
};

function checkAlive() {
  const fallen = carriers.find(({ ended }) => ended !== undefined);
  if (fallen && !interrupted) throw new Error(fallen.story);
  const dead = agents.find(({ ended }) => ended !== undefined);
  if (dead && !interrupted) throw new Error(`${dead.name} ${dead.ended}\n${dead.log.trimEnd()}`);
}

async function news(pipeline, elapsedS) {
  const held = await heldBy(agents);
  const { asked, answered } = pipeline.searches;
  return `${elapsedS} s: ${pipeline.hashes.length} detections pushed, held ${held.join(' ')}; ${answered} of ${asked} searches answered by all; ${pipeline.alerts.length} alerts${pipeline.faultCount > 0 ? `; ${pipeline.faultCount} FAULTS, the last: ${pipeline.faults.at(-1)}` : ''}`;
}

async function runPipeline(pipeline) {
  const started = performance.now();
  const endAt = seconds === undefined ? Number.POSITIVE_INFINITY : started + seconds * 1_000;
  const newsEvery = isLive ? ROUND_MS : NEWS_EVERY_MS;
  let newsAt = started + newsEvery;
  for (let next = started; next < endAt && !interrupted; next = Math.max(next + ROUND_MS, performance.now())) {
    await sleep(next - performance.now());
    checkAlive();
    await pipeline.round();
    if (performance.now() < newsAt) continue;
    newsAt += newsEvery;
    const line = await news(pipeline, Math.round((performance.now() - started) / 1_000));
    if (isLive) out.write(`\r\u001b[K${line.slice(0, (out.columns ?? 80) - 1)}`);
    else say(line);
  }
}

async function settle(pipeline) {
  const started = performance.now();
  const done = await until(
    async () => (await heldBy(agents)).every((held) => held >= pipeline.hashes.length),
    SETTLE_MS,
    SETTLE_LOOK_MS,
  );
  const took = ((performance.now() - started) / 1_000).toFixed(1);
  say(done ? `everything is everywhere ${took} s after the last push` : `not everything is everywhere after ${took} s`);
}

async function main() {
  const planned = await plan();
  say(`starting ${count} agents on this machine: ${lineText(planned)} …`);
  const started = performance.now();
  await startMesh(planned);
  say(`\n  Dashboard: ${agents[0].api.url}\n`);
  const joined = await until(isComplete, JOIN_MS, 100);
  const took = ((performance.now() - started) / 1_000).toFixed(1);
  say(
    joined
      ? `every node found every other, ${took} s after the start`
      : `after ${took} s not every node has found every other`,
  );
  say(
    `cameras at ${planned.nodes
      .filter(({ camera }) => camera)
      .map(({ name }) => name)
      .join(', ')} push detections${seconds === undefined ? '; Ctrl-C ends it' : ` for ${seconds} s`}`,
  );
  const pipeline = new Pipeline(planned.nodes.map(({ camera }, index) => ({ agent: agents[index], camera })));
  await runPipeline(pipeline);
  await settle(pipeline);
  const findings = await findingsOf({
    agents,
    pipeline,
    plan: planned,
    seconds: Math.round((performance.now() - started) / 1_000),
  });
  say(summaryText(findings));
  if (json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  return findings.ok ? EXIT.ok : EXIT.failed;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!interrupted) {
    console.error(`demo: ${error.message}`);
    const dead = agents.filter(({ ended }) => ended !== undefined);
    for (const { name, ended } of dead) console.error(`demo: ${name} ${ended}`);
    process.exitCode = EXIT.failed;
  }
} finally {
  if (!interrupted) await cleanUp();
}
