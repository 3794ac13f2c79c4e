import type { Command } from 'commander';
import type { LinkStatistics, Statistics } from '../../agent/statistics-contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { byteCount, forPeople, plural, relative, times } from '../format.js';
import { type Column, facts, paint, say, sayJson, table } from '../output.js';
import { segmentText } from '../views.js';

const heading = (text: string): string => `\n${paint('bold', text)}`;

/** A table under its heading, or nothing. */
const section = <Row>(title: string, columns: readonly Column<Row>[], rows: readonly Row[]): string[] =>
  rows.length === 0 ? [] : [heading(title), table(columns, rows)];

const number = <Row>(title: string, value: (row: Row) => string | number | undefined): Column<Row> => ({
  title,
  value,
  right: true,
});

function totals(stats: Statistics): string {
  const { flood, delivery, engine, process: own, search, liveness, custody, transfers, hops, peers, links } = stats;
  return facts([
    ['since', relative(stats.sinceAt)],
    ['peers', `${peers.alive} alive of ${peers.total}`],
    ['segment', segmentText(stats.segment)],
    [
      'flood',
      `${flood.originated} originated, ${flood.relayed} relayed, ${flood.suppressed} suppressed, ${flood.duplicates} duplicates`,
    ],
    [
      'delivery',
      `${delivery.delivered} acknowledged, ${delivery.expired} expired while they were tried, ${delivery.retries} retries, ${forPeople(delivery.meanLatencyMs)} on average`,
    ],
    [
      'hops',
      `${hops.sent} frames sent, ${hops.retransmitted} sent again, ${hops.diverted} another way, ${hops.failed} given up`,
    ],
    [
      'custody',
      `${custody.kept} kept for others, ${custody.handedOn} left with others, ${custody.givenUp + custody.refusedFull} for want of room; of those that waited here ${custody.delivered} delivered, ${custody.expired} expired, ${custody.refused} refused`,
    ],
    [
      'transfers',
      `${transfers.done} sent, ${transfers.received} received; ${byteCount(transfers.bytesOut)} out, ${byteCount(transfers.bytesIn)} in, ${transfers.repeated} chunks repeated`,
    ],
    [
      'liveness',
      `${liveness.suspected} suspected, ${liveness.refuted} of them heard after all, ${liveness.nodesDead} given up; ${liveness.stalls} standstills of this node`,
    ],
    [
      'links',
      `went down ${times(links.flaps)}; ${plural(links.damped, 'time')} one came and went too often; ${links.replaced} made room`,
    ],
    ['search', `${search.local} local, ${search.mesh} across the mesh`],
    ['engine', `${engine.steps} steps, median ${forPeople(engine.p50Ms)}, 99 % under ${forPeople(engine.p99Ms)}`],
    ['process', `${byteCount(own.rssBytes)} of memory, ${forPeople(own.cpuMs)} of CPU in ${forPeople(own.uptimeMs)}`],
  ]);
}

interface NeighbourRow extends LinkStatistics {
  readonly neighbour: string;
}

function neighbourRows({ peers }: Statistics): NeighbourRow[] {
  return peers.neighbours.flatMap(({ nodeId, name, links }) =>
    links.map((link) => ({ neighbour: name === '' ? nodeId : name, ...link })),
  );
}

const NEIGHBOURS: readonly Column<NeighbourRow>[] = [
  { title: 'NEIGHBOUR', value: ({ neighbour }) => neighbour },
  { title: 'RADIO', value: ({ radio }) => radio, cut: true },
  number('RTT', ({ rttMs }) => (rttMs === undefined ? undefined : forPeople(rttMs))),
  number('COST', ({ cost }) => cost),
  number('OUT', ({ bytesOut }) => byteCount(bytesOut)),
  number('IN', ({ bytesIn }) => byteCount(bytesIn)),
  number('AGAIN', ({ retransmitted }) => retransmitted),
  number('GIVEN UP', ({ failed }) => failed),
  number('QUEUED', ({ queued }) => queued),
  number('DROPPED', ({ dropped }) => dropped),
];

type Kept = readonly [string, Statistics['custody']['own']];

function keptRows({ custody, transfers }: Statistics): Kept[] {
  const all: Kept[] = [
    ['own messages', custody.own],
    ['kept for others', custody.others],
    ['large, on the way', transfers.sending],
    ['large, coming in', transfers.receiving],
  ];
  return all.filter(([, { messages }]) => messages > 0);
}

const KEPT: readonly Column<Kept>[] = [
  { title: 'WAITING', value: ([what]) => what },
  number('MESSAGES', ([, { messages, messagesMax }]) => `${messages} of ${messagesMax}`),
  number('BYTES', ([, { bytes, bytesMax }]) => `${byteCount(bytes)} of ${byteCount(bytesMax)}`),
];

type Named<Value> = readonly [name: string, value: Value];

const MESSAGES: readonly Column<Named<Statistics['messages'][string]>>[] = [
  { title: 'TYPE', value: ([type]) => type, cut: true },
  number('RECEIVED', ([, { received }]) => received),
  number('SENT', ([, { sent }]) => sent),
];

const CLASSES: readonly Column<Named<Statistics['classes']['low']>>[] = [
  { title: 'PRIORITY', value: ([priority]) => priority },
  number('QUEUED', ([, { queued }]) => queued),
  number('DROPPED', ([, { dropped }]) => dropped),
];

const QUEUES: readonly Column<Named<Statistics['queues'][string]>>[] = [
  { title: 'QUEUE', value: ([name]) => name, cut: true },
  number('LENGTH', ([, { length }]) => length),
  number('LIMIT', ([, { limit }]) => limit),
  number('DROPPED', ([, { dropped }]) => dropped),
];

function human(stats: Statistics): string {
  const refused = Object.entries(stats.refused);
  return [
    totals(stats),
    ...section('Messages', MESSAGES, Object.entries(stats.messages)),
    ...section('Neighbours', NEIGHBOURS, neighbourRows(stats)),
    ...section('Waiting to be delivered', KEPT, keptRows(stats)),
    ...section('Frames for links', CLASSES, Object.entries(stats.classes)),
    ...section('Queues', QUEUES, Object.entries(stats.queues)),
    heading('Refused frames'),
    refused.length === 0 ? 'none' : facts(refused.map(([reason, count]) => [reason, count] as const)),
  ].join('\n');
}

export function define(command: Command): void {
  talksToAgent(command).action(async () => {
    const options = optionsOf(command);
    const stats = await connect(options).get<Statistics>('statistics');
    if (options.json) sayJson(stats);
    else say(human(stats));
  });
}
