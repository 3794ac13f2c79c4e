import { Counter, Gauge, Registry } from 'prom-client';
import type { Statistics, Status } from './contract.js';

type Labels = Readonly<Record<string, string | number>>;
type Values = readonly (readonly [Labels, number])[];

/** Prometheus text of what the agent counts, written anew at each scrape: nothing is counted twice. */
export async function metricsText(status: Status, statistics: Statistics): Promise<string> {
  const registry = new Registry();
  const config = (name: string, help: string, values: Values) => ({
    name: `edge_agent_${name}`,
    help,
    labelNames: Object.keys(values[0]?.[0] ?? {}),
    registers: [registry],
  });
  const gauge = (name: string, help: string, values: Values): void => {
    const metric = new Gauge(config(name, help, values));
    for (const [labels, value] of values) metric.set(labels, value);
  };
  const counter = (name: string, help: string, values: Values): void => {
    const metric = new Counter(config(`${name}_total`, help, values));
    for (const [labels, value] of values) metric.inc(labels, value);
  };
  const byKey = (label: string, counts: Readonly<Record<string, number>>): Values =>
    Object.entries(counts).map(([key, count]) => [{ [label]: key }, count]);

  const { nodeId: node, name, version, hotPath, peers } = status;
  gauge('info', 'The agent; always 1.', [[{ node, name, version, hot_path: `${hotPath.kind}/${hotPath.isa}` }, 1]]);
  gauge('start_time_seconds', 'When it started, Unix seconds.', [[{}, status.startedAt / 1_000]]);
  gauge('peers', 'Nodes known, by whether a path leads to them.', [
    [{ alive: 'true' }, peers.alive],
    [{ alive: 'false' }, peers.total - peers.alive],
  ]);
  gauge('detections', 'Live detections held here.', [[{}, status.detections.count]]);
  const radios = (value: (radio: Status['radios'][number]) => number): Values =>
    status.radios.map((radio) => [{ radio: radio.name }, value(radio)]);
  gauge('radio_up', 'Whether a radio works.', radios((radio) => (radio.condition === 'up' ? 1 : 0)));
  gauge('radio_links', 'Links to neighbours over a radio.', radios((radio) => radio.links));
  counter('radio_received_bytes', 'Bytes of frames heard over a radio.', radios((radio) => radio.counters.bytesIn));
  counter('radio_sent_bytes', 'Bytes of frames sent over a radio.', radios((radio) => radio.counters.bytesOut));
  const { process } = statistics;
  counter('refused', 'Input refused, by reason.', byKey('reason', statistics.refused));
  const types = Object.entries(statistics.messages);
  counter('messages_received', 'Messages received, by type.', types.map(([type, { received }]) => [{ type }, received]));
  counter('messages_sent', 'Messages sent, by type.', types.map(([type, { sent }]) => [{ type }, sent]));
  counter('flood_frames', 'Flooded frames, by what became of them.', byKey('fate', { ...statistics.flood }));
  const { delivered, expired, retries } = statistics.delivery;
  counter('delivery', 'Directed messages of this node, by outcome; and retries.', byKey('outcome', { delivered, expired, retries }));
  const lengths = Object.fromEntries(Object.entries(statistics.queues).map(([queue, { length }]) => [queue, length]));
  gauge('queue_length', 'Entries in bounded queues and tables.', byKey('queue', lengths));
  gauge('engine_step_ms', 'Time of one step of the engine, over the last thousand.', [
    [{ quantile: '0.5' }, statistics.engine.p50Ms],
    [{ quantile: '0.99' }, statistics.engine.p99Ms],
  ]);
  gauge('resident_memory_bytes', 'Memory of the process.', [[{}, process.rssBytes]]);
  counter('cpu_seconds', 'CPU time of the process.', [[{}, process.cpuMs / 1_000]]);
  return registry.metrics();
}
