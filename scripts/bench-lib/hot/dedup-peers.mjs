// What people write to tell whether an id of 16 bytes was seen: one call an id, as a datagram brings it.
const ID_BYTES = 16;
const ID_WORDS = 4;

const textOf = (ids, i) => ids.latin1Slice(i * ID_BYTES, (i + 1) * ID_BYTES);

/** A Map from id to time, the oldest out first. */
export function mapDedup({ capacity, ttlMs }) {
  let seen = new Map();
  // Looking for the first key anew each time would step over all that were deleted before it.
  let oldest = seen.keys();
  return {
    seenMany(ids, nowMs, out) {
      let fresh = 0;
      for (let i = 0; i < out.length; i++) {
        const id = textOf(ids, i);
        const until = seen.get(id);
        if (until !== undefined && until > nowMs) {
          out[i] = 1;
          continue;
        }
        if (until !== undefined) seen.delete(id);
        seen.set(id, nowMs + ttlMs);
        if (seen.size > capacity) seen.delete(oldest.next().value);
        out[i] = 0;
        fresh++;
      }
      return fresh;
    },
    close() {
      seen = new Map();
      oldest = seen.keys();
    },
  };
}

/** lru-cache with a time to live. */
export function lruDedup(open, options) {
  const cache = open(options);
  return {
    seenMany(ids, _nowMs, out) {
      let fresh = 0;
      for (let i = 0; i < out.length; i++) {
        const id = textOf(ids, i);
        const isSeen = cache.has(id);
        out[i] = isSeen ? 1 : 0;
        if (isSeen) continue;
        cache.set(id, true);
        fresh++;
      }
      return fresh;
    },
    close: () => cache.clear(),
  };
}

/** Open addressing in typed arrays and a ring of what came in; no secret, so that anybody can aim collisions at it. */
export function arrayDedup({ capacity, ttlMs }) {
  let slots = 1;
  while (slots < capacity * 2) slots *= 2;
  const mask = slots - 1;
  const table = new Int32Array(slots).fill(-1);
  const words = new Int32Array(capacity * ID_WORDS);
  const until = new Float64Array(capacity);
  let [next, size] = [0, 0];
  const slotOf = (at, from) => (from[at] ^ Math.imul(from[at + 2], 0x9e3779b1)) & mask;
  const same = (a, at, entry) =>
    a[at] === words[entry * 4] &&
    a[at + 1] === words[entry * 4 + 1] &&
    a[at + 2] === words[entry * 4 + 2] &&
    a[at + 3] === words[entry * 4 + 3];
  const remove = (entry) => {
    let slot = slotOf(entry * ID_WORDS, words);
    while (table[slot] !== entry) slot = (slot + 1) & mask;
    // What stands behind it moves up, so that no search ends at a hole.
    for (let probe = (slot + 1) & mask; table[probe] >= 0; probe = (probe + 1) & mask) {
      const home = slotOf(table[probe] * ID_WORDS, words);
      if (((probe - home) & mask) < ((probe - slot) & mask)) continue;
      table[slot] = table[probe];
      slot = probe;
    }
    table[slot] = -1;
  };
  const seen = (from, at, nowMs) => {
    let slot = slotOf(at, from);
    while (table[slot] >= 0) {
      if (same(from, at, table[slot])) {
        if (until[table[slot]] > nowMs) return true;
        until[table[slot]] = nowMs + ttlMs;
        return false;
      }
      slot = (slot + 1) & mask;
    }
    if (size === capacity) {
      remove(next);
      slot = slotOf(at, from);
      while (table[slot] >= 0) slot = (slot + 1) & mask;
    } else size++;
    for (let w = 0; w < ID_WORDS; w++) words[next * ID_WORDS + w] = from[at + w];
    until[next] = nowMs + ttlMs;
    table[slot] = next;
    next = next + 1 === capacity ? 0 : next + 1;
    return false;
  };
  return {
    bytes: table.byteLength + words.byteLength + until.byteLength,
    seenMany(ids, nowMs, out) {
      const from = new Int32Array(ids.buffer, ids.byteOffset, out.length * ID_WORDS);
      let fresh = 0;
      for (let i = 0; i < out.length; i++) {
        out[i] = seen(from, i * ID_WORDS, nowMs) ? 1 : 0;
        fresh += 1 - out[i];
      }
      return fresh;
    },
    close() {},
  };
}
