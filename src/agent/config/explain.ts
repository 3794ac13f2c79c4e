import { KEY_PATHS, type KeyPath, keySpec } from './keys.js';
import { type Origin, originText, type Raw, valueAt } from './origins.js';

export interface ExplainedKey {
  readonly key: KeyPath;
  /** As it would stand in the file; `null` when there is none; a secret is `********`. */
  readonly value: unknown;
  /** `default`, `FILE:LINE`, `env NAME`, `flag --NAME` or `option NAME`. */
  readonly source: string;
  readonly what: string;
  readonly env?: string;
  readonly flag?: string;
}

export const MASK = '********';

/** One line for each key, in the order of the documentation. `decided` has what the device decides when nobody says. */
export function explainKeys(
  raw: Raw,
  decided: Readonly<Partial<Record<KeyPath, unknown>>>,
  originOf: (path: string, key: KeyPath) => Origin,
): ExplainedKey[] {
  return KEY_PATHS.map((key) => {
    const spec = keySpec(key);
    const given = valueAt(raw, key);
    const value = given ?? spec.fallback ?? decided[key] ?? null;
    return {
      key,
      value: spec.secret && value !== null ? MASK : value,
      source: given === undefined ? 'default' : originText(originOf(key, key)),
      what: spec.what,
      ...(spec.env === undefined ? {} : { env: spec.env }),
      ...(spec.flag === undefined ? {} : { flag: spec.flag }),
    };
  });
}
