import { type MessageId, type NodeId, parseMessageId } from '../core/ids.js';
import type { Mesh } from '../mesh/mesh.js';
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

/** What a keeper knows of a message of another node. */
export function keeperStory(messageId: string, mesh: Mesh, runner: Moments): MessageStory | undefined {
  const id = parseMessageId(messageId);
  const kept = id && mesh.custody.standing(id);
  if (!id || !kept || kept.own) return undefined;
  const now = runner.now();
  const createdAt = Math.floor(now.wall - (now.mono - kept.bornAt));
  const priority = PRIORITIES[kept.priority] ?? 'medium';
  const events = [{ happenedAt: createdAt, what: 'kept-here', node: kept.origin }];
  const body = mesh.custody.keptBody(id);
  const type = (body && decode(Body.MessageSchema, body)?.type) ?? '';
  const story = { messageId, to: kept.to, type, priority, condition: 'sent', createdAt, events } as const;
  return withStanding(story, mesh, runner);
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
