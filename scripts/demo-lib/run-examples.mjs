// Runs every example as a person would and prints TAP: a stage of scripts/test.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START_MS } from '../lib/patience.mjs';
import { AgentProcess, freeUdpPort } from './agent-process.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const EXAMPLES = join(ROOT, 'examples');
const AT_ONCE = 2;
const LONGEST_MS = 2 * START_MS;

/** @returns {Promise<{code: number | null, output: string, last: string}>} */
function execute(program, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      timeout: LONGEST_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, last: output.trimEnd().split('\n').at(-1) ?? '' }));
  });
}

function expectSuccess({ code, output, last }) {
  if (code !== 0)
    throw new Error(
      `${code === null ? `it did not end within ${LONGEST_MS / 1_000} s` : `exit code ${code}`}\n${output}`,
    );
  if (!last.startsWith('OK: ')) throw new Error(`its last line is no result: ${last}`);
  return last;
}

const programs = readdirSync(EXAMPLES)
  .filter((name) => /^\d\d-.*\.mjs$/.test(name))
  .sort();
const javaScript = programs.map((name) => ({
  title: `examples/${name} shows its idea`,
  run: async () => expectSuccess(await execute(process.execPath, [join(EXAMPLES, name)])),
}));

const PYTHON = join(EXAMPLES, 'push_detections.py');
const python = (...args) => execute('python3', [PYTHON, ...args], { PYTHONDONTWRITEBYTECODE: '1' });

async function expectRefusal(args, exitCode, pattern) {
  const { code, output } = await python(...args);
  if (code !== exitCode || !pattern.test(output)) throw new Error(`exit code ${code}\n${output}`);
  if (output.includes('Traceback')) throw new Error(`it shows a traceback\n${output}`);
  return output.trim().split('\n')[0];
}

/** One agent for all of them. */
function pythonTests(agent) {
  const url = ['--url', agent.api.url];
  const formats = ['cbor', 'ndjson', 'json'].map((format) => ({
    title: `examples/push_detections.py pushes ${format} and finds what it pushed`,
    run: async () => expectSuccess(await python(...url, '--format', format, '--count', '600')),
  }));
  const wrong = ['--dim', '8', '--count', '2'];
  return [
    ...formats,
    {
      title: 'examples/push_detections.py says what the agent refuses, in one sentence',
      run: () => expectRefusal([...url, ...wrong], 1, /detection\.embedding\.dimension/),
    },
    {
      title: 'examples/push_detections.py says that no agent answers',
      run: () =>
        expectRefusal(['--url', 'http://127.0.0.1:9', '--count', '1'], 1, /no agent answers at .*\n.*edge-agent run/),
    },
    {
      title: 'examples/push_detections.py refuses an address that is none',
      run: () => expectRefusal(['--url', 'nonsense'], 2, /--url must begin with/),
    },
  ];
}

let [count, failed] = [0, 0];
async function runOne({ title, run }) {
  const started = performance.now();
  let fault;
  let said = '';
  try {
    said = await run();
  } catch (error) {
    fault = error;
    failed++;
  }
  console.log(`${fault ? 'not ok' : 'ok'} ${++count} - ${title}`);
  console.log(`# ${((performance.now() - started) / 1_000).toFixed(1)} s${said ? `, ${said}` : ''}`);
  if (fault) console.log(fault.message.replaceAll(/^/gm, '  '));
}

async function runAll(tests) {
  const waiting = [...tests];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await runOne(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const folder = mkdtempSync(join(tmpdir(), 'edge-agent-examples-'));
const radios = [`udp:${await freeUdpPort()}@lo`];
const data = join(folder, 'data');
const agent = new AgentProcess({ name: 'python', mesh: `examples-${process.pid}`, radios, data, removeOnCut: folder });
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
try {
  await agent.ready();
  const tests = [...javaScript, ...pythonTests(agent)];
  await runAll(tests);
  console.log(`1..${tests.length}`);
} finally {
  await agent.stop();
}
process.exitCode = failed > 0 ? 1 : 0;
