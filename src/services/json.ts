/** Nesting of any JSON that travels between nodes; deeper values would overflow the stack of whoever writes them out. */
export const JSON_DEPTH_MAX = 32;

/**
 * What makes a value unfit to travel although JSON can say it: too deep, or with a key that means something else once
 * it is merged into an object. Never recurses further than the depth, so cyclic values are safe too.
 */
export function faultOfJson(value: unknown, depth: number = JSON_DEPTH_MAX): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === 0) return `nests deeper than ${JSON_DEPTH_MAX}`;
  if (Object.hasOwn(value, '__proto__')) return 'has a key "__proto__"';
  for (const inner of Object.values(value)) {
    const fault = faultOfJson(inner, depth - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
