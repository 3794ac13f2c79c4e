import { stringify } from 'smol-toml';
import { formatDuration } from '../../agent/config/units.js';
import type { Expectations, Fault, Scenario, ScenarioRadio, Traffic } from '../../sim/scenario/scenario.js';
import { Priority } from '../../wire/frame-types.js';
import { DEFAULTS } from './scenario-schema.js';

export const PRIORITY_NAMES: Readonly<Record<Priority, string>> = {
  [Priority.Critical]: 'critical',
  [Priority.High]: 'high',
  [Priority.Medium]: 'medium',
  [Priority.Low]: 'low',
};

/** Keys without a value are left out: TOML has no nothing. */
const table = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** What a key is by itself goes without saying. */
const unless = <T>(value: T, plain: unknown): T | undefined => (value === plain ? undefined : value);

/** Tables and lists with nothing in them go without saying, too. */
const filled = <T extends object>(values: T): T | undefined => (Object.keys(values).length === 0 ? undefined : values);

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : formatDuration(Math.round(ms));

const list = <T>(values: readonly T[] | undefined): T[] | undefined => values && [...values];

const radioTable = (radio: ScenarioRadio) =>
  table({
    kind: radio.kind,
    nodes: list(radio.nodes),
    range: radio.rangeM,
    shape: radio.shape,
    links: radio.links?.map((link) => [...link]),
    loss: radio.loss,
    delay: radio.delayMs?.map(time),
    reorder: radio.reorder,
    bits_per_second: radio.bitsPerSecond,
    interval: time(radio.intervalMs),
    links_max: radio.linksMax,
    preset: radio.preset,
    region: radio.region,
    shadow_db: radio.shadowDb,
  });

function faultTable(fault: Fault) {
  const { do: what, atMs } = fault;
  const base = { do: what, at: time(atMs) };
  switch (fault.do) {
    case 'heal':
      return base;
    case 'partition':
      return { ...base, groups: fault.groups.map((group) => [...group]) };
    case 'cut':
      return { ...base, link: [...fault.link] };
    case 'join':
      return table({ ...base, link: [...fault.link], radio: unless(fault.radio, DEFAULTS.radio) });
    case 'crash':
    case 'start':
    case 'stop':
      return { ...base, nodes: [...fault.nodes] };
    case 'stall':
      return { ...base, nodes: [...fault.nodes], for: time(fault.forMs) };
    case 'skew':
      return { ...base, nodes: [...fault.nodes], ahead_ms: fault.aheadMs };
    case 'unplug':
      return table({
        ...base,
        ...{ nodes: [...fault.nodes], for: time(fault.forMs), radio: unless(fault.radio, DEFAULTS.radio) },
      });
    case 'flood':
      return table({
        ...base,
        ...{ nodes: [...fault.nodes], for: time(fault.forMs), per_second: fault.perSecond },
        bytes: unless(fault.bytes, DEFAULTS.floodBytes),
      });
  }
}

function trafficTable({ send, everyMs, atMs, fromMs, untilMs, from, to, bytes, priority, ack, keepMs, name }: Traffic) {
  const chosen = (nodes: Traffic['from']): unknown => (nodes === 'any' ? 'any' : [...nodes]);
  const isMessage = send === 'broadcast' || send === 'directed';
  return table({
    send,
    every: time(everyMs),
    at: atMs?.map(time),
    start: fromMs === 0 ? undefined : time(fromMs),
    until: time(untilMs),
    from: unless(chosen(from), DEFAULTS.chosen),
    to: send === 'directed' ? unless(chosen(to), DEFAULTS.chosen) : undefined,
    bytes: isMessage || send === 'alert' ? unless(bytes, DEFAULTS.bytes) : undefined,
    priority: isMessage ? unless(PRIORITY_NAMES[priority], DEFAULTS.priority) : undefined,
    ack: send === 'directed' ? unless(ack, DEFAULTS.ack) : undefined,
    keep: time(keepMs),
    name: send === 'record' || send === 'erase' ? name : undefined,
  });
}

function nodesTable({ nodes, mobility }: Scenario): Record<string, unknown> {
  const { count, placement, spacingM, sideM, positions, startOverMs } = nodes;
  const isScattered = placement === 'scatter';
  return table({
    count,
    placement: positions ? undefined : unless(placement, DEFAULTS.placement),
    spacing: positions || isScattered ? undefined : unless(spacingM, DEFAULTS.spacing),
    side: mobility || (isScattered && !positions) ? unless(sideM, DEFAULTS.side) : undefined,
    positions: positions?.map(({ x, y }) => [x, y]),
    start_over: unless(time(startOverMs), DEFAULTS.startOver),
  });
}

/** The file that reads as this scenario; what goes without saying, or does nothing, is left out. */
export function scenarioToml(scenario: Scenario): string {
  const { timing, mobility, churn, expect } = scenario;
  return stringify(
    table({
      about: unless(scenario.about, ''),
      seeds: [...scenario.seeds],
      duration: time(scenario.durationMs),
      rest: unless(time(scenario.restMs), DEFAULTS.rest),
      nodes: nodesTable(scenario),
      radios: scenario.radios.map(radioTable),
      timing: filled(table({ heartbeat: time(timing.heartbeatMs), peer_timeout: time(timing.peerTimeoutMs) })),
      mobility:
        mobility &&
        table({
          speed: [...mobility.speedMps],
          pause: unless(time(mobility.pauseMs), DEFAULTS.pause),
          share: unless(mobility.share, DEFAULTS.walking),
        }),
      churn:
        churn && table({ mean_up: time(churn.meanUpMs), mean_down: time(churn.meanDownMs), nodes: list(churn.nodes) }),
      faults: filled(scenario.faults.map(faultTable)),
      traffic: filled(scenario.traffic.map(trafficTable)),
      expect: filled(expectTable(expect)),
    }),
  );
}

const expectTable = (expect: Expectations): Record<string, unknown> =>
  table({
    delivered: expect.delivered,
    acknowledged: expect.acknowledged,
    kept: expect.kept,
    median: time(expect.medianMs),
    p95: time(expect.p95Ms),
    p99: time(expect.p99Ms),
    alert_p95: time(expect.alertP95Ms),
    bytes_per_node_minute: expect.bytesPerNodeMinute,
    agreement: expect.agreement,
    segments: expect.segments,
    largest_segment: expect.largestSegment,
    findings: expect.findings,
  });
