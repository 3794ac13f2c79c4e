import { hlcMs } from '../core/hlc.js';
import type { NodeId } from '../core/ids.js';
import type { Carrier } from '../mesh/carrier.js';
import type { Link } from '../mesh/links.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Radio, RadioCondition } from '../ports/radio.js';
import type { NodeSnapshot } from '../replication/node-state.js';
import type { Alert } from '../services/alerts/alerts.js';
import type { NodeFields, NodeState, Peer, PeerLink, RadioStatus, Status, WaitingAddress } from './contract.js';
import type { RouteView } from './routes-contract.js';
import type { Runner } from './runner.js';
import type { MessageStory } from './story-contract.js';

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

export function stateView(snapshot: NodeSnapshot): NodeState {
  const fields: Record<string, number | boolean> = {};
  // Values travel as 32-bit floats: what a person set to 0.1 is to read 0.1.
  for (const [key, value] of Object.entries(snapshot.fields))
    fields[key] = typeof value === 'number' ? round(value, 3) : value;
  const custom = Object.keys(snapshot.custom).length > 0 ? { custom: { ...snapshot.custom } } : {};
  return {
    version: snapshot.counter,
    updatedAt: Math.floor(snapshot.updatedAtMs || hlcMs(snapshot.hlc)),
    condition: snapshot.condition,
    ...(fields as NodeFields),
    ...custom,
  };
}

/** Frames of another key say so for this long. */
const FOREIGN_MS = 60_000;
const FOREIGN = {
  detail: 'frames of another mesh or key are heard',
  fix: 'give both sides the same --mesh; edge-agent config explain mesh shows the one here',
};

/** How a radio works or why it reaches nobody, and what mends it; what keeps it from working is its `reason`. */
export function standingView(
  { standing }: Radio,
  condition: RadioCondition,
  carrier: Pick<Carrier, 'linksUp' | 'foreignAt'> | undefined,
  nowMs: number,
): Pick<RadioStatus, 'mode' | 'detail' | 'fix'> {
  const { mode, detail, fix } = standing ?? {};
  const way = mode !== undefined && { mode };
  if (condition !== 'up') return fix === undefined ? {} : { fix };
  const isForeign = carrier?.foreignAt !== undefined && nowMs - carrier.foreignAt < FOREIGN_MS;
  if (isForeign && carrier.linksUp === 0) return { ...way, ...FOREIGN };
  return { ...way, ...(detail !== undefined && { detail }), ...(fix !== undefined && { fix }) };
}

export function airtimeView(byPriority: readonly number[] | undefined): RadioStatus['airtimeMs'] {
  const [critical = 0, high = 0, medium = 0, low = 0] = (byPriority ?? []).map(Math.round);
  return { critical, high, medium, low };
}

export function waitingView(mesh: Mesh): Status['waiting'] {
  const { frames = 0, own = 0, kept = 0, transfersOut = 0, transfersIn = 0 } = mesh.queues();
  return { own, others: kept, sending: transfersOut, receiving: transfersIn, frames };
}

export function peerViews(mesh: Mesh, runner: Runner): Peer[] {
  return [...mesh.peers.all()].map((node) => peerView(mesh, runner, node));
}

export function addressViews(mesh: Mesh, runner: Runner): WaitingAddress[] {
  const now = runner.now();
  const views: WaitingAddress[] = [];
  for (const { carrier, address, expected, tries, nextAt } of mesh.manual.all()) {
    if (mesh.links.find(carrier, address)?.phase === 'up') continue;
    views.push({
      address,
      radio: runner.radios[carrier]?.radio.name ?? '',
      ...(expected !== undefined && { nodeId: expected }),
      tries,
      nextTryAt: Math.floor(now.wall + Math.max(0, nextAt - now.mono)),
    });
  }
  return views;
}

function peerView(mesh: Mesh, runner: Runner, node: NodeId): Peer {
  const now = runner.now();
  const toWall = (mono: number): number => Math.floor(now.wall - (now.mono - mono));
  const snapshot = mesh.states.get(node);
  const alive = mesh.peers.isAlive(node);
  const up = mesh.links.upTo(node);
  const links = up.map((link) => linkView(link, toWall));
  const heard = links.map((link) => link.lastHeardAt);
  const lastSeen = mesh.peers.lastSeen(node);
  const state = snapshot ? stateView(snapshot) : null;
  return {
    nodeId: node,
    name: snapshot?.name ?? '',
    alive,
    ...(up.length > 0 && up.every(({ suspect }) => suspect) && { suspect: true }),
    hops: mesh.routing.path(node)?.hops ?? 0,
    lastSeenAt: Math.max(...heard, lastSeen ? toWall(lastSeen.mono) : 0),
    links,
    state: state && !alive ? { ...state, condition: 'offline' } : state,
  };
}

function linkView(link: Link, toWall: (mono: number) => number): PeerLink {
  return {
    radio: link.carrier.name,
    address: link.address,
    ...(link.rttMs !== undefined && { rttMs: round(link.rttMs, 2) }),
    quality: round(link.quality, 3),
    lastHeardAt: toWall(link.lastHeard.mono),
    ...(link.suspect && { suspect: true }),
    ...(link.damped && { flapping: true }),
  };
}

export function routeViews(mesh: Mesh, runner: Runner, ttlMs: number): RouteView[] {
  const now = runner.now();
  return mesh.routing.entries(now).map((entry) => ({
    destination: entry.destination,
    nextHop: entry.nextHop,
    cost: entry.cost,
    radio: entry.link?.carrier.name ?? '',
    expiresAt:
      entry.pinned || !entry.link
        ? 0
        : Math.floor(now.wall + (entry.expiresAtMono === undefined ? ttlMs : entry.expiresAtMono - now.mono)),
    pinned: entry.pinned,
    hops: entry.hops,
    confirmed: mesh.routing.path(entry.destination) !== undefined,
    ...(entry.pin && {
      pin: { nextHop: entry.pin.nextHop, ...(entry.pin.cost !== undefined && { cost: entry.pin.cost }) },
    }),
    alternatives: entry.ways
      .filter(({ nextHop }) => nextHop !== entry.nextHop)
      .map(({ nextHop, link, cost, feasible }) => ({ nextHop, radio: link.carrier.name, cost, feasible })),
  }));
}

/** An alert as a message's story: it goes to all, so it is sent or received and never "delivered", and goes on to who comes later. */
export function alertStory(alert: Alert, self: string): MessageStory {
  const { alertId, node, priority, type, raisedAt, receivedAt } = alert;
  const isOwn = node === self;
  const event = isOwn
    ? { happenedAt: raisedAt, what: 'sent', detail: 'to every node; for 24 h also to those that come into reach' }
    : { happenedAt: receivedAt, what: 'received', node, detail: 'an alert of that node: ask it when it was sent' };
  const condition = isOwn ? 'sent' : 'received';
  return { messageId: alertId, to: '*', type, priority, condition, createdAt: raisedAt, events: [event] };
}
