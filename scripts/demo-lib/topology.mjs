// Which nodes the demo has and which radios join them, as data: a medium is one radio's reach, its members hear each
// other. To join two nodes by something else, add a kind to SPECS and a medium to the plan.
import { freeTcpPort, freeUdpPort } from './agent-process.mjs';

export const NODES = { min: 2, default: 5, max: 20 };
const DASHBOARD_PORT = 7070;
const NAMES = ['gate', 'yard', 'roof', 'dock', 'hall', 'fence', 'tower', 'garage', 'lobby', 'store'];

/** How a member of a medium names its radio on the command line. */
const SPECS = {
  udp: (medium) => `udp:${medium.port}@lo`,
};

const nameOf = (index) => NAMES[index] ?? `node-${index + 1}`;

/** Every second node has a camera, and there are two at least. */
const hasCamera = (index) => index % 2 === 0 || index === 1;

/**
 * @returns {Promise<{mesh: string, media: {kind: string, members: number[]}[],
 *   nodes: {name: string, camera: boolean, httpPort: number, radios: string[]}[]}>}
 */
export async function planMesh(count) {
  const media = [
    { kind: 'udp', port: await freeUdpPort(), members: Array.from({ length: count }, (_, index) => index) },
  ];
  const httpPort = await freeTcpPort(DASHBOARD_PORT);
  const nodes = Array.from({ length: count }, (_, index) => ({
    name: nameOf(index),
    camera: hasCamera(index),
    // Only the first one's address is told to a person; the others take any.
    httpPort: index === 0 ? httpPort : 0,
    radios: radiosOf(media, index),
  }));
  return { mesh: `demo-${process.pid}`, media, nodes };
}

export function radiosOf(media, index) {
  return media.filter(({ members }) => members.includes(index)).map((medium) => SPECS[medium.kind](medium));
}
