import { Counter, Gauge, Registry } from 'prom-client';
import type { Status } from './contract.js';
import type { Statistics } from './statistics-contract.js';

type Labels = Readonly<Record<string, string | number>>;
type Values = readonly (readonly [Labels, number])[];

/** Prometheus text of what the agent counts, written anew at each scrape: nothing is counted twice. */
export async function metricsText(status: Status, statistics: Statistics): Promise<string> {
  const registry = new Registry();
  const page = new MetricsPage(registry);
  writeNode(page, status, statistics);
  writeTraffic(page, status, statistics);
  return registry.metrics();
}

class MetricsPage {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  gauge(name: string, help: string, values: Values): void {
    const metric = new Gauge(this.#config(name, help, values));
    for (const [labels, value] of values) metric.set(labels, value);
  }

  counter(name: string, help: string, values: Values): void {
    const metric = new Counter(this.#config(`${name}_total`, help, values));
    for (const [labels, value] of values) metric.inc(labels, value);
  }

  #config(name: string, help: string, values: Values) {
    return {
      name: `edge_agent_${name}`,
      help,
      labelNames: Object.keys(values[0]?.[0] ?? {}),
      registers: [this.#registry],
    };
  }
}

const byKey = (label: string, counts: Readonly<Record<string, number>>): Values =>
  Object.entries(counts).map(([key, count]) => [{ [label]: key }, count]);

function writeNode(page: MetricsPage, status: Status, statistics: Statistics): void {
  const { nodeId: node, name, version, hotPath, peers } = status;
  const { process, engine } = statistics;
  page.gauge('info', 'The agent; always 1.', [
    [{ node, name, version, hot_path: `${hotPath.kind}/${hotPath.isa}` }, 1],
  ]);
  page.gauge('start_time_seconds', 'When it started, Unix seconds.', [[{}, status.startedAt / 1_000]]);
  page.gauge('peers', 'Nodes known, by whether a path leads to them.', [
    [{ alive: 'true' }, peers.alive],
    [{ alive: 'false' }, peers.total - peers.alive],
  ]);
  const { segment } = status;
  if (segment) {
    page.gauge('segments', 'Segments of a mesh too large to be one.', [[{}, segment.segments]]);
    page.gauge('segment_nodes', 'Nodes of this segment, and of all.', [
      [{ of: 'own' }, segment.members],
      [{ of: 'mesh' }, segment.nodes],
    ]);
  }
  page.gauge('detections', 'Live detections held here.', [[{}, status.detections.count]]);
  page.gauge('storage_ok', 'Whether writes reach the disk.', [[{}, status.storage.condition === 'ok' ? 1 : 0]]);
  const { pulse } = status;
  page.gauge('clock_offset_ms', "Mesh time less this node's own clock.", [[{ source: pulse.source }, pulse.offsetMs]]);
  page.gauge('clock_interval_ms', 'Within what the mesh time is known.', [[{}, pulse.latestAt - pulse.earliestAt]]);
  page.gauge('clocks', 'Clocks known, by whether they agree.', [
    [{ agree: 'true' }, pulse.agreeing],
    [{ agree: 'false' }, pulse.clocks - pulse.agreeing],
  ]);
  page.gauge('engine_step_ms', 'Time of one step of the engine, over the last thousand.', [
    [{ quantile: '0.5' }, engine.p50Ms],
    [{ quantile: '0.99' }, engine.p99Ms],
  ]);
  page.gauge('resident_memory_bytes', 'Memory of the process.', [[{}, process.rssBytes]]);
  page.counter('cpu_seconds', 'CPU time of the process.', [[{}, process.cpuMs / 1_000]]);
}

function writeTraffic(page: MetricsPage, status: Status, statistics: Statistics): void {
  const radios = (value: (radio: Status['radios'][number]) => number): Values =>
    status.radios.map((radio) => [{ radio: radio.name }, value(radio)]);
  page.gauge(
    'radio_up',
    'Whether a radio works.',
    radios((radio) => (radio.condition === 'up' ? 1 : 0)),
  );
  page.gauge(
    'radio_links',
    'Links to neighbours over a radio.',
    radios((radio) => radio.links),
  );
  page.counter(
    'radio_received_bytes',
    'Bytes of frames heard over a radio.',
    radios((radio) => radio.counters.bytesIn),
  );
  page.counter(
    'radio_sent_bytes',
    'Bytes of frames sent over a radio.',
    radios((radio) => radio.counters.bytesOut),
  );
  page.counter(
    'radio_airtime_seconds',
    'Time on the air that frames took, by radio and priority.',
    status.radios.flatMap(({ name, airtimeMs }) =>
      Object.entries(airtimeMs).map(([priority, ms]) => [{ radio: name, priority }, ms / 1_000] as const),
    ),
  );
  page.counter('refused', 'Input refused, by reason.', byKey('reason', statistics.refused));
  const types = Object.entries(statistics.messages);
  page.counter(
    'messages_received',
    'Messages received, by type.',
    types.map(([type, { received }]) => [{ type }, received]),
  );
  page.counter(
    'messages_sent',
    'Messages sent, by type.',
    types.map(([type, { sent }]) => [{ type }, sent]),
  );
  page.counter('flood_frames', 'Flooded frames, by what became of them.', byKey('fate', { ...statistics.flood }));
  const { delivered, expired, retries } = statistics.delivery;
  page.counter(
    'delivery',
    'Directed messages of this node, by outcome; and retries.',
    byKey('outcome', { delivered, expired, retries }),
  );
  writeKept(page, statistics);
  const { unwell, ...watched } = statistics.liveness;
  page.counter('liveness', 'What watching neighbours took and found.', byKey('event', watched));
  page.gauge('unwell', 'From 0, when well, to 8: how much this node doubts itself.', [[{}, unwell]]);
  const lengths = Object.fromEntries(Object.entries(statistics.queues).map(([queue, { length }]) => [queue, length]));
  page.gauge('queue_length', 'Entries in bounded queues and tables.', byKey('queue', lengths));
}

function writeKept(page: MetricsPage, { custody, transfers, classes, hops }: Statistics): void {
  const { own, others, receipts, ...fates } = custody;
  page.counter('custody', 'Messages kept for nodes that are away, by what became of them.', byKey('fate', fates));
  const { sending, receiving, ...chunks } = transfers;
  page.counter('transfers', 'Payloads that go in chunks: their chunks, bytes and ends.', byKey('what', chunks));
  const waiting = { own, others, sending, receiving };
  page.gauge(
    'waiting_messages',
    'Messages that wait here.',
    Object.entries(waiting).map(([what, { messages }]) => [{ what }, messages]),
  );
  page.gauge(
    'waiting_bytes',
    'Bytes of messages that wait here.',
    Object.entries(waiting).map(([what, { bytes }]) => [{ what }, bytes]),
  );
  page.gauge('waiting_receipts', 'Receipts that wait for an origin to come into reach.', [[{}, receipts]]);
  const byClass = Object.entries(classes);
  page.gauge(
    'queued_frames',
    'Frames that wait for links, by priority.',
    byClass.map(([priority, { queued }]) => [{ priority }, queued]),
  );
  page.counter(
    'dropped_frames',
    'Frames that found no place in the queue of a link, by priority.',
    byClass.map(([priority, { dropped }]) => [{ priority }, dropped]),
  );
  page.counter('hop_frames', 'Frames to neighbours, by what became of them.', byKey('fate', hops));
}
