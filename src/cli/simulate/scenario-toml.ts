import { stringify } from 'smol-toml';
import { formatDuration } from '../../agent/config/units.js';
import type { Fault, Scenario, ScenarioRadio, Traffic } from '../../sim/scenario/scenario.js';
import { Priority } from '../../wire/frame-types.js';

const PRIORITY_NAMES: Readonly<Record<Priority, string>> = {
  [Priority.Critical]: 'critical',
  [Priority.High]: 'high',
  [Priority.Medium]: 'medium',
  [Priority.Low]: 'low',
};

/** Keys without a value are left out: TOML has no nothing. */
const table = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

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
      return { ...base, link: [...fault.link], radio: fault.radio };
    case 'crash':
    case 'start':
    case 'stop':
      return { ...base, nodes: [...fault.nodes] };
    case 'stall':
      return { ...base, nodes: [...fault.nodes], for: time(fault.forMs) };
    case 'skew':
      return { ...base, nodes: [...fault.nodes], ahead_ms: fault.aheadMs };
    case 'unplug':
      return { ...base, nodes: [...fault.nodes], for: time(fault.forMs), radio: fault.radio };
    case 'flood':
      return {
        ...base,
        ...{ nodes: [...fault.nodes], for: time(fault.forMs), per_second: fault.perSecond, bytes: fault.bytes },
      };
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
    from: chosen(from),
    to: send === 'directed' ? chosen(to) : undefined,
    bytes: isMessage || send === 'alert' ? bytes : undefined,
    priority: isMessage ? PRIORITY_NAMES[priority] : undefined,
    ack: send === 'directed' ? ack : undefined,
    keep: time(keepMs),
    name: send === 'record' || send === 'erase' ? name : undefined,
  });
}

/** The file that reads as this scenario. */
export function scenarioToml(scenario: Scenario): string {
  const { nodes, timing, mobility, churn, expect } = scenario;
  return stringify(
    table({
      about: scenario.about,
      seeds: [...scenario.seeds],
      duration: time(scenario.durationMs),
      rest: time(scenario.restMs),
      nodes: table({
        count: nodes.count,
        placement: nodes.positions ? undefined : nodes.placement,
        spacing: nodes.spacingM,
        side: nodes.sideM,
        positions: nodes.positions?.map(({ x, y }) => [x, y]),
        start_over: time(nodes.startOverMs),
      }),
      radios: scenario.radios.map(radioTable),
      timing: table({ heartbeat: time(timing.heartbeatMs), peer_timeout: time(timing.peerTimeoutMs) }),
      mobility: mobility && {
        ...{ speed: [...mobility.speedMps], pause: time(mobility.pauseMs), share: mobility.share },
      },
      churn:
        churn && table({ mean_up: time(churn.meanUpMs), mean_down: time(churn.meanDownMs), nodes: list(churn.nodes) }),
      faults: scenario.faults.map(faultTable),
      traffic: scenario.traffic.map(trafficTable),
      expect: table({
        delivered: expect.delivered,
        acknowledged: expect.acknowledged,
        median: time(expect.medianMs),
        p95: time(expect.p95Ms),
        p99: time(expect.p99Ms),
        alert_p95: time(expect.alertP95Ms),
        bytes_per_node_minute: expect.bytesPerNodeMinute,
        agreement: expect.agreement,
        segments: expect.segments,
        largest_segment: expect.largestSegment,
        findings: expect.findings,
      }),
    }),
  );
}
