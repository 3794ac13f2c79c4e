import type { AlertView, DetectionRow, PeerView, StateView, StatisticsView, StatusView } from '../http/views.js';
import { type Column, el, table } from './dom.js';
import { ago, brief, bytes, duration, fixed, kindOf, number, shortId, timeOf } from './format.js';

/** The lowest battery that is no worry, in per cent, and the highest temperature, in degrees. */
const BATTERY_LOW = 20;
const TEMPERATURE_HIGH = 75;

export type DetectionLine = Pick<DetectionRow, 'hash' | 'type' | 'node' | 'observedAt'>;

const fact = (title: string, value: string, more: string): HTMLElement =>
  el('div', {}, el('dt', {}, title), el('dd', {}, value, el('span', { class: 'more' }, more)));

export function factsOf(
  status: StatusView,
  statistics: StatisticsView | undefined,
  nowMs: number,
): readonly HTMLElement[] {
  const up = status.radios.filter((radio) => radio.condition === 'up').length;
  const memory = statistics === undefined ? '' : `${bytes(statistics.process.rssBytes)} in memory`;
  return [
    fact('State', status.state, `mesh ${status.mesh.name}${status.mesh.open ? ', open' : ''}`),
    fact(
      'Peers alive',
      `${number(status.peers.alive)} of ${number(status.peers.total)}`,
      `${up} of ${status.radios.length} radios up`,
    ),
    ...(status.segment === undefined ? [] : [segmentFact(status.segment)]),
    fact(
      'Detections',
      number(status.detections.count),
      status.storage.condition === 'ok' ? 'storage ok' : `storage ${status.storage.condition}`,
    ),
    fact('Running for', duration(nowMs - status.startedAt), memory),
    fact('Hot path', status.hotPath.kind, status.hotPath.reason ?? status.hotPath.isa),
    ...(statistics === undefined ? [] : [deliveryFact(statistics)]),
  ];
}

/** Peers are then those of the segment: the rest of the mesh is told in numbers. */
const segmentFact = ({ head, members, segments, nodes }: NonNullable<StatusView['segment']>): HTMLElement =>
  fact(
    'Segments',
    number(segments),
    `${number(nodes)} nodes; ${head === undefined ? 'this node is in none yet' : `${number(members)} in this one, ${shortId(head)} speaks for it`}`,
  );

const deliveryFact = ({ delivery }: StatisticsView): HTMLElement =>
  fact(
    'Delivered',
    number(delivery.delivered),
    `${fixed(delivery.meanLatencyMs, 1, ' ms')} mean, ${number(delivery.expired)} expired`,
  );

interface NodeRow {
  readonly nodeId: string;
  readonly name: string;
  readonly self: boolean;
  readonly alive: boolean;
  readonly hops: number;
  readonly links: PeerView['links'];
  readonly lastSeenAt: number;
  readonly state: StateView | null;
}

const aliveText = ({ self, alive }: NodeRow): HTMLElement =>
  self
    ? el('span', { class: 'good nowrap' }, '★ this node')
    : el('span', { class: `${alive ? 'good' : 'bad'} nowrap` }, alive ? '✓ alive' : '✕ offline');

const radiosOf = (row: NodeRow): readonly (HTMLElement | string)[] =>
  row.links.length === 0
    ? ['–']
    : row.links.map((link) => el('span', { class: `radio ${kindOf(link.radio)}` }, `${kindOf(link.radio)} `));

const best = (links: PeerView['links']): number | undefined => {
  const measured = links.flatMap((link) => (link.rttMs === undefined ? [] : [link.rttMs]));
  return measured.length === 0 ? undefined : Math.min(...measured);
};

const quality = (links: PeerView['links']): number | undefined =>
  links.length === 0 ? undefined : Math.max(...links.map((link) => link.quality)) * 100;

function batteryOf(state: StateView | null): HTMLElement | string {
  const { battery, charging } = state ?? {};
  if (battery === undefined) return '–';
  const low = battery < BATTERY_LOW && charging !== true;
  return el(
    'span',
    { class: low ? 'bad' : '' },
    `${low ? '⚠ ' : ''}${fixed(battery, 0, ' %')}${charging ? ' ⚡' : ''}`,
  );
}

function temperatureOf(state: StateView | null): HTMLElement | string {
  const { temperature } = state ?? {};
  if (temperature === undefined) return '–';
  const hot = temperature > TEMPERATURE_HIGH;
  return el('span', { class: hot ? 'bad' : '' }, `${hot ? '⚠ ' : ''}${fixed(temperature, 0, ' °C')}`);
}

const hopsOf = ({ self, hops }: NodeRow): string => (self ? '0' : hops === 0 ? 'no path' : String(hops));

export function nodesTable(
  status: StatusView,
  own: StateView | null,
  peers: readonly PeerView[],
  nowMs: number,
): HTMLElement {
  const self = { ...status, self: true, alive: true, hops: 0, links: [], lastSeenAt: nowMs, state: own };
  const others = peers.map((peer) => ({ ...peer, self: false }));
  others.sort((a, b) => Number(b.alive) - Number(a.alive) || a.hops - b.hops || a.name.localeCompare(b.name));
  const columns: readonly Column<NodeRow>[] = [
    { title: 'Node', cell: (row) => [row.name, el('span', { class: 'sub mono' }, row.nodeId)] },
    { title: 'Status', cell: aliveText },
    { title: 'Radio', cell: radiosOf },
    { title: 'Hops', cell: hopsOf, className: 'number' },
    { title: 'Round trip', cell: (row) => fixed(best(row.links), 1, ' ms'), className: 'number' },
    { title: 'Quality', cell: (row) => fixed(quality(row.links), 0, ' %'), className: 'number' },
    { title: 'FPS', cell: (row) => fixed(row.state?.fps, 1, ''), className: 'number' },
    { title: 'Battery', cell: (row) => batteryOf(row.state), className: 'number' },
    { title: 'CPU', cell: (row) => fixed(row.state?.cpu, 0, ' %'), className: 'number' },
    { title: 'Temp.', cell: (row) => temperatureOf(row.state), className: 'number' },
    { title: 'Last seen', cell: (row) => ago(row.lastSeenAt, nowMs), className: 'number' },
  ];
  return table('Nodes of the mesh', columns, [self, ...others], 'No node is known.', {
    narrowCards: true,
    rowClass: (row) => (row.alive ? '' : 'off'),
  });
}

export function radiosTable(status: StatusView): HTMLElement {
  const columns: readonly Column<StatusView['radios'][number]>[] = [
    { title: 'Radio', cell: (radio) => [radio.name, el('span', { class: 'sub' }, radio.addresses.join(', '))] },
    { title: 'State', cell: conditionOf },
    { title: 'Links', cell: (radio) => number(radio.links), className: 'number' },
    { title: 'Traffic', cell: trafficOf, className: 'number' },
    { title: 'Errors', cell: (radio) => number(radio.counters.errors), className: 'number' },
  ];
  return table('Radios of this node', columns, status.radios, 'This node has no radio.', { narrowCards: true });
}

const trafficOf = ({ counters }: StatusView['radios'][number]): readonly HTMLElement[] => [
  el('div', {}, `${bytes(counters.bytesIn)} in`),
  el('div', {}, `${bytes(counters.bytesOut)} out`),
];

function conditionOf({ condition, reason }: StatusView['radios'][number]): readonly HTMLElement[] {
  const sign = { up: '✓ up', retrying: '↻ retrying', down: '✕ down' }[condition];
  const colour = { up: 'good', retrying: 'warned', down: 'bad' }[condition];
  const why = reason === undefined ? [] : [el('span', { class: 'sub' }, reason)];
  return [el('span', { class: `${colour} nowrap` }, sign), ...why];
}

export function detectionsTable(
  lines: readonly DetectionLine[],
  names: ReadonlyMap<string, string>,
  nowMs: number,
): HTMLElement {
  const columns: readonly Column<DetectionLine>[] = [
    { title: 'Type', cell: (line) => line.type },
    { title: 'Hash', cell: (line) => el('span', { class: 'mono', title: line.hash }, shortId(line.hash)) },
    { title: 'Seen by', cell: (line) => names.get(line.node) ?? shortId(line.node) },
    { title: 'When', cell: (line) => ago(line.observedAt, nowMs), className: 'number' },
  ];
  return table('Latest detections', columns, lines, 'Nothing has been detected yet. Push one to /api/v1/detections.');
}

export function refusedTable(statistics: StatisticsView): HTMLElement {
  const rows = Object.entries(statistics.refused).filter(([, count]) => count > 0);
  rows.sort((a, b) => b[1] - a[1]);
  const columns: readonly Column<readonly [string, number]>[] = [
    { title: 'Reason', cell: ([reason]) => reason },
    { title: 'Frames', cell: ([, count]) => number(count), className: 'number' },
  ];
  return table('Frames refused, by reason', columns, rows, 'None since the start.');
}

export function alertItem(alert: AlertView, names: ReadonlyMap<string, string>): HTMLElement {
  const payload = alert.payload === null ? [] : [el('div', { class: 'mono quiet' }, brief(alert.payload, 240))];
  return el(
    'li',
    { class: alert.priority },
    el('span', { class: 'tag' }, alert.priority),
    el('strong', {}, alert.type),
    el('div', { class: 'quiet' }, `${names.get(alert.node) ?? shortId(alert.node)}, ${timeOf(alert.raisedAt)}`),
    ...payload,
  );
}
