import { type KeyPath, keySpec, optionPath } from './keys.js';

/** Where the value of a key came from. */
export type Origin =
  | { readonly from: 'default' }
  | { readonly from: 'file'; readonly file: string; readonly line: number | undefined }
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'flag'; readonly name: string }
  | { readonly from: 'option'; readonly name: string };

export function originText(origin: Origin): string {
  switch (origin.from) {
    case 'default':
      return 'default';
    case 'file':
      return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
    case 'env':
      return `env ${origin.name}`;
    case 'flag':
      return `flag ${origin.name}`;
    case 'option':
      return `option ${origin.name}`;
  }
}

export type Layer = 'env' | 'flag' | 'option';

export function originOf(layer: Layer, key: KeyPath): Origin {
  if (layer === 'option') return { from: 'option', name: optionPath(key) };
  const spec = keySpec(key);
  return layer === 'env' ? { from: 'env', name: spec.env ?? key } : { from: 'flag', name: spec.flag ?? key };
}

export type Raw = Readonly<Record<string, unknown>>;

export const isTable = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** The value at a dotted path, `undefined` when there is none. */
export function valueAt(raw: unknown, path: string): unknown {
  let value: unknown = raw;
  for (const part of path.split('.')) {
    if (!isTable(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** A copy of a tree with one value set. */
export function withValueAt(raw: Raw, path: string, value: unknown): Raw {
  const [first, ...rest] = path.split('.') as [string, ...string[]];
  if (rest.length === 0) return { ...raw, [first]: value };
  const inner = raw[first];
  return { ...raw, [first]: withValueAt(isTable(inner) ? inner : {}, rest.join('.'), value) };
}
