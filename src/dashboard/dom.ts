type Child = Node | string | number | undefined;

/** An element with text and elements in it. Text always goes in as text: nothing a node says becomes markup. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, attributes, children);
  return element;
}

function fill(
  element: Element,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly Child[],
): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  for (const child of children)
    if (child !== undefined) element.append(typeof child === 'number' ? String(child) : child);
}

/** The element of the page with this id; the page and this code are one. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Child | readonly Child[];
  readonly className?: string;
}

/** A table whose first column heads its rows; `empty` stands in its place when there are none.
 * With `narrowCards` each row becomes a card on a phone. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  empty: string,
  look: { readonly narrowCards?: boolean; readonly rowClass?: (row: Row) => string } = {},
): HTMLElement {
  if (rows.length === 0) return el('p', { class: 'empty' }, empty);
  const head = columns.map(({ title, className = '' }) =>
    el('th', { scope: 'col', role: 'columnheader', class: className }, title),
  );
  const body = rows.map((row) =>
    el(
      'tr',
      { role: 'row', class: look.rowClass?.(row) ?? '' },
      ...columns.map((column, index) => cellOf(column, row, index === 0)),
    ),
  );
  // Roles are spelled out because the narrow layout changes how rows and cells are displayed.
  return el(
    'table',
    { class: look.narrowCards ? 'cards' : '', role: 'table', 'aria-label': caption },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...head)),
    el('tbody', { role: 'rowgroup' }, ...body),
  );
}

function cellOf<Row>({ title, cell, className = '' }: Column<Row>, row: Row, heads: boolean): HTMLElement {
  const content = cell(row);
  const children = Array.isArray(content) ? (content as readonly Child[]) : [content as Child];
  return heads
    ? el('th', { scope: 'row', role: 'rowheader', class: className }, ...children)
    : el('td', { role: 'cell', class: className, 'data-label': title }, ...children);
}

/** Puts an element into its place, unless the same is there already: a selection or a reader's position stays. */
export function show(id: string, element: Element): void {
  const place = byId(id);
  const there = place.firstElementChild;
  if (there === null || place.childElementCount > 1 || !there.isEqualNode(element)) place.replaceChildren(element);
}

/** Makes a list hold these entries in this order, touching only what changed, so that only news are read out. */
export function syncList(list: HTMLElement, entries: readonly { readonly id: string; make(): HTMLElement }[]): void {
  const wanted = new Set(entries.map(({ id }) => id));
  for (const child of [...list.children]) if (!wanted.has((child as HTMLElement).dataset.id ?? '')) child.remove();
  for (const [index, { id, make }] of entries.entries()) {
    const there = list.children[index] as HTMLElement | undefined;
    if (there?.dataset.id === id) continue;
    const element = make();
    element.dataset.id = id;
    list.insertBefore(element, there ?? null);
  }
}
