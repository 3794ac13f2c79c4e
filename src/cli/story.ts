import type { MessageStory, StoryStanding } from '../agent/story-contract.js';
import type { StoryEvent } from '../services/messages/story.js';
import { byteCount, forPeople, plural, relative } from './format.js';
import type { NodeLabel } from './nodes.js';
import { facts, paint, table } from './output.js';

/** What to do about codes a person may meet in a story. */
const CODES: Readonly<Record<string, string>> = {
  'message.busy': 'too many messages wait here already',
  'message.not-sent': 'no link took it, and without an acknowledgement nothing is kept or sent again',
  'custody.full': 'no room for more messages of this node',
  'custody.rate': 'too many at once',
  'custody.disk': 'the disk here has lost it',
  'custody.expired': 'its time was over',
  'custody.signature': 'its signature did not hold',
  'transfer.full': 'too many large payloads are on their way there',
  'transfer.digest': 'what arrived is not what was sent',
  'store.full': 'the disk is full',
  'agent.stopped': 'this agent was stopped',
};

const why = (detail: string | undefined): string => (detail === undefined ? '' : `: ${CODES[detail] ?? detail}`);

type Sentence = (event: StoryEvent, who: string, over: string) => string;

const SENTENCES: Readonly<Record<string, Sentence>> = {
  sent: ({ detail }) => `taken over by this node${why(detail)}`,
  received: ({ hops, detail }, who) =>
    `came here from ${who}${hops === undefined ? '' : ` over ${plural(hops, 'link')}`}${why(detail)}`,
  duplicate: () => 'a copy came again; it was given out once',
  'kept-here': (_, who) => `kept here for its destination, by order of ${who}`,
  tried: ({ detail }, who, over) => `sent to ${who}${over}, ${detail ?? 'the best way there'}`,
  'let-go': () => 'no acknowledgement was asked for: nothing of it is kept, and nothing more will be known of it',
  spread: ({ detail }) => `no way there is known, or the best ones failed: sent ${detail ?? 'over every link'}`,
  queued: ({ detail }, _, over) => `waits${over} ${detail ?? 'for airtime'}`,
  dropped: (_, who, over) => `not sent to ${who}${over}: too much waits there`,
  'not-taken': (_, who, over) => `${who} did not take it${over}; another way is tried`,
  waiting: ({ detail }) => `waits here, kept on disk${why(detail)}`,
  held: (_, who) => `${who} has a copy, and hands it over when it meets the destination`,
  'given-up': ({ detail }, who) => `${who} has its copy no more${why(detail)}`,
  'called-back': (_, who) => `${who} needs no copy here any more: its message has its end`,
  unkept: ({ detail }) => `this node's disk did not take it${why(detail)}; it is tried while the agent runs`,
  handing: (_, who) => `a way is open: handed over to ${who}`,
  offered: (_, who) => `its size was told to ${who}, which fetches it in chunks`,
  'put-off': ({ detail }, who) => `${who} could not take it now${why(detail ?? 'no answer')}; tried again later`,
  delivered: ({ hops }, who) =>
    `delivered: its destination has acknowledged it${who === '' ? '' : hops === undefined ? `, says ${who}` : `; that answer came over ${plural(hops, 'link')}, the last from ${who}`}`,
  again: () => 'acknowledged once more: a copy arrived too, and was not given out',
  expired: ({ detail }) => `given up: no acknowledgement in time${why(detail)}`,
  refused: ({ detail }, who) => `refused${who === '' ? '' : ` by ${who}`}${why(detail)}`,
};

function sentence(event: StoryEvent, label: NodeLabel): string {
  const { what, node, radio, detail, times, lastAt } = event;
  const who = node === undefined ? '' : label(node);
  const over = radio === undefined ? '' : ` over ${radio}`;
  const said = SENTENCES[what]?.(event, who, over) ?? [what, who, detail].filter(Boolean).join(' ');
  if (times === undefined || lastAt === undefined) return said;
  return `${said} (${times} times in ${forPeople(Math.max(0, lastAt - event.happenedAt))})`;
}

const DOING: Readonly<Record<StoryStanding['doing'], string>> = {
  trying: 'is sent again until it is acknowledged',
  waiting: 'waits until a way leads there',
  'handing-over': 'is being handed over',
  transferring: 'goes in chunks',
};

function standingText(standing: StoryStanding, to: string, label: NodeLabel): string {
  const { doing, reachable, nextHop, attempts, nextTryAt, expiresAt, keepers } = standing;
  const by = nextHop === undefined ? '' : nextHop === to ? ', directly' : `, by ${label(nextHop)}`;
  const way = reachable ? `A way leads there${by}.` : 'No way leads there now.';
  const tries = attempts === undefined ? '' : ` Tried ${attempts === 1 ? 'once' : `${attempts} times`}.`;
  const next = nextTryAt === undefined ? '' : ` Next try ${relative(nextTryAt)}.`;
  const copies = keepers.length > 0 ? ` Copies: ${keepers.map(label).join(', ')}.` : '';
  return `It ${DOING[doing]}. ${way}${tries}${next}${copies} It is given up ${relative(expiresAt)}.`;
}

/** A message's story: what it is, what happened to it, oldest first, and what is done for it now. */
export function storyText(story: MessageStory, label: NodeLabel = (id) => id): string {
  const { condition, progress, standing, to, type } = story;
  const head = facts([
    ['message', story.messageId],
    ['to', to === '*' ? 'everybody' : label(to)],
    ['type', `${type === '' ? 'not known here' : type} (${story.priority})`],
    ['condition', condition],
    ['created', relative(story.createdAt)],
    ...(progress
      ? [['arrived', `${byteCount(progress.doneBytes)} of ${byteCount(progress.totalBytes)}`] as const]
      : []),
  ]);
  const events = table(
    [
      { title: 'AFTER', value: ({ happenedAt }) => forPeople(Math.max(0, happenedAt - story.createdAt)), right: true },
      { title: 'WHAT', value: ({ what }) => what },
      { title: '', value: (event) => sentence(event, label) },
    ],
    story.events,
  );
  const now = standing ? [paint('bold', 'Now'), standingText(standing, to, label)] : [];
  const hint = standing && !standing.reachable ? [`Look: edge-agent trace ${label(to)}`] : [];
  return [head, '', events, ...(now.length > 0 ? ['', ...now, ...hint] : [])].join('\n');
}
