import { fromUtf8, utf8 } from '../../core/bytes.js';
import { type MessageId, parseMessageId } from '../../core/ids.js';
import { Limit } from '../../core/limits.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Store, StoreOp } from '../../ports/store.js';
import type { Progress, Story, StoryCondition, StoryEvent } from './story.js';

/** What a restart of this node makes of a message. */
export type Fate = 'kept' | 'lost' | 'unknown';

interface Told {
  readonly story: Story;
  readonly fate: Fate;
  /** Orders stories by their beginning; the key on disk. */
  readonly key: string;
}

const SPACE = 'stories';
const KEY_DIGITS = 12;
/** Changes reach the disk after so long, together: sooner than the message itself is forgotten there. */
const WRITE_MS = 100;
/** Of one story; the second and what follows make room, so that its beginning and its end are told. */
const EVENTS_MAX = 32;

/** What became of the messages sent from here, also before a restart. Bounded: the oldest story goes first. */
export class Stories {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #failed: (error: unknown) => void;
  readonly #stories = new Map<MessageId, Told>();
  /** Of messages on their way; not worth a disk. */
  readonly #progress = new Map<MessageId, Progress>();
  readonly #changed = new Set<MessageId>();
  #gone: string[] = [];
  #timer: Timer | undefined;
  #next = 1;

  constructor(store: Store, clock: Clock, failed: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#failed = failed;
    for (const { key, value } of store.range(SPACE, { limit: Limit.Stories, reverse: true }).reverse()) {
      const told = fromDisk(key, value);
      const id = told && parseMessageId(told.story.messageId);
      if (!told || !id) continue;
      this.#next = Math.max(this.#next, Number.parseInt(key, 16) + 1);
      this.#stories.set(id, told);
      if (told.fate === 'lost' && told.story.condition === 'sent') {
        const event = { happenedAt: clock.wall(), what: 'expired', detail: 'this agent restarted meanwhile' };
        this.note(id, event, 'expired');
      }
    }
  }

  begin(id: MessageId, story: Omit<Story, 'messageId' | 'condition' | 'events'>, fate: Fate): void {
    const events = [{ happenedAt: story.createdAt, what: 'sent' }];
    const key = (this.#next++).toString(16).padStart(KEY_DIGITS, '0');
    this.#stories.set(id, { story: { messageId: id, ...story, condition: 'sent', events }, fate, key });
    this.#change(id);
    // With the message itself, which is written in this moment, too.
    if (fate === 'kept') this.flush();
    if (this.#stories.size <= Limit.Stories) return;
    const [oldest] = this.#stories;
    if (!oldest) return;
    this.#stories.delete(oldest[0]);
    this.#changed.delete(oldest[0]);
    this.#progress.delete(oldest[0]);
    this.#gone.push(oldest[1].key);
  }

  note(id: MessageId, event: StoryEvent, condition?: StoryCondition): Story | undefined {
    const told = this.#stories.get(id);
    if (!told) return undefined;
    const { events } = told.story;
    if (condition !== undefined) this.#progress.delete(id);
    const story = { ...told.story, condition: condition ?? told.story.condition, events: withEvent(events, event) };
    this.#stories.set(id, { ...told, story });
    this.#change(id);
    return story;
  }

  get(id: MessageId): Story | undefined {
    const story = this.#stories.get(id)?.story;
    const progress = this.#progress.get(id);
    return story && progress ? { ...story, progress } : story;
  }

  progress(id: MessageId, progress: Progress): void {
    if (this.#stories.get(id)?.story.condition === 'sent') this.#progress.set(id, progress);
  }

  /** Writes what has changed. A story that cannot be written is told from memory. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const ops: StoreOp[] = this.#gone.map((key) => ({ op: 'delete', space: SPACE, key }));
    for (const id of this.#changed) {
      const told = this.#stories.get(id);
      if (!told) continue;
      const value = utf8(JSON.stringify({ ...told.story, fate: told.fate }));
      ops.push({ op: 'put', space: SPACE, key: told.key, value });
    }
    this.#gone = [];
    this.#changed.clear();
    if (ops.length > 0) this.#store.batch(ops).catch(this.#failed);
  }

  #change(id: MessageId): void {
    this.#changed.add(id);
    this.#timer ??= this.#clock.timer('stories', WRITE_MS, () => this.flush());
  }
}

/** The same once more is counted; beyond the bound the second one goes. */
function withEvent(events: readonly StoryEvent[], event: StoryEvent): readonly StoryEvent[] {
  const last = events.at(-1);
  if (last && isSame(last, event)) {
    if (event.what === 'waiting') return events;
    const again = { ...last, times: (last.times ?? 1) + 1, lastAt: event.happenedAt };
    return [...events.slice(0, -1), again];
  }
  const before = events.length < EVENTS_MAX ? events : [...events.slice(0, 1), ...events.slice(2)];
  return [...before, event];
}

const isSame = (a: StoryEvent, b: StoryEvent): boolean =>
  a.what === b.what && a.node === b.node && a.radio === b.radio && (a.detail === b.detail || a.what === 'queued');

function fromDisk(key: string, value: Uint8Array): Told | undefined {
  try {
    const { fate, ...story } = JSON.parse(fromUtf8(value) ?? '') as Story & { readonly fate: Fate };
    return { story, fate, key };
  } catch {
    return undefined;
  }
}
