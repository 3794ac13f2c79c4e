import type { MeshMap } from '../../../sim/scenario/play.js';
import { colour } from './page.js';

const SIZE = 520;
/** With room for the number over a node at the top. */
const MARGIN = 26;
/** Nodes of larger meshes have no numbers. */
const NUMBERED_MAX = 60;
const FLAT = 0.35;

/** The mesh as it stood when the traffic ended: links coloured by their radio, nodes that were down as red crosses. */
export function meshMap({ places, up, links }: MeshMap): string {
  const xs = places.map(({ x }) => x);
  const ys = places.map(({ y }) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [wide, high] = [Math.max(1, Math.max(...xs) - left), Math.max(...ys) - top];
  const scale = (SIZE - 2 * MARGIN) / Math.max(wide, high);
  const height = Math.max(SIZE * FLAT, high * scale + 2 * MARGIN);
  // What is flat stands in the middle, and so does what is narrow.
  const shift = { x: (SIZE - wide * scale) / 2, y: (height - high * scale) / 2 };
  const point = (node: number): [number, number] => {
    const place = places[node];
    return [shift.x + ((place?.x ?? 0) - left) * scale, shift.y + ((place?.y ?? 0) - top) * scale];
  };
  const size = places.length > 200 ? 2.5 : places.length > NUMBERED_MAX ? 4 : 7;
  const lines = new Map<number, string>();
  for (const { pair, radio } of links) {
    const [a, b] = pair.map(point) as [[number, number], [number, number]];
    const path = `M${a[0].toFixed(1)} ${a[1].toFixed(1)}L${b[0].toFixed(1)} ${b[1].toFixed(1)}`;
    lines.set(radio, (lines.get(radio) ?? '') + path);
  }
  const drawn = [...lines].map(
    ([radio, path]) => `<path d="${path}" stroke="${colour(radio)}" stroke-opacity=".55" stroke-width="1.5"/>`,
  );
  const marks = places.map((_, node) => {
    const [x, y] = point(node).map((value) => value.toFixed(1));
    const number =
      places.length > NUMBERED_MAX
        ? ''
        : `<text x="${x}" y="${Number(y) - size - 3}" text-anchor="middle">${node}</text>`;
    if (up[node]) return `<circle cx="${x}" cy="${y}" r="${size}" fill="var(--ink)"/>${number}`;
    const arm = `M${Number(x) - size} ${Number(y) - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`;
    return `<path d="${arm}" stroke="var(--red)" stroke-width="2.5"/>${number}`;
  });
  return `<svg viewBox="0 0 ${SIZE} ${height.toFixed(0)}" role="img" aria-label="${places.length} nodes and ${links.length} links">${drawn.join('')}${marks.join('')}</svg>`;
}
