import type { Command } from 'commander';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded only when the command is called, so that help and small commands start fast. */
  readonly load: () => Promise<{ define(command: Command): void }>;
}

/** Every command, in the order of `help`. Without a command: `run`. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'run', summary: 'run the agent of this device (the default)', load: () => import('./commands/run.js') },
  { name: 'status', summary: 'how the agent is', load: () => import('./commands/status.js') },
  {
    name: 'stats',
    summary: 'its counters: messages, refused frames, queues',
    load: () => import('./commands/stats.js'),
  },
  { name: 'peers', summary: 'the other nodes; add or remove one by hand', load: () => import('./commands/peers.js') },
  {
    name: 'routes',
    summary: 'how nodes are reached; pin or unpin a route',
    load: () => import('./commands/routes.js'),
  },
  {
    name: 'state',
    summary: 'the shared state of all nodes; set fields of this one',
    load: () => import('./commands/state.js'),
  },
  { name: 'radios', summary: 'the radios and what they carried', load: () => import('./commands/radios.js') },
  { name: 'detections', summary: 'push, list and erase detections', load: () => import('./commands/detections.js') },
  { name: 'search', summary: 'have we seen this?', load: () => import('./commands/search.js') },
  { name: 'alerts', summary: 'send, list and watch alerts', load: () => import('./commands/alerts.js') },
  { name: 'send', summary: 'send a message to a node or to all', load: () => import('./commands/send.js') },
  { name: 'query', summary: 'ask a node and wait for its response', load: () => import('./commands/query.js') },
  {
    name: 'trace',
    summary: 'the way a message takes to a node, and where it ends',
    load: () => import('./commands/trace.js'),
  },
  { name: 'ping', summary: 'how long a node takes to answer', load: () => import('./commands/ping.js') },
  { name: 'message', summary: 'the story of a message', load: () => import('./commands/message.js') },
  {
    name: 'why',
    summary: 'why a message was, or was not, delivered: its story',
    load: () => import('./commands/message.js'),
  },
  { name: 'events', summary: 'what happens, as it happens', load: () => import('./commands/events.js') },
  {
    name: 'simulate',
    summary: 'a mesh in virtual time: a scenario, or the figures the mesh is held to',
    load: () => import('./commands/simulate.js'),
  },
  {
    name: 'doctor',
    summary: 'what works on this device, what does not, and what mends it',
    load: () => import('./commands/doctor.js'),
  },
  {
    name: 'config',
    summary: 'explain the configuration, or print its schema',
    load: () => import('./commands/config.js'),
  },
];
