import { FRAME_CLASSES } from '../../../sim/frame-class.js';
import type { ScenarioRun } from '../../../sim/scenario/play.js';
import type { RunFigures } from '../../../sim/scenario/recorder.js';
import type { Scenario } from '../../../sim/scenario/scenario.js';
import { byteCount, forPeople, plural } from '../../format.js';
import { acknowledgedText, deliveredText, keptText } from '../figure-texts.js';
import { machineText } from '../machine.js';
import type { ScenarioReport, SeedRun } from '../scenarios.js';
import { shortfallText } from '../shortfalls.js';
import { distributionChart, lineChart, type Mark, roundUp, stackChart } from './charts.js';
import { faultMarks } from './fault-marks.js';
import { meshMap } from './map.js';
import { type Cell, card, colour, escaped, figure, page, tableHtml } from './page.js';

/** Runs drawn; further ones are in the table only. */
const DRAWN_MAX = 12;

const seconds = ({ series }: RunFigures): number => (series.bucketMs * series.bytes.messages.length) / 1_000;

const classLegend = FRAME_CLASSES.map((name, i) => [name, colour(i)] as const);

function trafficPictures(figures: RunFigures, marks: readonly Mark[]): string {
  const { series } = figures;
  const x = { most: seconds(figures), label: 's', marks };
  const perSecond = (values: readonly number[]): number[] => values.map((value) => value / (series.bucketMs / 1_000));
  const layers = FRAME_CLASSES.map((name, i) => ({ name, colour: colour(i), values: perSecond(series.bytes[name]) }));
  const air = FRAME_CLASSES.map((name, i) => ({
    name,
    colour: colour(i),
    values: series.airtimeMs[name].map((ms) => ms / series.bucketMs),
  }));
  const most = (of: readonly { readonly values: readonly number[] }[]): number =>
    roundUp(Math.max(...series.due.map((_, i) => of.reduce((sum, { values }) => sum + (values[i] ?? 0), 0))));
  return [
    figure(
      'Bytes a second, by what they are for',
      stackChart(layers, x, { most: most(layers), label: 'B/s' }),
      classLegend,
    ),
    figure(
      'Airtime: transmitters busy at once, by what for',
      stackChart(air, x, { most: most(air), label: 'busy' }),
      classLegend,
    ),
  ].join('');
}

function deliveryPictures(figures: RunFigures, nodes: number, marks: readonly Mark[]): string {
  const { series, delaySample, delays } = figures;
  const x = { most: seconds(figures), label: 's', marks };
  const share = series.due.map((due, i) => (due === 0 ? Number.NaN : ((series.delivered[i] ?? 0) / due) * 100));
  const up = series.up.map((count) => (count / nodes) * 100);
  const lines = [
    { name: 'delivered, of what was sent then', colour: colour(0), values: share },
    { name: 'nodes up', colour: colour(7), values: up },
  ];
  const pictures = [
    figure(
      'Delivery over time',
      lineChart(lines, x, { most: 100, label: '%' }),
      lines.map(({ name, colour: of }) => [name, of] as const),
    ),
  ];
  if (delays && delaySample.length > 1)
    pictures.push(
      figure(
        'Delay of deliveries: share that came within',
        distributionChart([{ name: 'delays', colour: colour(0), values: delaySample }], {
          most: roundUp(Math.min(delays.mostMs, 3 * delays.p99Ms)),
          label: 'ms',
        }),
      ),
    );
  return pictures.join('');
}

function cards({ figures, findings }: ScenarioRun): string {
  const { delays, alertDelays, acknowledged, kept } = figures;
  const all = [
    card(deliveredText(figures) ?? '–', `delivered of ${plural(figures.due, 'delivery', 'deliveries')} due`),
    ...(delays
      ? [card(forPeople(delays.medianMs), 'median delay'), card(forPeople(delays.p95Ms), '95th percentile')]
      : []),
    ...(alertDelays ? [card(forPeople(alertDelays.p95Ms), '95th percentile of alerts')] : []),
    ...(acknowledged.asked > 0 ? [card(`${acknowledged.done} of ${acknowledged.asked}`, 'acknowledged')] : []),
    ...(kept ? [card(keptText(figures) ?? '', 'to be kept arrived')] : []),
    ...(kept?.medianMs === undefined ? [] : [card(forPeople(kept.medianMs), 'median of those to be kept')]),
    card(byteCount(Math.round(figures.bytesPerNodeMinute)), 'a node and minute'),
    card(String(findings.total), 'findings of the checkers'),
  ];
  return `<div class="cards">${all.join('')}</div>`;
}

function runSection({ scenario, run }: SeedRun): string {
  const radios = scenario.radios.map(({ kind }, i) => [`${kind} ${i}`, colour(i)] as const);
  const lacks = run.shortfalls.map((shortfall) => `<li class="bad">${escaped(shortfallText(shortfall))}</li>`);
  const found = run.findings.list.map((finding) => `<li class="bad">${escaped(finding)}</li>`);
  const wrong = [...lacks, ...found].join('');
  const marks = faultMarks(scenario, run.seed);
  return `<h2>${escaped(run.scenario)}, seed ${run.seed} ${run.ok ? '<span class="good">as expected</span>' : '<span class="bad">not as expected</span>'}</h2>
<p class="soft">${escaped(scenario.about)}</p>${cards(run)}${wrong === '' ? '' : `<ul>${wrong}</ul>`}
<div class="pictures">${figure('The mesh when the traffic ended (× a node that was down)', meshMap(run.map), radios)}${deliveryPictures(run.figures, scenario.nodes.count, marks)}${trafficPictures(run.figures, marks)}</div>
${loadTable(scenario, run.figures)}`;
}

function loadTable(scenario: Scenario, { loads }: RunFigures): string {
  const heads: Cell[] = [
    { text: 'radio' },
    ...['frames', 'bytes', 'airtime'].map((text) => ({ text, isNumber: true })),
  ];
  const rows = loads.map(({ frames, bytes, airtimeMs }, i): Cell[] => [
    { text: `${scenario.radios[i]?.kind ?? ''} ${i}` },
    { text: frames.toLocaleString('en'), isNumber: true },
    { text: byteCount(bytes), isNumber: true },
    { text: forPeople(Math.round(airtimeMs)), isNumber: true },
  ]);
  return tableHtml(heads, rows);
}

function summary(report: ScenarioReport): string {
  const hasKept = report.runs.some(({ run }) => run.figures.kept);
  const numbers = [
    ...['seed', 'nodes', 'due', 'delivered', 'median', 'p95', 'p99', 'acked'],
    ...(hasKept ? ['kept', 'kept median'] : []),
    ...['findings', 'CPU'],
  ];
  const heads: Cell[] = [{ text: '' }, { text: 'scenario' }, ...numbers.map((text) => ({ text, isNumber: true }))];
  const rows = report.runs.map(({ scenario, run, cpuMs }): Cell[] => {
    const { delays, due, kept } = run.figures;
    const ms = (value: number | undefined): string => (value === undefined ? '–' : forPeople(value));
    const values = [
      ...[String(run.seed), String(scenario.nodes.count), String(due), deliveredText(run.figures) ?? '–'],
      ...[ms(delays?.medianMs), ms(delays?.p95Ms), ms(delays?.p99Ms), acknowledgedText(run.figures) ?? '–'],
      ...(hasKept ? [keptText(run.figures) ?? '–', ms(kept?.medianMs)] : []),
      ...[String(run.findings.total), forPeople(Math.round(cpuMs))],
    ];
    return [
      { text: run.ok ? '✔' : '✘', tone: run.ok ? 'good' : 'bad' },
      { text: run.scenario },
      ...values.map((text) => ({ text, isNumber: true })),
    ];
  });
  return tableHtml(heads, rows);
}

/** Everything about the runs, with pictures, as one file. */
export function scenarioPage(report: ScenarioReport): string {
  const names = [...new Set(report.runs.map(({ run }) => run.scenario))].join(', ');
  const failures = report.failures.map(
    ({ scenario, seed, failed }) => `<li class="bad">${escaped(scenario.name)}, seed ${seed}: ${escaped(failed)}</li>`,
  );
  const drawn = report.runs.slice(0, DRAWN_MAX).map(runSection).join('');
  const more =
    report.runs.length > DRAWN_MAX
      ? `<p class="soft">${report.runs.length - DRAWN_MAX} more runs are not drawn.</p>`
      : '';
  const head = `<h1>Simulated: ${escaped(names)}</h1><p class="soft">${escaped(machineText(report.machine))}${report.commit === null ? '' : `, commit ${escaped(report.commit)}`}</p>`;
  return page(
    `Simulated: ${names}`,
    `${head}${summary(report)}${failures.length > 0 ? `<ul>${failures.join('')}</ul>` : ''}${drawn}${more}`,
  );
}
