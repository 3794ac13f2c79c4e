import { fromUtf8, utf8 } from '../../core/bytes.js';
import type { MessageId } from '../../core/ids.js';
import type { Store, StoreOp } from '../../ports/store.js';

/** Large payloads that came here and wait to be fetched: so many, with so many bytes; the oldest go first. */
const PAYLOADS_MAX = 256;
const BYTES_MAX = 64 << 20;
const SPACE = 'inbox';
const INDEX = 'inbox-index';
const KEY_DIGITS = 12;

interface Entry {
  readonly key: string;
  readonly id: MessageId;
  readonly bytes: number;
}

/** Payloads too large to be told of with their message, on disk until they are fetched or make room. */
export class Inbox {
  readonly #store: Store;
  readonly #failed: () => void;
  /** Oldest first. */
  readonly #entries: Entry[] = [];
  /** What the disk did not take: kept while this agent runs. */
  readonly #memory = new Map<MessageId, Uint8Array>();
  #bytes = 0;
  #next = 1;

  constructor(store: Store, failed: () => void) {
    this.#store = store;
    this.#failed = failed;
    for (const { key, value } of store.range(INDEX, { limit: PAYLOADS_MAX })) {
      const [id, bytes] = (fromUtf8(value) ?? '').split(' ');
      this.#entries.push({ key, id: id as MessageId, bytes: Number(bytes) || 0 });
      this.#bytes += Number(bytes) || 0;
      this.#next = Math.max(this.#next, Number.parseInt(key, 16) + 1);
    }
  }

  get(id: MessageId): Uint8Array | undefined {
    return this.#memory.get(id) ?? this.#store.get(SPACE, id);
  }

  put(id: MessageId, payload: Uint8Array): void {
    if (this.#entries.some((entry) => entry.id === id)) return;
    const key = (this.#next++).toString(16).padStart(KEY_DIGITS, '0');
    this.#entries.push({ key, id, bytes: payload.length });
    this.#bytes += payload.length;
    const ops: StoreOp[] = [
      { op: 'put', space: SPACE, key: id, value: payload },
      { op: 'put', space: INDEX, key, value: utf8(`${id} ${payload.length}`) },
    ];
    while (this.#entries.length > PAYLOADS_MAX || this.#bytes > BYTES_MAX) {
      const oldest = this.#entries.shift() as Entry;
      this.#bytes -= oldest.bytes;
      this.#memory.delete(oldest.id);
      ops.push({ op: 'delete', space: SPACE, key: oldest.id }, { op: 'delete', space: INDEX, key: oldest.key });
    }
    this.#store.batch(ops).catch(() => {
      this.#failed();
      if (this.#entries.some((entry) => entry.id === id)) this.#memory.set(id, payload);
    });
  }
}
