// The demo's findings, for people.
import { bytesText, table } from './table.mjs';

const right = (title) => ({ title, right: true });

export function summaryText({ nodes, radios, searches, alerts, checks, faults, faultCount, seconds }) {
  const nodeTable = table(
    [
      { title: 'NODE' },
      { title: 'ID' },
      right('PEERS'),
      right('PUSHED'),
      right('HELD'),
      right('ALERTS'),
      ...radios.map(({ radio }) => right(`${radio.toUpperCase()} IN / OUT`)),
      { title: 'DASHBOARD' },
    ],
    nodes.map((node) => [
      node.name,
      node.nodeId,
      node.peers,
      node.pushed,
      node.held,
      node.alertsHeard,
      ...radios.map(({ radio }) => traffic(node, radio)),
      node.url,
    ]),
  );
  const radioTable = table(
    [
      { title: 'RADIO' },
      right('LINKS'),
      right('FRAMES OUT'),
      right('BYTES OUT'),
      right('FRAMES IN'),
      right('BYTES IN'),
    ],
    radios.map((radio) => [
      radio.radio,
      radio.links,
      radio.framesOut,
      bytesText(radio.bytesOut),
      radio.framesIn,
      bytesText(radio.bytesIn),
    ]),
  );
  const hidden = faultCount - faults.length;
  return [
    '',
    nodeTable,
    '',
    radioTable,
    '',
    `${seconds} s; ${searches.answered} of ${searches.asked} searches answered by all, median ${searches.medianMs.toFixed(0)} ms; ${alerts.raised} alerts raised`,
    '',
    ...checks.map(({ what, ok, detail }) => `${ok ? '✔' : '✘'} ${what}: ${detail}`),
    ...faults.map((fault) => `  ✘ ${fault}`),
    ...(hidden > 0 ? [`  … and ${hidden} more`] : []),
  ].join('\n');
}

const sum = (items, key) => items.reduce((total, item) => total + item[key], 0);

/** Bytes in and out over one kind of radio; nothing where the node has none. */
function traffic(node, kind) {
  const own = node.radios.filter((radio) => radio.kind === kind);
  return own.length === 0 ? '' : `${bytesText(sum(own, 'bytesIn'))} / ${bytesText(sum(own, 'bytesOut'))}`;
}
