import type { MessageId, NodeId } from '../../core/ids.js';
import { codeFrom } from './faults.js';
import type { StoryEvent } from './story.js';

/** What is done for a message of this node, and in vain; see the engine's `TrailEvent`. */
export interface Trail {
  readonly id: MessageId;
  readonly what: string;
  readonly node?: NodeId;
  readonly radio?: string;
  readonly code?: string;
  readonly ms?: number;
  readonly links?: number;
  readonly way?: 'pinned' | 'path' | 'heard';
}

export const NO_PATH = 'no path leads to that node: it is offline, or out of reach';

/** Of a try over another way than the best. */
const WAYS = {
  pinned: 'by the route pinned here',
  path: undefined,
  heard: 'by which it was last heard; no path is known',
} as const;

/** As the story tells it. */
export function eventOf({ what, node, radio, code, ms, links, way = 'path' }: Trail, happenedAt: number): StoryEvent {
  const about = { happenedAt, ...(node !== undefined && { node }), ...(radio !== undefined && { radio }) };
  switch (what) {
    case 'parked':
      return { ...about, what: 'waiting', detail: NO_PATH };
    case 'tried': {
      const detail = WAYS[way];
      return { ...about, what, ...(detail !== undefined && { detail }) };
    }
    case 'spread':
      return { ...about, what: 'spread', detail: `over ${links} ${links === 1 ? 'link' : 'links'}` };
    case 'queued':
      return { ...about, what: 'queued', detail: `for ${Math.round((ms ?? 0) / 1_000)} s of airtime` };
    default:
      return { ...about, what, ...(code !== undefined && { detail: codeFrom(code, 'message.refused') }) };
  }
}
