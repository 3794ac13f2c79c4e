import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { GoalReport } from './goals.js';
import { loadScenario } from './scenario-file.js';
import type { ScenarioReport } from './scenarios.js';
import { shrinkToFile } from './shrink.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const simulate = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'simulate', ...args], { maxBuffer: 2 ** 26 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

const inFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'edge-simulate-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const PAIR = `
about = "Two <nodes> & a cable"
duration = "20s"
rest = "5s"
[nodes]
count = 2
[[radios]]
kind = "serial"
shape = "line"
[[traffic]]
send = "broadcast"
every = "1s"
start = "5s"
`;

test('a scenario is played by the seeds asked for, each told of when piped, as JSON, and again it is the same', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const file = join(folder, 'pair.toml');
    writeFileSync(file, `${PAIR}[expect]\ndelivered = 1.0\nfindings = 0\n`);
    const [first, again] = [
      await simulate(file, '--seeds', '2', '--json'),
      await simulate(file, '--seed', '2', '--json'),
    ];
    t.is(first.code, 0, first.err);
    t.regex(first.err, /1 of 2: pair, seed \d/);
    const report = JSON.parse(first.out) as ScenarioReport;
    t.deepEqual(
      report.runs.map(({ run }) => [run.seed, run.ok]),
      [[1, true], [2, true]], // biome-ignore format: a line
    );
    t.is((JSON.parse(again.out) as ScenarioReport).runs[0]?.run.trace, report.runs[1]?.run.trace);
  });
});

test('what was expected and did not come makes the exit code 1 and names the replay; the page is one file without scripts', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const [file, page] = [join(folder, 'pair.toml'), join(folder, 'pair.html')];
    writeFileSync(file, `${PAIR}[expect]\nmedian = "1ms"\n`);
    const { code, out } = await simulate(file, '--seed', '5', '--report', page);
    t.is(code, 1);
    t.regex(out, /median: [\d.]+ ms, expected at most 1 ms/);
    t.true(out.includes(`replay: edge-agent simulate ${file} --seed 5`));
    const html = readFileSync(page, 'utf8');
    t.is(html.match(/<svg /g)?.length, 5);
    t.true(html.includes('Two &lt;nodes&gt; &amp; a cable'));
    t.notRegex(html, /<script|https?:|url\(|src=/);
  });
});

test('a run that fails is made small, and the small one fails the same way', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const [file, small] = [join(folder, 'pair.toml'), join(folder, 'small.toml')];
    writeFileSync(file, `${PAIR}[expect]\nmedian = "1ms"\n`);
    const { code, out } = await simulate(file, '--seed', '1', '--shrink', small, '--json');
    t.is(code, 0);
    t.like(JSON.parse(out), { symptom: 'expectation median', nodes: 2, file: small });
    const again = await simulate(small, '--json');
    t.is(again.code, 1);
    const shortfalls = (JSON.parse(again.out) as ScenarioReport).runs.flatMap(({ run }) => run.shortfalls);
    t.deepEqual(
      shortfalls.map(({ name, found = 0 }) => [name, found > 1]),
      [['medianMs', true]],
    );
  });
});

test('who ends the search early has the smallest run so far', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const [file, small] = [join(folder, 'pair.toml'), join(folder, 'small.toml')];
    writeFileSync(file, `${PAIR}[expect]\nmedian = "1ms"\n`);
    const said: string[] = [];
    const doing: string[] = [];
    const told = {
      say: (line: string): void => {
        said.push(line);
        if (said.length === 2) throw new Error('enough');
      },
      doing: (text: string) => doing.push(text),
    };
    await t.throwsAsync(shrinkToFile(loadScenario(file), 1, small, told), { message: 'enough' });
    t.is(doing[0], 'pair, seed 1: whether it fails');
    t.regex(doing[1] ?? '', /^2 runs tried, 2 nodes, \d+ events so far$/);
    t.regex(
      said[0] ?? '',
      /^it fails \(expectation median\): 2 nodes, \d+ events, 20 s and 5 s of rest, in .*small\.toml; Ctrl-C keeps the smallest so far$/,
    );
    t.notRegex(readFileSync(small, 'utf8'), /side|spacing|timing|start_over|priority|bytes|faults/);
    t.like(loadScenario(small), { durationMs: 10_000, about: 'expectation median, of pair, seed 1' });
  });
});

test('rows of the suite are measured as the list of goals asks, in JSON and as a page', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const page = join(folder, 'goals.html');
    const args = ['--suite', 'goals', '--only', 'overhead', '--seeds', '3,4', '--json', '--report', page];
    const { code, out, err } = await simulate(...args);
    t.is(code, 0, err);
    const { machine, rows } = JSON.parse(out) as GoalReport;
    t.true(machine.cores > 0);
    t.is(rows.length, 1);
    t.like(rows[0], { id: 'overhead', unit: 'B', spread: { samples: 2 } });
    t.true((rows[0]?.ours ?? 0) > 0 && rows[0]?.peers['Meshtastic'] === 16);
    t.regex(readFileSync(page, 'utf8'), /<h2>overhead /);
  });
});

test('what would be written over the scenario that is played is refused, by whatever name', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const [file, link] = [join(folder, 'pair.toml'), join(folder, 'link.toml')];
    writeFileSync(file, PAIR);
    symlinkSync(file, link);
    for (const [option, path] of [
      ['--shrink', file],
      ['--shrink', link],
      ['--report', link],
    ] as const) {
      const { code, out, err } = await simulate(file, option, path);
      t.deepEqual([code, out], [2, '']);
      t.true(err.includes(`${option} ${path}: that is the scenario to be played`), err);
      t.regex(err, /^fix: Give another file, such as .*-small\.toml\.$/m);
    }
    t.is(readFileSync(file, 'utf8'), PAIR);
  });
});

test('a page that cannot be written is told of before anything runs', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const file = join(folder, 'pair.toml');
    writeFileSync(file, PAIR);
    const [page, nowhere] = [folder, join(folder, 'none', 'x.html')];
    for (const [args, message] of [
      [[file, '--report', nowhere], /--report .*x\.html: it cannot be written: there is no folder .*none$/m],
      [['--suite', 'goals', '--report', page], /it cannot be written: it is a folder$/m],
      [[file, '--shrink', nowhere], /--shrink .*x\.html: it cannot be written: there is no folder/],
    ] as const) {
      const { code, out, err } = await simulate(...args);
      t.deepEqual([code, out], [2, '']);
      t.regex(err, message);
      t.regex(err, /^fix: Give a file in a folder/m);
    }
    const { code } = JSON.parse((await simulate(file, '--report', nowhere, '--json')).err) as { code: string };
    t.is(code, 'simulate.output');
  });
});

test('where the page fails at the end the table is there all the same, and the exit code is 1', async (t) => {
  t.timeout(300_000);
  await inFolder(async (folder) => {
    const file = join(folder, 'pair.toml');
    writeFileSync(file, PAIR);
    const { code, out, err } = await simulate(file, '--seed', '1', '--report', '/dev/full');
    t.is(code, 1);
    t.regex(out, /✔ +pair +1/);
    t.regex(err, /^error: \/dev\/full was not written: ENOSPC/m);
    t.regex(err, /^fix: /m);
  });
});

const USAGES: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['--suite', 'goals', '--only', 'nothing'], /no row "nothing"/],
  [['--suite', 'gaols'], /no suite "gaols"/],
  [[], /Name a scenario, or --suite goals/],
  [['churn', '--seed', '1', '--seeds', '2'], /--seed and --seeds are both given\.\nfix: Give one/],
  [['churn', '--jobs', '0'], /--jobs is "0"[^\n]*\nfix: See edge-agent help simulate\./],
  [['/'], /^error: \/: it is a folder, not a scenario$/m],
  [['no-such-file.toml'], /no-such-file\.toml/],
  [['churn', '--seeds', 'x'], /--seeds is "x", expected how many, from 1 to 1000, or which, such as 3,8\.\nfix: /],
  [['churn', '--seeds', ','], /--seeds is ",", expected how many/],
  [['churn', '--shrink', '--report', 'x.html'], /--shrink and --report are both given\.\nfix: Shrink first/],
  [['--suite', 'goals', '--shrink'], /--shrink makes one scenario small/],
  [['churn', '--suite', 'goals'], /either scenarios or --suite/],
];

for (const [args, message] of USAGES)
  test(`wrong usage is told, with exit code 2: ${args.join(' ') || 'nothing'}`, async (t) => {
    const { code, err } = await simulate(...args);
    t.is(code, 2);
    t.regex(err, message);
  });
