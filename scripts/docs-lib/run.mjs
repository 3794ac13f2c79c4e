// Runs the blocks of a page in a place (place.mjs) and answers, for each command, what became of it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '../demo-lib/agent-process.mjs';
import { START_MS } from '../lib/patience.mjs';
import { commandsOf } from './blocks.mjs';
import { PROGRAM_VALUES, plan, rewrite, SHELL_VALUES } from './rules.mjs';

/** For one block of commands, or one program. */
const BLOCK_MS = START_MS;
const STOP_MS = 10_000;
const OUTPUT_CHARS = 16_384;
/** Between the outputs of two commands of one shell. */
const MARK = '\u001e';

/** @typedef {{line: number, what: string, outcome: 'passed' | 'failed' | 'skipped', detail?: string}} Result */

const firstLine = (text) => text.split('\n')[0].trim();
const passed = (line, what) => ({ line, what: firstLine(what), outcome: 'passed' });
const failed = (line, what, detail) => ({ line, what: firstLine(what), outcome: 'failed', detail });
const skipped = (line, what, detail) => ({ line, what: firstLine(what), outcome: 'skipped', detail });

const running = new Set();

/** Ends what runs, at once: they are in groups of their own, so Ctrl-C does not reach them. */
export function endAll() {
  for (const run of running) run.signal('SIGKILL');
}

/** A child in a group of its own, its output, and how it ends. */
function start(place, program, args, env) {
  const child = spawn(program, args, {
    cwd: place.work,
    env: place.environment(env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = { output: '', code: undefined };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      run.output = (run.output + text).slice(-OUTPUT_CHARS);
    });
  }
  run.ended = new Promise((resolve) => {
    child.once('error', (error) => {
      run.output += error.message;
    });
    child.once('close', (code, signal) => {
      running.delete(run);
      run.code = signal ?? code ?? 'no start';
      resolve(run.code);
    });
  });
  run.signal = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It ended meanwhile.
    }
  };
  running.add(run);
  return run;
}

/** Runs to the end, or to the end of its time. */
async function finish(run, limitMs) {
  const timer = setTimeout(() => {
    run.output += `\n(ended after ${limitMs / 1000} s)`;
    run.signal('SIGKILL');
  }, limitMs);
  const code = await run.ended;
  clearTimeout(timer);
  return code;
}

/** A refusal that the page promises has to come, with its code. */
function promised(text, { status, code }) {
  const wrong = `{ echo 'the page promises the refusal ${status} ${code}'; exit 1; }`;
  return [
    `if refusal=$(${text}`,
    `); then printf '%s\\n' "$refusal"; ${wrong}; fi`,
    `printf '%s\\n' "$refusal"`,
    `case $refusal in *'"status":${status},'*'"code":"${code}"'*) ;; *) ${wrong} ;; esac`,
  ].join('\n');
}

/** Commands that share a shell: what one sets, the next has. The first failure ends it. */
async function runTogether(place, commands) {
  const script = commands.flatMap(({ text, refusal }) => {
    const real = rewrite(text, SHELL_VALUES, place);
    return [`printf '${MARK}'`, refusal ? promised(real, refusal) : real];
  });
  const run = start(place, 'bash', ['-c', ['set -eo pipefail', 'exec 2>&1', ...script].join('\n')]);
  const code = await finish(run, BLOCK_MS);
  const outputs = run.output.split(MARK).slice(1);
  return commands.map(({ line, text }, index) => {
    if (index < outputs.length - 1 || code === 0) return passed(line, text);
    if (index > outputs.length - 1) return skipped(line, text, 'an earlier command of the block failed');
    return failed(line, text, `exit code ${code}\n${outputs[index] ?? run.output}`);
  });
}

/** How it shows that a command works which goes on until it is ended. */
const SHOWS = {
  agent: {
    sign: 'it serves',
    seen: (_, data) => existsSync(join(data, 'runtime.json')),
  },
  alert: {
    sign: 'it shows an alert that is raised',
    // Connected late, it would miss the first.
    before: (place) => place.alert(),
    seen: (run) => /\bdocs\b/.test(run.output),
  },
};

async function runOn(place, { line, text }, shows) {
  const data = mkdtempSync(join(place.folder, 'data-'));
  const env = {
    EDGE_AGENT_DATA: data,
    EDGE_AGENT_HTTP: '127.0.0.1:0',
    EDGE_AGENT_RADIO: place.otherRadio,
    EDGE_AGENT_DNS_SD: 'false',
  };
  const { sign, before, seen } = SHOWS[shows];
  const real = `exec ${rewrite(text, SHELL_VALUES, place)}`.replace(/^exec ((?:\w+=\S+ )+)/, 'export $1; exec ');
  const run = start(place, 'bash', ['-c', real], shows === 'agent' ? env : {});
  const good = await until(
    async () => {
      if (run.code !== undefined) return 'ended';
      await before?.(place);
      return seen(run, data) && 'seen';
    },
    START_MS,
    250,
  );
  if (run.code === undefined) run.signal('SIGTERM');
  const code = await finish(run, STOP_MS);
  if (good === 'ended') return failed(line, text, `ended by itself with ${code}\n${run.output}`);
  if (good !== 'seen') return failed(line, text, `within ${START_MS / 1000} s not: ${sign}\n${run.output}`);
  const stopped = code === 0 || (shows !== 'agent' && code === 'SIGTERM');
  return stopped ? passed(line, text) : failed(line, text, `asked to stop, it ended with ${code}\n${run.output}`);
}

async function runShell(place, block, exists) {
  const results = [];
  let together = [];
  const flush = async () => {
    if (together.length > 0) results.push(...(await runTogether(place, together)));
    together = [];
  };
  for (const command of commandsOf(block)) {
    const { kind, why, shows } = plan(command.text);
    if (kind === 'run') {
      together.push(command);
      continue;
    }
    await flush();
    const { line, text } = command;
    if (kind === 'stays') results.push(await runOn(place, command, shows));
    else if (kind === 'unknown') results.push(failed(line, text, 'scripts/docs-lib/rules.mjs does not know it'));
    else {
      const fault = exists(text);
      results.push(fault ? failed(line, text, fault) : skipped(line, text, why));
    }
  }
  await flush();
  return results;
}

/** Lines stay where they are on the page, so that a trace names them. */
const inPlace = (blocks) =>
  blocks.reduce((text, block) => text + '\n'.repeat(block.line - text.split('\n').length) + block.text, '');

async function runProgram(place, blocks, { program, name, what }) {
  const path = join(place.work, name);
  writeFileSync(path, `${rewrite(inPlace(blocks), PROGRAM_VALUES, place)}\n`);
  const run = start(place, program, [path]);
  const code = await finish(run, BLOCK_MS);
  const { line } = blocks[0];
  return code === 0 ? [passed(line, what)] : [failed(line, what, `exit code ${code}\n${run.output}`)];
}

/** A configuration, or a scenario: that one has traffic. */
async function checkToml(place, { line, text }) {
  if (text.includes('[[traffic]]')) return checkScenario(place, { line, text });
  const { loadConfig } = await import(pathToFileURL(join(place.root, 'dist/agent/config.js')).href);
  try {
    const { warnings } = loadConfig({ fileText: text });
    return warnings.length === 0 ? [passed(line, text)] : [failed(line, text, warnings.join('\n'))];
  } catch (error) {
    return [failed(line, text, error.message)];
  }
}

async function checkScenario(place, { line, text }) {
  const path = join(place.root, 'dist/cli/simulate/scenario-file.js');
  const { parseScenario } = await import(pathToFileURL(path).href);
  try {
    parseScenario(text, 'scenario.toml');
    return [passed(line, text)];
  } catch (error) {
    return [failed(line, text, error.message)];
  }
}

function checkJson({ line, text }) {
  try {
    JSON.parse(text);
    return [passed(line, text)];
  } catch (error) {
    return [failed(line, text, error.message)];
  }
}

/** A unit of systemd: the agent it starts has to know the flags. */
function checkUnit({ line, text }, exists) {
  const command = /^ExecStart=(.+)$/m.exec(text)?.[1];
  const fault = command === undefined ? 'it has no ExecStart' : exists(command);
  return [fault ? failed(line, text, fault) : skipped(line, text, 'needs systemd; its command and flags exist')];
}

/** Runs every block of a page. The blocks of JavaScript are one program, top to bottom. @returns {Promise<Result[]>} */
export async function runPage(place, blocks, exists) {
  const results = [];
  const programs = blocks.filter(({ language }) => language === 'js');
  for (const block of blocks) {
    const { language, line } = block;
    await place.meet();
    if (language === 'sh') results.push(...(await runShell(place, block, exists)));
    else if (language === 'python') {
      const what = { program: 'python3', name: 'page.py', what: 'a program in Python' };
      results.push(...(await runProgram(place, [block], what)));
    } else if (language === 'js') {
      if (block !== programs[0]) continue;
      const what = `a program in JavaScript (${programs.length} blocks)`;
      results.push(...(await runProgram(place, programs, { program: process.execPath, name: 'page.mjs', what })));
    } else if (language === 'toml') results.push(...(await checkToml(place, block)));
    else if (language === 'json') results.push(...checkJson(block));
    else if (language === 'ini') results.push(...checkUnit(block, exists));
    // Without a language: a drawing, or what a command prints.
    else if (language !== '') results.push(failed(line, language, `nobody here can check blocks of ${language}`));
  }
  return results;
}
