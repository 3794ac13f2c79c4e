// Recall against time as an SVG: a panel for each data set, a line for each engine and size.
const WIDTH = 980;
const PANEL = { width: 270, height: 250, top: 44, left: 62, gap: 40 };
const LEGEND = { top: PANEL.top + PANEL.height + 58, line: 20, columns: 3 };
const RECALLS = [0, 0.2, 0.4, 0.6, 0.8, 1];
/** Colours that also those tell apart who see no red or green (Okabe and Ito). */
const COLOURS = ['#0072b2', '#56b4e9', '#009e73', '#d55e00', '#cc79a7', '#e69f00', '#000000'];
const DASHES = ['', '6 3', '2 3'];

const sizeText = (count) => (count >= 1e6 ? `${count / 1e6}M` : `${count / 1e3}k`);
const timeText = (us) => (us >= 1e3 ? `${us / 1e3} ms` : `${us} µs`);
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const baseOf = (engine) => engine.replace(/ ef \d+$/, '');
const fixed = (value) => Number(value.toFixed(1));

/** Points of one engine and size, in the order of its settings; the same one measured twice counts once, the later. */
function seriesOf(points) {
  const found = new Map();
  for (const point of points) {
    const key = `${point.kind} ${baseOf(point.engine)} ${point.count}`;
    if (!found.has(key)) found.set(key, { ...point, engine: baseOf(point.engine), points: new Map() });
    found.get(key).points.set(point.engine, point);
  }
  return [...found.values()].map((each) => ({
    ...each,
    points: [...each.points.values()],
  }));
}

function scales(points) {
  const times = points.map(({ us }) => us);
  const [least, most] = [Math.floor(Math.log10(Math.min(...times))), Math.ceil(Math.log10(Math.max(...times)))];
  const span = Math.max(1, most - least);
  const decades = Array.from({ length: span + 1 }, (_, i) => 10 ** (least + i));
  return {
    decades,
    x: (us) => fixed(((Math.log10(us) - least) / span) * PANEL.width),
    y: (recall) => fixed((1 - recall) * PANEL.height),
  };
}

function axes(kind, isFirst, { decades, x, y }) {
  const across = decades.map(
    (us) =>
      `<path d="M${x(us)} 0V${PANEL.height}" class="grid"/><text x="${x(us)}" y="${PANEL.height + 16}" text-anchor="middle">${timeText(us)}</text>`,
  );
  const up = RECALLS.map(
    (recall) =>
      `<path d="M0 ${y(recall)}H${PANEL.width}" class="grid"/>${isFirst ? `<text x="-8" y="${y(recall) + 4}" text-anchor="end">${recall}</text>` : ''}`,
  );
  return [`<text x="0" y="-12" class="title">${escaped(kind)}</text>`, ...across, ...up].join('\n');
}

function line({ points }, style, { x, y }) {
  const path = points.map(({ us, recall }, i) => `${i === 0 ? 'M' : 'L'}${x(us)} ${y(recall)}`).join('');
  const dots = points.map(({ us, recall, engine, count }) => {
    const title = `${engine}, ${sizeText(count)}: recall ${recall.toFixed(3)}, ${timeText(Number(us.toPrecision(3)))}`;
    const label = style.isOurs
      ? `<text x="${x(us)}" y="${y(recall) + 18}" text-anchor="middle">${sizeText(count)}</text>`
      : '';
    return `<circle cx="${x(us)}" cy="${y(recall)}" r="${style.radius}" fill="${style.colour}"><title>${escaped(title)}</title></circle>${label}`;
  });
  return `<path d="${path}" fill="none" stroke="${style.colour}" stroke-width="1.5" stroke-dasharray="${style.dash}"/>${dots.join('')}`;
}

/** The same engine has the same colour in all panels, the same size the same dashes. */
function stylesOf(series) {
  const engines = [...new Set(series.map(({ engine }) => engine))];
  const counts = [...new Set(series.map(({ count }) => count))].sort((a, b) => a - b);
  return ({ engine, count }) => {
    const isOurs = engine.startsWith('ours');
    const colour = COLOURS[engines.indexOf(engine) % COLOURS.length];
    return { isOurs, colour, dash: DASHES[counts.indexOf(count) % DASHES.length], radius: isOurs ? 5 : 3 };
  };
}

function legend(series, styleOf) {
  const byName = [...series].sort((a, b) => a.engine.localeCompare(b.engine) || a.count - b.count);
  const named = new Map(byName.map((each) => [`${each.engine}, ${sizeText(each.count)}`, styleOf(each)]));
  return [...named].map(([name, { colour, dash, radius }], i) => {
    const [x, y] = [PANEL.left + (i % LEGEND.columns) * 310, LEGEND.top + Math.floor(i / LEGEND.columns) * LEGEND.line];
    return `<g transform="translate(${x} ${y})"><path d="M0 -4H28" stroke="${colour}" stroke-width="1.5" stroke-dasharray="${dash}"/><circle cx="14" cy="-4" r="${radius}" fill="${colour}"/><text x="36">${escaped(name)}</text></g>`;
  });
}

const STYLE = `text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600}.grid{stroke:#ddd;fill:none}`;

/**
 * @param {readonly {kind: string, count: number, engine: string, recall: number, us: number}[]} points an engine's settings are ` ef N` at its end
 * @returns {string | undefined} undefined without points
 */
export function curveSvg(points) {
  if (points.length === 0) return undefined;
  const series = seriesOf(points);
  const styleOf = stylesOf(series);
  const scale = scales(points);
  const kinds = [...new Set(points.map(({ kind }) => kind))];
  const panels = kinds.map((kind, i) => {
    const left = PANEL.left + i * (PANEL.width + PANEL.gap);
    const lines = series.filter((each) => each.kind === kind).map((each) => line(each, styleOf(each), scale));
    return `<g transform="translate(${left} ${PANEL.top})">\n${axes(kind, i === 0, scale)}\n${lines.join('\n')}\n</g>`;
  });
  const names = legend(series, styleOf);
  const height = LEGEND.top + Math.ceil(names.length / LEGEND.columns) * LEGEND.line + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Recall against CPU time of a search">
<style>${STYLE}</style>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${PANEL.left}" y="16">Recall of the 10 nearest (up) against CPU time of a search (right, logarithmic)</text>
${panels.join('\n')}
${names.join('\n')}
</svg>
`;
}
