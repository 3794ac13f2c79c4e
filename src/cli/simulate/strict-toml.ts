import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { locateKeys } from '../../agent/config/locate.js';
import { nearest } from '../../agent/config/nearest.js';
import { EdgeError, messageOf } from '../../core/errors.js';

/** Where a value stands in a file, and a way to say that it is wrong. */
export interface Places {
  /** Throws EdgeError of the file's code, naming the line of the value at this path. */
  refuse(path: readonly PropertyKey[], what: string, fix?: string): never;
}

const NO_TOML = 'The file is TOML: [table], then key = value.';

/** Of `spacing = 150m`: TOML has no units, and its parser says no more than that it is no number. */
function bareUnitFix(line: string | undefined): string | undefined {
  const [, number, unit] = /=[^"'#]*?(-?\d[\d_.]*) ?([a-zA-Z]+)/.exec(line ?? '') ?? [];
  if (number === undefined) return undefined;
  return `A duration is quoted, such as "${number}${unit}"; metres and other numbers stand without a unit: ${number}.`;
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');

/** Faults told after the first, each with its line; further ones are counted. */
const OTHERS_SHOWN = 4;

interface Problem {
  readonly isKey: boolean;
  readonly text: string;
  readonly fix?: string;
}

interface Def {
  readonly type: string;
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly options?: readonly unknown[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
}

const defOf = (schema: unknown): Def | undefined => (schema as { readonly def?: Def } | undefined)?.def;

/** The schemas of a union that a table can be, by the word it begins with; all where that is none of them. */
function optionsFor({ options = [], discriminator }: Def, raw: unknown): readonly unknown[] {
  if (discriminator === undefined) return options;
  const word = valueAt(raw, [discriminator]);
  const fit = options.filter((each) => defOf(defOf(each)?.shape?.[discriminator])?.values?.includes(word));
  return fit.length > 0 ? fit : options;
}

/** Schemas of what may stand at a path: several where a union leaves it open, and what is there (`raw`) does not settle it. */
function schemasAt(schema: unknown, path: readonly PropertyKey[], raw?: unknown): unknown[] {
  const def = defOf(schema);
  if (!def) return [];
  if (def.innerType !== undefined) return schemasAt(def.innerType, path, raw);
  if (def.in !== undefined) return schemasAt(def.in, path, raw);
  if (def.options) return optionsFor(def, raw).flatMap((option) => schemasAt(option, path, raw));
  const [first, ...rest] = path;
  if (first === undefined) return [schema];
  const inside = valueAt(raw, [first]);
  if (def.element !== undefined && typeof first === 'number') return schemasAt(def.element, rest, inside);
  return schemasAt(def.shape?.[String(first)], rest, inside);
}

const shapesAt = (schema: unknown, path: readonly PropertyKey[], raw?: unknown): Readonly<Record<string, unknown>>[] =>
  schemasAt(schema, path, raw).map((each) => defOf(each)?.shape ?? {});

const keysOf = (shapes: readonly object[]): string[] => [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    raw,
  );
}

/** How a file is refused: the error's code, and what to do where nothing better is known. */
export interface Refusal {
  readonly code: string;
  readonly fix: string;
}

class StrictFile<Schema extends z.ZodType> implements Places {
  readonly #schema: Schema;
  readonly #raw: unknown;
  readonly #lines: ReadonlyMap<string, number>;
  readonly #file: string;
  readonly #code: string;
  readonly #fix: string;

  constructor(schema: Schema, text: string, file: string, { code, fix }: Refusal) {
    this.#schema = schema;
    this.#file = file;
    this.#code = code;
    this.#fix = fix;
    try {
      this.#raw = parse(text, { unsafeKeyBehaviour: 'throw' });
    } catch (error) {
      const where = error instanceof TomlError ? ` line ${error.line} column ${error.column}` : '';
      const why = messageOf(error).split('\n')[0];
      const line = error instanceof TomlError ? text.split('\n')[error.line - 1] : undefined;
      throw new EdgeError(code, `${file}${where}: ${why}`, { fix: bareUnitFix(line) ?? NO_TOML });
    }
    this.#lines = locateKeys(text);
  }

  refuse(path: readonly PropertyKey[], what: string, fix?: string): never {
    throw new EdgeError(this.#code, `${this.#place(path)}: ${what}`, { fix: fix ?? this.#fix });
  }

  value(): z.output<Schema> {
    const { data, error } = this.#schema.safeParse(this.#raw);
    if (error === undefined) return data as z.output<Schema>;
    const problems = error.issues.flatMap((issue) => this.#problems(issue));
    // Unknown keys go first: they are often the cause of the rest.
    const [first] = [...problems].sort((x, y) => Number(y.isKey) - Number(x.isKey)) as [Problem];
    const others = problems.filter((problem) => problem !== first).map(({ text }) => this.#withoutFile(text));
    const shown = others.slice(0, OTHERS_SHOWN).map((text) => `; ${text}`);
    const more = others.length > OTHERS_SHOWN ? `; and ${others.length - OTHERS_SHOWN} more` : '';
    throw new EdgeError(this.#code, `${first.text}${shown.join('')}${more}`, { fix: first.fix ?? this.#fix });
  }

  #withoutFile(text: string): string {
    return text.slice(this.#file.length).replace(/^,? /, '');
  }

  #problems(issue: z.core.$ZodIssue): Problem[] {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => this.#unknownKey(issue.path, key));
    if (issue.code === 'invalid_union' && issue.errors.length > 0 && issue.errors[0]?.length === 1) {
      const inner = issue.errors[0][0] as z.core.$ZodIssue;
      if (inner.path.length > 0) return this.#problems({ ...inner, path: [...issue.path, ...inner.path] });
    }
    const value = valueAt(this.#raw, issue.path);
    const shown = value === undefined ? 'missing' : JSON.stringify(value)?.slice(0, 60);
    const expected = this.#discriminators(issue) ?? expectedOf(issue);
    return [{ isKey: false, text: `${this.#place(issue.path)} is ${shown}, expected ${expected}` }];
  }

  /** The words a table may begin with, where it begins with none of them: the parser's own text is not for people. */
  #discriminators(issue: z.core.$ZodIssue): string | undefined {
    if (issue.code !== 'invalid_union' || issue.discriminator === undefined) return undefined;
    const words = schemasAt(this.#schema, issue.path).flatMap((each) => defOf(each)?.values ?? []);
    return words.length === 0 ? undefined : `one of ${[...new Set(words)].join(', ')}`;
  }

  #unknownKey(path: readonly PropertyKey[], key: string): Problem {
    const shapes = shapesAt(this.#schema, path, this.#raw);
    const known = keysOf(shapes);
    if (keysOf(shapesAt(this.#schema, path)).includes(key)) return this.#otherKindsKey(path, key, shapes[0] ?? {});
    const meant = nearest(key, known);
    const text = `${this.#place([...path, key])}: there is no such key`;
    if (meant !== undefined) return { isKey: true, text, fix: `Did you mean ${meant}?` };
    return { isKey: true, text, ...(known.length > 0 && { fix: `There are ${known.join(', ')}.` }) };
  }

  /** A key that tables have which begin with another word, such as `delay` of a radio of kind ble. */
  #otherKindsKey(path: readonly PropertyKey[], key: string, shape: Readonly<Record<string, unknown>>): Problem {
    const word = Object.keys(shape).find((each) => defOf(shape[each])?.type === 'literal') ?? '';
    const value = JSON.stringify(valueAt(this.#raw, [...path, word]));
    const text = `${this.#place([...path, key])}: there is no ${key} where ${word} is ${value}`;
    return { isKey: true, text, fix: `There are ${Object.keys(shape).join(', ')}.` };
  }

  /** `file line 3, nodes.count`; a value without a line of its own stands where the whole does. */
  #place(path: readonly PropertyKey[]): string {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(pathText(path.slice(0, length)));
      if (line !== undefined) return `${this.#file} line ${line}, ${pathText(path)}`;
    }
    return path.length === 0 ? this.#file : `${this.#file}, ${pathText(path)}`;
  }
}

/** In words, for people: the schema's own where it has some. */
function expectedOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  // Only the parser's own words go on about what was found.
  const [, plain] = /^Invalid input: expected ([^,]+)/.exec(issue.message) ?? [];
  return plain ?? issue.message;
}

/**
 * A TOML file against a schema. Throws EdgeError of the refusal's code naming the line and the nearest known key; `places` names them for what
 * is checked afterwards.
 */
export function readStrict<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  file: string,
  refusal: Refusal,
): { readonly value: z.output<Schema>; readonly places: Places } {
  const strict = new StrictFile(schema, text, file, refusal);
  return { value: strict.value(), places: strict };
}
