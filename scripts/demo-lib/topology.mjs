// Which nodes the demo has and which radios join them, as data: a medium is one radio's reach, its members hear each
// other and nobody else. To join two nodes by something else, change LINES; for another kind add to SPECS and to carriers.mjs.
import { join } from 'node:path';
import { freeTcpPort, freeUdpPort } from './agent-process.mjs';

export const NODES = { min: 2, default: 5, max: 20 };
const DASHBOARD_PORT = 7070;
const NAMES = ['gate', 'yard', 'roof', 'dock', 'hall', 'fence', 'tower', 'garage', 'lobby', 'store'];

/** What joins each node to the next, by the number of nodes. With more than five, all further ones share the last medium. */
const LINES = {
  2: ['ble'],
  3: ['ble', 'serial'],
  4: ['ble', 'serial', 'udp'],
  5: ['ble', 'ble', 'serial', 'udp'],
};

/** Ten times the usual speed of a cable, so that what two links of BLE carry passes it, too. */
export const BAUD = 921_600;

/** How a member of a medium names its radio on the command line. A node has one controller for all its BLE links. */
const SPECS = {
  ble: (_medium, index, folder) => `ble:unix:${socketOf(folder, index)}`,
  serial: (medium, index, folder) => `serial:${endOf(folder, medium, index)}@${BAUD}`,
  // A discovery port of its own: who is not a member does not hear its beacons.
  udp: (medium) => `udp:${medium.port}@lo`,
};

const nameOf = (index) => NAMES[index] ?? `node-${index + 1}`;
/** The file's name is the controller's, and a reach is written `n1-n2`. */
const controllerOf = (index) => `n${index + 1}`;
const socketOf = (folder, index) => join(folder, `${controllerOf(index)}.sock`);
const endOf = (folder, { members }, index) =>
  join(folder, `tty-${members.map((at) => at + 1).join('-')}-n${index + 1}`);

/** Every second node has a camera, and there are two at least. */
const hasCamera = (index) => index % 2 === 0 || index === 1;

/**
 * The media of a mesh of `count`. A kind that cannot be had here, by `lacking`, gives way to UDP, and its media say so.
 * @returns {Promise<{kind: string, wanted: string, members: number[], port?: number}[]>}
 */
async function planMedia(count, lacking) {
  const wanted = LINES[Math.min(count, NODES.default)];
  const media = wanted.map((kind, index) => ({
    kind: lacking.has(kind) ? 'udp' : kind,
    wanted: kind,
    members: [index, index + 1],
  }));
  for (let index = wanted.length + 1; index < count; index++) media.at(-1).members.push(index);
  for (const medium of media) if (medium.kind === 'udp') medium.port = await freeUdpPort();
  return media;
}

/**
 * @param {number} count
 * @param {{folder: string, lacking?: ReadonlySet<string>}} options `folder`: where sockets and device files are to be
 * @returns {Promise<{mesh: string, media: {kind: string, wanted: string, members: number[]}[],
 *   nodes: {name: string, camera: boolean, httpPort: number, radios: string[], neighbours: Map<number, string>}[]}>}
 */
export async function planMesh(count, { folder, lacking = new Set() }) {
  const media = await planMedia(count, lacking);
  const httpPort = await freeTcpPort(DASHBOARD_PORT);
  const nodes = Array.from({ length: count }, (_, index) => ({
    name: nameOf(index),
    camera: hasCamera(index),
    // Only the first one's address is told to a person; the others take any.
    httpPort: index === 0 ? httpPort : 0,
    radios: radiosOf(media, index, folder),
    neighbours: neighboursOf(media, index),
  }));
  return { mesh: `demo-${process.pid}`, media, nodes };
}

export function radiosOf(media, index, folder) {
  const own = media.filter(({ members }) => members.includes(index));
  return [...new Set(own.map((medium) => SPECS[medium.kind](medium, index, folder)))];
}

/** Whom a node hears, and by which kind of radio. */
export function neighboursOf(media, index) {
  const own = media.filter(({ members }) => members.includes(index));
  return new Map(own.flatMap(({ kind, members }) => members.filter((at) => at !== index).map((at) => [at, kind])));
}

/** What has to stand around the agents: sockets of controllers and who hears whom, ends of cables. */
export function carriersOf(media, folder) {
  const ble = media.filter(({ kind }) => kind === 'ble');
  const controllers = [...new Set(ble.flatMap(({ members }) => members))];
  return {
    sockets: controllers.map((index) => socketOf(folder, index)),
    reach: ble.map(({ members }) => members.map(controllerOf).join('-')),
    cables: media
      .filter(({ kind }) => kind === 'serial')
      .map((medium) => medium.members.map((index) => endOf(folder, medium, index))),
  };
}

/** `gate ─ble─ yard ─serial─ dock ─udp─ hall fence`. */
export function lineText({ media, nodes }) {
  const parts = media.map(({ kind, members }) => {
    const [, ...others] = members;
    return ` ─${kind}─ ${others.map((index) => nodes[index].name).join(' ')}`;
  });
  return `${nodes[0].name}${parts.join('')}`;
}
