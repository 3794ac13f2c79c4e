import { type MessageId, type NodeId, parseMessageId } from '../core/ids.js';
import type { Mesh } from '../mesh/mesh.js';
import { Said } from '../mesh/receipts.js';
import type { Parted } from '../mesh/shelf.js';
import type { StoryCondition, StoryEvent } from '../services/messages/story.js';
import { Body, decode } from '../wire/bodies.js';
import { PRIORITIES } from './contract.js';
import type { Runner } from './runner.js';
import type { MessageStory, StoryStanding } from './story-contract.js';

type Moments = Pick<Runner, 'now'>;

/** A story with what is done now for a message that has no end yet. */
export function withStanding(story: MessageStory, mesh: Mesh, runner: Moments): MessageStory {
  if (story.condition !== 'sent' || story.to === '*') return story;
  const standing = standingOf(story.messageId as MessageId, story.to as NodeId, mesh, runner);
  return standing ? { ...story, standing } : story;
}

/** What a keeper knows of a message of another node, also of one that it does not keep any more. */
export function keeperStory(messageId: string, mesh: Mesh, runner: Moments): MessageStory | undefined {
  const id = parseMessageId(messageId);
  const kept = id && mesh.custody.standing(id);
  const parted = id && !kept ? mesh.custody.ofOthers.parted(id) : undefined;
  const about = kept ?? parted;
  if (!id || !about || kept?.own) return undefined;
  const now = runner.now();
  const toWall = (mono: number): number => Math.floor(now.wall - (now.mono - mono));
  const createdAt = toWall(about.bornAt);
  const { to, origin } = about;
  const body = kept && mesh.custody.ofOthers.keptBody(id);
  const type = (body && decode(Body.MessageSchema, body)?.type) ?? '';
  const end = parted && endOf(parted, mesh.context.self.id, toWall(parted.partedAt));
  const events = [{ happenedAt: createdAt, what: 'kept-here', node: origin }, ...(end ? [end.event] : [])];
  const priority = PRIORITIES[about.priority] ?? 'medium';
  const story = { messageId, to, type, priority, condition: end?.condition ?? 'sent', createdAt, events } as const;
  return parted ? story : withStanding(story, mesh, runner);
}

/** With a keeper; that is the message's own end only when its destination had it, or its time was over. */
function endOf({ what, code, to, origin }: Parted, self: NodeId, happenedAt: number): KeepingEnd {
  const detail = code === '' ? {} : { detail: code };
  switch (what) {
    case Said.Delivered:
      return { condition: 'delivered', event: { happenedAt, what: 'delivered' } };
    case Said.Refused:
      return { condition: 'refused', event: { happenedAt, what: 'refused', node: to, ...detail } };
    case Said.Expired:
      return { condition: 'expired', event: { happenedAt, what: 'expired' } };
    case Said.CalledBack:
      return { condition: 'sent', event: { happenedAt, what: 'called-back', node: origin } };
    default:
      return { condition: 'sent', event: { happenedAt, what: 'given-up', node: self, ...detail } };
  }
}

interface KeepingEnd {
  readonly condition: StoryCondition;
  readonly event: StoryEvent;
}

function standingOf(id: MessageId, to: NodeId, mesh: Mesh, runner: Moments): StoryStanding | undefined {
  const now = runner.now();
  const toWall = (mono: number): number => Math.floor(now.wall + (mono - now.mono));
  const tried = mesh.delivery.standing(id);
  const kept = mesh.custody.standing(id);
  const expiresAt = kept?.expiresAt ?? tried?.deadline;
  if (expiresAt === undefined) return undefined;
  const nextTry = tried?.retryAt ?? kept?.dueAt;
  const link = mesh.routing.nextLink(to, now);
  return {
    doing: tried ? 'trying' : (kept?.doing ?? 'waiting'),
    reachable: mesh.routing.path(to) !== undefined,
    ...(link?.peer !== undefined && { nextHop: link.peer }),
    ...(tried && { attempts: tried.attempts }),
    ...(nextTry !== undefined && Number.isFinite(nextTry) && { nextTryAt: toWall(nextTry) }),
    expiresAt: toWall(expiresAt),
    keepers: [...(kept?.keepers ?? [])],
  };
}
