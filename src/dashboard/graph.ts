import type { PeerView, RouteRow, StatusView } from '../http/views.js';
import { el, svg } from './dom.js';
import { fixed, kindOf } from './format.js';
import { type Placed, placeNodes } from './layout.js';

/** Nodes drawn; the table has them all. */
const NODES_DRAWN = 60;
const RING_PX = 120;
const DOT_PX = 13;
const KINDS = ['udp', 'ble', 'serial', 'quic', 'memory'];

const kindClass = (radio: string): string => KINDS.find((kind) => kind === kindOf(radio)) ?? 'memory';

interface Picture {
  readonly picture: SVGElement;
  readonly kinds: readonly string[];
}

/** Who is reached over what: solid to dotted lines are this node's own links, by radio; thin dashes are routes. */
export function drawGraph(status: StatusView, peers: readonly PeerView[], routes: readonly RouteRow[]): Picture {
  const via = new Map(routes.map((route) => [route.destination, route.nextHop]));
  const shown = [...peers].sort((a, b) => Number(b.alive) - Number(a.alive) || a.hops - b.hops).slice(0, NODES_DRAWN);
  const places = placeNodes(
    shown.map((peer) => ({ id: peer.nodeId, hops: peer.links.length > 0 ? 1 : peer.hops, via: via.get(peer.nodeId) })),
  );
  const kinds = new Set<string>();
  const lines: SVGElement[] = [];
  for (const peer of shown) {
    const place = places.get(peer.nodeId);
    if (place === undefined) continue;
    for (const [index, link] of peer.links.entries()) {
      kinds.add(kindClass(link.radio));
      lines.push(...linkLines(place, link, index, peer.links.length));
    }
    const through = peer.links.length > 0 ? undefined : places.get(via.get(peer.nodeId) ?? '');
    if (through === undefined) continue;
    kinds.add('route');
    lines.push(svg('path', { class: 'link route', d: `M${point(through)} L${point(place)}` }));
  }
  const dots = shown.map((peer) => dotOf(places.get(peer.nodeId), peer.name, peer.alive ? 'here' : 'away', peer.alive));
  const self = dotOf({ id: status.nodeId, x: 0, y: 0, ring: 0 }, status.name, 'self', true);
  return { picture: frame([...places.values()], peers, [...lines, ...dots, self]), kinds: [...kinds] };
}

function frame(places: readonly Placed[], peers: readonly PeerView[], parts: readonly SVGElement[]): SVGElement {
  const reach = (axis: 'x' | 'y'): number => Math.max(0.55, ...places.map((place) => Math.abs(place[axis])));
  const halfWidth = Math.max(reach('x') * RING_PX + 70, 240);
  const halfHeight = Math.max(reach('y') * RING_PX + 45, 110);
  const alive = peers.filter((peer) => peer.alive).length;
  const label = `This node and ${peers.length} others, ${alive} of them alive. The table of nodes says the same in words.`;
  const viewBox = [-halfWidth, -halfHeight, halfWidth * 2, halfHeight * 2].map(Math.round).join(' ');
  return svg('svg', { viewBox, role: 'img', 'aria-label': label }, ...parts);
}

const point = ({ x, y }: { x: number; y: number }): string => `${(x * RING_PX).toFixed(1)} ${(y * RING_PX).toFixed(1)}`;

function linkLines(place: Placed, link: PeerView['links'][number], index: number, of: number): readonly SVGElement[] {
  // Links to the same node run side by side.
  const aside = (index - (of - 1) / 2) * 0.3;
  const length = Math.hypot(place.x, place.y) || 1;
  const middle = { x: place.x / 2 - (place.y / length) * aside, y: place.y / 2 + (place.x / length) * aside };
  const bend = { x: middle.x * 2 - place.x / 2, y: middle.y * 2 - place.y / 2 };
  const text = link.rttMs === undefined ? kindOf(link.radio) : `${kindOf(link.radio)} ${fixed(link.rttMs, 1, ' ms')}`;
  return [
    svg('path', { class: `link ${kindClass(link.radio)}`, d: `M0 0 Q${point(bend)} ${point(place)}` }),
    svg('text', { class: 'link-label', x: middle.x * RING_PX, y: middle.y * RING_PX + 4 }, text),
  ];
}

function dotOf(place: Placed | undefined, name: string, kind: 'self' | 'here' | 'away', alive: boolean): SVGElement {
  const [x, y] = [(place?.x ?? 0) * RING_PX, (place?.y ?? 0) * RING_PX];
  const below = y >= 0 ? DOT_PX + 16 : -(DOT_PX + 8);
  const label = name.length > 16 ? `${name.slice(0, 15)}…` : name;
  return svg(
    'g',
    { class: kind, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
    svg('title', {}, kind === 'self' ? `${name}, this node` : `${name}, ${alive ? 'alive' : 'offline'}`),
    svg('circle', { class: 'dot', r: DOT_PX }),
    svg('text', { class: 'mark', y: 5 }, kind === 'self' ? '★' : alive ? '✓' : '✕'),
    svg('text', { class: 'node-label', y: below }, label),
  );
}

const WORDS: Readonly<Record<string, string>> = {
  udp: 'UDP',
  ble: 'Bluetooth LE',
  serial: 'Serial',
  quic: 'QUIC',
  memory: 'Other',
  route: 'Route by others',
};

export const legendOf = (kinds: readonly string[]): readonly HTMLElement[] =>
  kinds.map((kind) => el('li', {}, el('span', { class: `radio ${kind}` }, WORDS[kind] ?? kind)));
