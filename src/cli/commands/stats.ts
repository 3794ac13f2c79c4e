import type { Command } from 'commander';
import type { Statistics } from '../../agent/statistics-contract.js';
import { connect, optionsOf, talksToAgent } from '../connect.js';
import { byteCount, forPeople, relative } from '../format.js';
import { facts, paint, say, sayJson, table } from '../output.js';

const heading = (text: string): string => `\n${paint('bold', text)}`;

function human(stats: Statistics): string {
  const { flood, delivery, engine, process: own, search, liveness } = stats;
  const refused = Object.entries(stats.refused);
  const messages = Object.entries(stats.messages);
  const queues = Object.entries(stats.queues);
  const lines = [
    facts([
      ['since', relative(stats.sinceAt)],
      [
        'flood',
        `${flood.originated} originated, ${flood.relayed} relayed, ${flood.suppressed} suppressed, ${flood.duplicates} duplicates`,
      ],
      [
        'delivery',
        `${delivery.delivered} delivered, ${delivery.expired} expired, ${delivery.retries} retries, ${forPeople(delivery.meanLatencyMs)} on average`,
      ],
      [
        'liveness',
        `${liveness.suspected} suspected, ${liveness.refuted} of them heard after all, ${liveness.nodesDead} given up; ${liveness.stalls} standstills of this node`,
      ],
      ['search', `${search.local} local, ${search.mesh} across the mesh`],
      ['engine', `${engine.steps} steps, median ${forPeople(engine.p50Ms)}, 99 % under ${forPeople(engine.p99Ms)}`],
      ['process', `${byteCount(own.rssBytes)} of memory, ${forPeople(own.cpuMs)} of CPU in ${forPeople(own.uptimeMs)}`],
    ]),
  ];
  if (messages.length > 0) {
    const columns = [
      { title: 'TYPE', value: ([type]: (typeof messages)[number]) => type, cut: true as const },
      { title: 'RECEIVED', value: ([, { received }]: (typeof messages)[number]) => received, right: true as const },
      { title: 'SENT', value: ([, { sent }]: (typeof messages)[number]) => sent, right: true as const },
    ];
    lines.push(heading('Messages'), table(columns, messages));
  }
  if (queues.length > 0) {
    const columns = [
      { title: 'QUEUE', value: ([name]: (typeof queues)[number]) => name, cut: true as const },
      { title: 'LENGTH', value: ([, { length }]: (typeof queues)[number]) => length, right: true as const },
      { title: 'LIMIT', value: ([, { limit }]: (typeof queues)[number]) => limit, right: true as const },
      { title: 'DROPPED', value: ([, { dropped }]: (typeof queues)[number]) => dropped, right: true as const },
    ];
    lines.push(heading('Queues'), table(columns, queues));
  }
  lines.push(heading('Refused frames'));
  lines.push(refused.length === 0 ? 'none' : facts(refused.map(([reason, count]) => [reason, count] as const)));
  return lines.join('\n');
}

export function define(command: Command): void {
  talksToAgent(command).action(async () => {
    const options = optionsOf(command);
    const stats = await connect(options).get<Statistics>('statistics');
    if (options.json) sayJson(stats);
    else say(human(stats));
  });
}
