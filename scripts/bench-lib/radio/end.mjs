// One end of a link, as a process: node end.mjs '{"kind":"ble","variant":"own","role":"near","place":"…"}'.
// The parent says what to do over the channel between them, and gets the figures.
import { Conversation } from './conversation.mjs';

/**
 * @typedef {object} Setup
 * @property {'ble' | 'serial' | 'udp'} kind
 * @property {'own' | 'bare'} variant
 * @property {'near' | 'far'} role
 * @property {string | number} place a socket, a device file, or the discovery port
 * @property {number} [baud]
 *
 * @typedef {(setup: Setup, heard: (bytes: Uint8Array) => void) => Promise<{
 *   address?: string | number, linked(peer?: string | number): Promise<number>,
 *   send(bytes: Uint8Array): boolean, close(): unknown}>} OpenEnd `linked` answers the largest frame
 */

const OPEN = {
  own: async () => (await import('./own-radio.mjs')).openOwnRadio,
  bare: async () => (await import('./bare-ends.mjs')).openBareEnd,
};

const setup = JSON.parse(process.argv[2]);
const open = await OPEN[setup.variant]();
let conversation;
const end = await open(setup, (bytes) => conversation?.heard(bytes));
conversation = new Conversation((bytes) => end.send(bytes));

const cpuUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const COMMANDS = {
  link: ({ peer }) => end.linked(peer),
  cpu: cpuUs,
  flow: ({ bytes, forMs, window }) => conversation.flow(bytes, forMs, window),
  ask: ({ bytes, forMs }) => conversation.ask(bytes, forMs),
};

process.on('message', async (command) => {
  try {
    process.send({ result: await COMMANDS[command.does](command) });
  } catch (error) {
    process.send({ error: error.message });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ result: end.address ?? null });
