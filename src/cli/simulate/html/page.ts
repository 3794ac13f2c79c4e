const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that a page shows, whatever is in it. */
export const escaped = (text: string | number): string =>
  String(text).replaceAll(/[&<>"']/g, (c) => ESCAPES[c] as string);

/** Colours of series, in order; told apart on light and on dark ground, and by most who confuse some. */
const SERIES = ['--blue', '--orange', '--green', '--red', '--violet', '--brown', '--pink', '--grey'] as const;

export const colour = (index: number): string => `var(${SERIES[index % SERIES.length]})`;

const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--panel:#f6f8fa;
--blue:#0969da;--orange:#bc4c00;--green:#1a7f37;--red:#cf222e;--violet:#8250df;--brown:#7d4e00;--pink:#bf3989;--grey:#6e7781}
@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--panel:#151b23;
--blue:#4493f8;--orange:#f0883e;--green:#3fb950;--red:#f85149;--violet:#ab7df8;--brown:#d29922;--pink:#db61a2;--grey:#8b949e}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.5rem;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.25rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
h3{font-size:1rem;margin:1.25rem 0 .4rem}p{margin:.25rem 0 .75rem}.soft{color:var(--soft)}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600}td.n,th.n{text-align:right}.wide{overflow-x:auto}
.good{color:var(--green)}.bad{color:var(--red)}ul{margin:.25rem 0 1rem;padding-left:1.25rem}
.cards{display:flex;flex-wrap:wrap;gap:.75rem;margin:.75rem 0}
.card{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:.6rem .9rem;min-width:8rem}
.card b{display:block;font-size:1.3rem}.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:1rem}
figure{margin:0;background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:.75rem}
figcaption{font-weight:600;margin-bottom:.4rem}svg{width:100%;height:auto;display:block}
svg text{fill:var(--soft);font:11px system-ui,sans-serif}.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.85rem;margin-top:.4rem}
.legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em;vertical-align:-.05em}
code{font:13px ui-monospace,SFMono-Regular,Menlo,monospace}@media (max-width:30rem){.pictures{grid-template-columns:1fr}}`;

/** A page of its own: no network, no scripts; dark where the reader prefers it. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>
${body}
</body></html>
`;

export interface Cell {
  readonly text: string;
  readonly isNumber?: boolean;
  readonly tone?: 'good' | 'bad';
}

export function tableHtml(heads: readonly Cell[], rows: readonly (readonly Cell[])[]): string {
  const draw = (tag: 'th' | 'td', { text, isNumber, tone }: Cell): string => {
    const names = [...(isNumber ? ['n'] : []), ...(tone ? [tone] : [])].join(' ');
    return `<${tag}${names === '' ? '' : ` class="${names}"`}>${escaped(text)}</${tag}>`;
  };
  const line = (tag: 'th' | 'td', cells: readonly Cell[]): string =>
    `<tr>${cells.map((cell) => draw(tag, cell)).join('')}</tr>`;
  return `<div class="wide"><table><thead>${line('th', heads)}</thead><tbody>${rows.map((row) => line('td', row)).join('')}</tbody></table></div>`;
}

export const card = (value: string, what: string): string =>
  `<div class="card"><b>${escaped(value)}</b>${escaped(what)}</div>`;

export const figure = (
  caption: string,
  svg: string,
  legend: readonly (readonly [name: string, colour: string])[] = [],
): string => {
  const marks = legend.map(([name, of]) => `<span><i style="background:${of}"></i>${escaped(name)}</span>`).join('');
  return `<figure><figcaption>${escaped(caption)}</figcaption>${svg}${marks === '' ? '' : `<div class="legend">${marks}</div>`}</figure>`;
};
