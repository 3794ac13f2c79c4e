import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nearest } from '../../agent/config/nearest.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { Fault, Scenario, ScenarioRadio, Traffic } from '../../sim/scenario/scenario.js';
import { Priority } from '../../wire/frame-types.js';
import { type ScenarioFile, scenarioSchema } from './scenario-schema.js';
import { type Places, readStrict } from './strict-toml.js';

const CODE = 'scenario.file';
const FIX = 'docs/simulate.md says what each key takes.';
const BYTES_MAX = 4 * 2 ** 20;
/** Scenarios that come with the program. */
const SHIPPED = join(import.meta.dirname, '..', '..', '..', 'scenarios');
const SUFFIX = '.toml';

/** What is there but absent in the scenario's own words is left out. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Names of the scenarios that come with the program. */
export const shippedScenarios = (): string[] =>
  existsSync(SHIPPED)
    ? readdirSync(SHIPPED)
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => basename(name, SUFFIX))
        .sort()
    : [];

/** Of a file, or of a scenario that comes with the program by its name. */
export function scenarioPath(given: string): string {
  const shipped = join(SHIPPED, `${given}${SUFFIX}`);
  return !existsSync(given) && /^[\w-]+$/.test(given) && existsSync(shipped) ? shipped : given;
}

/** A file, or a scenario that comes with the program by its name. Throws EdgeError `scenario.file`. */
export function loadScenario(given: string): Scenario {
  const path = scenarioPath(given);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(given, error);
  }
  return parseScenario(text, basename(path));
}

function unreadable(given: string, error: unknown): EdgeError {
  const shipped = shippedScenarios();
  const others = `Give a file in TOML (docs/simulate.md), or one of ${shipped.join(', ')}.`;
  if (existsSync(given)) {
    const why = statSync(given).isDirectory() ? 'it is a folder, not a scenario' : messageOf(error);
    return new EdgeError(CODE, `${given}: ${why}`, { fix: others });
  }
  const meant = nearest(basename(given, SUFFIX), shipped);
  const fix = meant === undefined ? others : `Did you mean ${meant}? ${others}`;
  return new EdgeError(CODE, `${given}: there is no such file, and no scenario of that name`, { fix });
}

/** Throws EdgeError `scenario.file` with the line, what is wrong there, and the nearest known key. */
export function parseScenario(text: string, file: string): Scenario {
  if (text.length > BYTES_MAX) throw new EdgeError(CODE, `${file} is larger than ${BYTES_MAX} bytes`);
  const { value, places } = readStrict(scenarioSchema, text, file, { code: CODE, fix: FIX });
  checkNodes(value, places);
  checkTogether(value, places);
  return scenarioOf(value, basename(file, SUFFIX));
}

type NodeList = readonly number[] | 'any' | undefined;

/** Every node that is named is there. */
function checkNodes({ nodes, radios, churn, faults, traffic }: ScenarioFile, places: Places): void {
  const last = nodes.count - 1;
  const check = (named: NodeList, ...path: PropertyKey[]): void => {
    if (named === undefined || named === 'any') return;
    const missing = named.find((node) => node > last);
    if (missing !== undefined) places.refuse(path, `there is no node ${missing}: they are 0 to ${last}`);
    if (named.length === 0) places.refuse(path, 'it names no node');
  };
  radios.forEach((radio, i) => {
    check(radio.nodes, 'radios', i, 'nodes');
    if ('links' in radio) check(radio.links?.flat(), 'radios', i, 'links');
  });
  check(churn?.nodes, 'churn', 'nodes');
  faults.forEach((fault, i) => {
    if ('nodes' in fault) check(fault.nodes, 'faults', i, 'nodes');
    if (fault.do === 'partition') check(fault.groups.flat(), 'faults', i, 'groups');
    if (fault.do === 'cut' || fault.do === 'join') check(fault.link, 'faults', i, 'link');
  });
  traffic.forEach((each, i) => {
    check(each.from, 'traffic', i, 'from');
    if (each.send === 'directed') check(each.to, 'traffic', i, 'to');
  });
}

/** Values that are good each, but not together. */
function checkTogether(file: ScenarioFile, places: Places): void {
  const { nodes, radios, mobility, faults } = file;
  if (nodes.positions && nodes.positions.length !== nodes.count)
    places.refuse(['nodes', 'positions'], `there are ${nodes.positions.length} for ${nodes.count} nodes`);
  radios.forEach((radio, i) => {
    if (radio.kind === 'lora') return;
    const ways = (['range', 'shape', 'links'] as const).filter((way) => radio[way] !== undefined);
    if (ways.length !== 1) {
      const why = ways.length === 0 ? 'none of range, shape and links is given' : `${ways.join(' and ')} are given`;
      places.refuse(['radios', i], `who hears whom is not settled: ${why}`, 'Give one of range, shape and links.');
    }
    if (mobility && radio.range === undefined)
      places.refuse(['radios', i], 'nodes that move need a radio with a range', 'Give range instead.');
  });
  faults.forEach((fault, i) => {
    if (fault.at >= file.duration) refuseLate(['faults', i, 'at'], places);
    if (fault.do === 'partition') checkGroups(fault.groups, ['faults', i, 'groups'], places);
    if (!('radio' in fault)) return;
    const radio = radios[fault.radio];
    if (!radio) places.refuse(['faults', i, 'radio'], `there is no radio ${fault.radio}`);
    if (radio.kind === 'lora' && fault.do === 'unplug')
      places.refuse(['faults', i, 'radio'], 'a LoRa radio is not unplugged', 'Crash its nodes.');
  });
  checkTraffic(file, places);
}

function checkGroups(groups: readonly (readonly number[])[], path: readonly PropertyKey[], places: Places): void {
  const all = groups.flat();
  const twice = all.find((node, i) => all.indexOf(node) !== i);
  if (twice !== undefined) places.refuse(path, `node ${twice} is in two groups`, 'Give each node one group at most.');
}

const refuseLate = (path: readonly PropertyKey[], places: Places): void =>
  places.refuse(
    path,
    "it never happens: that is not before the scenario's end",
    'Give an earlier time, or a longer duration.',
  );

const isOne = (chosen: NodeList): chosen is readonly [number] => Array.isArray(chosen) && chosen.length === 1;

/** That it is settled when it is sent, that there is such a time, and that it goes to another node. */
function checkTraffic({ traffic, duration }: ScenarioFile, places: Places): void {
  traffic.forEach((each, i) => {
    if (each.send !== 'directed' || !isOne(each.from) || !isOne(each.to) || each.from[0] !== each.to[0]) return;
    const what = `node ${each.to[0]} would write to itself`;
    places.refuse(['traffic', i, 'to'], what, 'Give another node in to or in from, or leave one of them out.');
  });
  traffic.forEach(({ every, at, start, until = duration }, i) => {
    if ((every === undefined) === (at === undefined))
      places.refuse(['traffic', i], 'when it is sent is not settled', 'Give either every or at.');
    if (at?.some((ms) => ms >= duration)) refuseLate(['traffic', i, 'at'], places);
    if (every !== undefined && start >= Math.min(until, duration))
      places.refuse(
        ['traffic', i, 'start'],
        "nothing is ever sent: that is not before its end, or the scenario's",
        'Give an earlier start, or a longer duration.',
      );
  });
}

function scenarioOf(file: ScenarioFile, name: string): Scenario {
  const { nodes, timing, mobility, churn, expect, seeds } = file;
  const positions = nodes.positions?.map(([x, y]) => ({ x, y }));
  return {
    name,
    about: file.about,
    seeds: typeof seeds === 'number' ? Array.from({ length: seeds }, (_, i) => i + 1) : seeds,
    durationMs: file.duration,
    restMs: file.rest,
    nodes: {
      count: nodes.count,
      placement: nodes.placement,
      spacingM: nodes.spacing,
      sideM: nodes.side,
      startOverMs: nodes.start_over,
      ...(positions && { positions }),
    },
    radios: file.radios.map(radioOf),
    timing: present({ heartbeatMs: timing.heartbeat, peerTimeoutMs: timing.peer_timeout }),
    ...(mobility && {
      mobility: { speedMps: mobility.speed, pauseMs: mobility.pause, share: mobility.share },
    }),
    ...(churn && {
      churn: { meanUpMs: churn.mean_up, meanDownMs: churn.mean_down, ...present({ nodes: churn.nodes }) },
    }),
    faults: file.faults.map(faultOf),
    traffic: file.traffic.map(trafficOf),
    expect: present({
      delivered: expect.delivered,
      acknowledged: expect.acknowledged,
      kept: expect.kept,
      medianMs: expect.median,
      p95Ms: expect.p95,
      p99Ms: expect.p99,
      alertP95Ms: expect.alert_p95,
      bytesPerNodeMinute: expect.bytes_per_node_minute,
      agreement: expect.agreement,
      segments: expect.segments,
      largestSegment: expect.largest_segment,
      findings: expect.findings,
    }),
  };
}

function radioOf(radio: ScenarioFile['radios'][number]): ScenarioRadio {
  if (radio.kind === 'lora') {
    const { kind, nodes, preset, region, shadow_db: shadowDb } = radio;
    return { kind, ...present({ nodes, preset, region, shadowDb }) };
  }
  const { kind, nodes, shape, links, loss, range: rangeM, bits_per_second: bitsPerSecond } = radio;
  const common = { kind, ...present({ nodes, shape, links, loss, rangeM, bitsPerSecond }) };
  if (kind === 'ble') return { ...common, ...present({ intervalMs: radio.interval, linksMax: radio.links_max }) };
  return { ...common, ...present({ delayMs: radio.delay, reorder: radio.reorder }) };
}

function faultOf(fault: ScenarioFile['faults'][number]): Fault {
  const { at: atMs } = fault;
  switch (fault.do) {
    case 'crash':
    case 'start':
    case 'stop':
      return { do: fault.do, atMs, nodes: fault.nodes };
    case 'partition':
      return { do: fault.do, atMs, groups: fault.groups };
    case 'heal':
      return { do: fault.do, atMs };
    case 'cut':
      return { do: fault.do, atMs, link: fault.link };
    case 'join':
      return { do: fault.do, atMs, link: fault.link, radio: fault.radio };
    case 'stall':
      return { do: fault.do, atMs, nodes: fault.nodes, forMs: fault.for };
    case 'skew':
      return { do: fault.do, atMs, nodes: fault.nodes, aheadMs: fault.ahead_ms };
    case 'unplug':
      return { do: fault.do, atMs, nodes: fault.nodes, forMs: fault.for, radio: fault.radio };
    case 'flood':
      return {
        do: fault.do,
        atMs,
        nodes: fault.nodes,
        forMs: fault.for,
        perSecond: fault.per_second,
        bytes: fault.bytes,
      };
  }
}

function trafficOf(traffic: ScenarioFile['traffic'][number]): Traffic {
  const { send, every, at, start, until, from } = traffic;
  const has = <K extends string>(key: K): boolean => key in traffic;
  return {
    send,
    ...present({ everyMs: every, atMs: at, untilMs: until }),
    fromMs: start,
    from,
    to: traffic.send === 'directed' ? traffic.to : 'any',
    bytes: has('bytes') ? (traffic as { bytes: number }).bytes : 0,
    priority: has('priority') ? (traffic as { priority: Priority }).priority : Priority.Medium,
    ack: traffic.send === 'directed' && traffic.ack,
    ...(traffic.send === 'directed' && present({ keepMs: traffic.keep })),
    ...('name' in traffic && traffic.name !== undefined && { name: traffic.name }),
  };
}
