import type { PeerView, RouteRow, StatusView } from '../http/views.js';
import { el, svg } from './dom.js';
import { fixed, kindOf } from './format.js';
import { type Place, placeNodes } from './layout.js';

/** Nodes drawn; the table has them all. */
const NODES_DRAWN = 60;
/** Panels are wider than high, so rings are ellipses. */
const RING_X = 165;
const RING_Y = 105;
const ORIGIN: Place = { x: 0, y: 0 };
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
  const dots = shown.map((peer) =>
    dotOf(places.get(peer.nodeId) ?? ORIGIN, peer.name, peer.alive ? 'here' : 'away', peer.alive),
  );
  const self = dotOf(ORIGIN, status.name, 'self', true);
  return { picture: frame([ORIGIN, ...places.values()], peers, [...lines, ...dots, self]), kinds: [...kinds] };
}

function frame(places: readonly Place[], peers: readonly PeerView[], parts: readonly SVGElement[]): SVGElement {
  const xs = places.map((place) => place.x * RING_X);
  const ys = places.map((place) => place.y * RING_Y);
  const [left, top] = [Math.min(...xs) - 60, Math.min(...ys) - 40];
  const [width, height] = [Math.max(...xs) + 60 - left, Math.max(...ys) + 40 - top];
  // A small mesh is not blown up: the frame is never narrower than this.
  const margin = Math.max(0, 480 - width) / 2;
  const alive = peers.filter((peer) => peer.alive).length;
  const label = `This node and ${peers.length} others, ${alive} of them alive. The table of nodes says the same in words.`;
  const viewBox = [left - margin, top, width + margin * 2, height].map(Math.round).join(' ');
  return svg('svg', { viewBox, role: 'img', 'aria-label': label }, ...parts);
}

const pixels = ({ x, y }: Place): Place => ({ x: x * RING_X, y: y * RING_Y });
const text = ({ x, y }: Place): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
const point = (place: Place): string => text(pixels(place));

function linkLines(place: Place, link: PeerView['links'][number], index: number, of: number): readonly SVGElement[] {
  const end = pixels(place);
  // Links to the same node bow apart, and each carries its label where the bow is widest.
  const length = Math.hypot(end.x, end.y) || 1;
  // Labels are wide: steep links need more room between them than flat ones.
  const aside = (index - (of - 1) / 2) * (34 + 44 * Math.abs(end.y / length));
  const middle = { x: end.x / 2 - (end.y / length) * aside, y: end.y / 2 + (end.x / length) * aside };
  const bend = { x: middle.x * 2 - end.x / 2, y: middle.y * 2 - end.y / 2 };
  const kind = kindOf(link.radio);
  const label = link.rttMs === undefined ? kind : `${kind} ${fixed(link.rttMs, link.rttMs < 10 ? 1 : 0, ' ms')}`;
  return [
    svg('path', { class: `link ${kindClass(link.radio)}`, d: `M0 0 Q${text(bend)} ${text(end)}` }),
    svg('text', { class: 'link-label', x: middle.x.toFixed(1), y: (middle.y + 4).toFixed(1) }, label),
  ];
}

function dotOf(place: Place, name: string, kind: 'self' | 'here' | 'away', alive: boolean): SVGElement {
  const at = pixels(place);
  const label = name.length > 16 ? `${name.slice(0, 15)}…` : name;
  return svg(
    'g',
    { class: kind, transform: `translate(${text(at)})` },
    svg('title', {}, kind === 'self' ? `${name}, this node` : `${name}, ${alive ? 'alive' : 'offline'}`),
    svg('circle', { class: 'dot', r: DOT_PX }),
    svg('text', { class: 'mark', y: 5 }, kind === 'self' ? '★' : alive ? '✓' : '✕'),
    svg('text', { class: 'node-label', y: at.y >= 0 ? DOT_PX + 16 : -(DOT_PX + 8) }, label),
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
