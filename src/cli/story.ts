import type { MessageStory } from '../agent/contract.js';
import { byteCount, forPeople, relative } from './format.js';
import { facts, table } from './output.js';

/** A message's story: what it is, and what happened to it, oldest first. */
export function storyText(story: MessageStory): string {
  const head = facts([
    ['message', story.messageId],
    ['to', story.to],
    ['type', `${story.type} (${story.priority})`],
    ['condition', story.condition],
    ['created', relative(story.createdAt)],
    ...(story.progress
      ? [['arrived', `${byteCount(story.progress.doneBytes)} of ${byteCount(story.progress.totalBytes)}`] as const]
      : []),
  ]);
  const events = table(
    [
      { title: 'AFTER', value: ({ happenedAt }) => forPeople(Math.max(0, happenedAt - story.createdAt)), right: true },
      { title: 'WHAT', value: ({ what }) => what },
      { title: 'NODE', value: ({ node }) => node ?? '' },
      { title: 'DETAIL', value: ({ detail }) => detail ?? '', cut: true },
    ],
    story.events,
  );
  return `${head}\n\n${events}`;
}
