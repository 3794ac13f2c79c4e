/** What is wrong with a decoded value, or `undefined`. Never recurses deeper than `depthMax`. */
type ValueFault = 'depth' | 'key' | 'number' | 'kind';

/**
 * Looks at a decoded value before anything else walks it: nesting, non-finite numbers, the key `__proto__`, and
 * things JSON cannot say. Float32Arrays are left alone (an embedding's values are the agent's business), and so are
 * numbers directly in an array when `numbersPass` is set.
 */
export function findFault(value: unknown, depthMax: number, numbersPass = false): ValueFault | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return numbersPass || Number.isFinite(value) ? undefined : 'number';
    case 'object':
      break;
    default:
      return 'kind';
  }
  if (value === null || value instanceof Float32Array) return undefined;
  if (depthMax === 0) return 'depth';
  if (Array.isArray(value)) {
    for (const element of value) {
      if (numbersPass && typeof element === 'number') continue;
      const fault = findFault(element, depthMax - 1, numbersPass);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return 'key';
    const fault = findFault((value as Record<string, unknown>)[key], depthMax - 1, numbersPass);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** UTF-8 bytes of the value as JSON. Call only on values `findFault` passed: deep ones would overflow the stack. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '', 'utf8');
