import test from 'ava';
import { play } from '../../sim/scenario/play.js';
import { scenarioPage } from './html/scenario-page.js';
import { machine } from './machine.js';
import { parseScenario } from './scenario-file.js';
import { reportJson, type ScenarioReport, scenarioText } from './scenarios.js';

const THREE = `
duration = "60s"
rest = "20s"
[nodes]
count = 3
start_over = "0s"
[[radios]]
kind = "udp"
shape = "line"
[[faults]]
do = "crash"
at = "15s"
nodes = [2]
[[faults]]
do = "start"
at = "40s"
nodes = [2]
[[traffic]]
send = "broadcast"
at = "10s"
priority = "low"
[[traffic]]
send = "alert"
at = "11s"
`;
const LETTER = `
[[traffic]]
send = "directed"
at = "20s"
from = 0
to = 2
keep = "5m"
`;

async function reportOf(text: string): Promise<ScenarioReport> {
  const scenario = parseScenario(text, 'three.toml');
  const run = await play(scenario, 1);
  return { machine: machine(), commit: null, runs: [{ scenario, run, cpuMs: 5 }], failures: [] };
}

test('kept messages are in the table, the page and the JSON where there are any', async (t) => {
  const report = await reportOf(THREE + LETTER);
  const text = scenarioText(report, new Map());
  t.regex(text, / KEPT +KEPT MEDIAN /);
  t.regex(text, / 1 of 1 +\d/);
  t.regex(scenarioPage(report), /<th class="n">kept<\/th>[\s\S]*<td class="n">1 of 1<\/td>/);
  const json = JSON.parse(JSON.stringify(reportJson(report))) as ScenarioReport;
  t.like(json.runs[0]?.run.figures.kept, { sent: 1, arrived: 1 });
});

test('without them they are not named; priorities have names, faults are marked, acknowledged ones are in the page', async (t) => {
  const report = await reportOf(THREE);
  t.notRegex(scenarioText(report, new Map()), /KEPT/);
  const page = scenarioPage(report);
  t.notRegex(page, /kept/);
  t.regex(page, /<th class="n">acked<\/th>/);
  t.is(page.match(/<title>15 s: crash 2<\/title>/g)?.length, 3);
  const { runs } = JSON.parse(JSON.stringify(reportJson(report))) as {
    runs: { scenario: { traffic: { send: string; priority?: string }[] } }[];
  };
  t.deepEqual(
    runs[0]?.scenario.traffic.map(({ send, priority }) => [send, priority]),
    [['broadcast', 'low'], ['alert', 'critical']], // biome-ignore format: a line
  );
});
