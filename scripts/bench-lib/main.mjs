// scripts/bench: measures every module of rows/, prints a table, and JSON for programs.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDocument } from './document.mjs';
import { cachePath } from './hot/cache.mjs';
import { curveSvg } from './hot/curve.mjs';
import { commit, machine, machineText } from './machine.mjs';
import { reportText } from './report.mjs';
import { failedRow, isSkipped, rowOf } from './row.mjs';

const ROWS = join(import.meta.dirname, 'rows');
const USAGE = `usage: scripts/bench [--quick] [--only ID,…] [--json FILE] [--write-docs] [--list]
  --quick       shorter series: to see that it runs, and roughly where it stands
  --only ID,…   only these rows
  --json FILE   the result as JSON, {machine,commit,rows}; - is standard output
  --write-docs  the figures into docs/performance.md, instead of earlier ones of the same rows
  --list        the rows
Rows of the hot path install the libraries they compare with into native/bench, and keep in build/bench what takes long to
make; recall against time is drawn in build/bench/recall.svg.
Exit code 0 when everything was measured, 1 when a row could not be. A target that is not met is told, and is no failure.`;

function usage(problem) {
  if (problem === undefined) {
    console.log(USAGE);
    process.exit(0);
  }
  console.error(`bench: ${problem}\n${USAGE}`);
  process.exit(2);
}

function options() {
  const flag = { type: 'boolean' };
  try {
    const text = { type: 'string' };
    const flags = { quick: flag, list: flag, 'write-docs': flag, help: { ...flag, short: 'h' } };
    return parseArgs({ options: { ...flags, only: text, json: text } }).values;
  } catch (error) {
    return usage(error.message);
  }
}

async function allRows() {
  const files = readdirSync(ROWS).filter((name) => name.endsWith('.mjs') && !name.endsWith('.test.mjs'));
  return Promise.all(files.sort().map(async (name) => (await import(join(ROWS, name))).bench));
}

function chosen(rows, only) {
  if (only === undefined) return rows;
  const ids = only.split(',');
  const unknown = ids.find((id) => !rows.some((row) => row.id === id));
  if (unknown !== undefined)
    usage(`there is no row ${JSON.stringify(unknown)}; there are ${rows.map(({ id }) => id).join(', ')}`);
  return rows.filter(({ id }) => ids.includes(id));
}

async function measureAll(rows, quick) {
  const folder = mkdtempSync(join(tmpdir(), 'edge-agent-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const memory = new Map();
  const shared = (name, make) => {
    if (!memory.has(name)) memory.set(name, make());
    return memory.get(name);
  };
  const [results, points] = [[], []];
  for (const bench of rows) {
    const own = join(folder, bench.id);
    mkdirSync(own);
    const started = performance.now();
    const say = (text) => console.error(`bench: ${bench.id}: ${text}`);
    say(bench.what);
    try {
      const measured = await bench.measure({ quick, folder: own, say, shared });
      results.push(rowOf(bench, measured));
      points.push(...(measured.points ?? []));
    } catch (error) {
      console.error(error.stack);
      results.push(failedRow(bench, error));
    }
    say(`${((performance.now() - started) / 1_000).toFixed(0)} s`);
    rmSync(own, { recursive: true, force: true });
  }
  return { results, points };
}

function drawn(points) {
  const curve = curveSvg(points);
  if (curve !== undefined) writeFileSync(cachePath('recall.svg'), curve);
  return curve;
}

async function main() {
  const { quick = false, list, help, only, json, 'write-docs': writeDocs = false } = options();
  if (help) usage();
  const rows = chosen(await allRows(), only);
  if (list) {
    console.log(rows.map(({ id, what }) => `${id}: ${what}`).join('\n'));
    return 0;
  }
  const head = { machine: machine(), commit: commit() };
  const { results, points } = await measureAll(rows, quick);
  const report = { ...head, rows: results };
  const curve = drawn(points);
  if (writeDocs) writeDocument(report, { command: `./scripts/bench${quick ? ' --quick' : ''}`, curve });
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === '-') process.stdout.write(text);
  else
    console.log(
      `${machineText(report.machine)}\ncommit ${report.commit}${quick ? ', quick' : ''}\n\n${reportText(report.rows)}`,
    );
  if (json !== undefined && json !== '-') writeFileSync(json, text);
  return report.rows.some((row) => row.ours === null && !isSkipped(row)) ? 1 : 0;
}

// The children end by themselves when this process is gone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
process.exitCode = await main();
