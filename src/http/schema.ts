import type { z } from 'zod';
import type * as Contract from '../agent/contract.js';
import type * as Routes from '../agent/routes-contract.js';
import type { Statistics } from '../agent/statistics-contract.js';
import type { MessageStory } from '../agent/story-contract.js';
import type * as Detections from './schema/detections.js';
import type * as Messages from './schema/messages.js';
import type * as Ways from './schema/routes.js';
import type * as Figures from './schema/statistics.js';
import type * as Status from './schema/status.js';

/**
 * The schemas under `schema/` and the types of the agent's contract are the same: each line below fails to compile
 * when a field is added, dropped, renamed or retyped on one side only.
 */
type Leaf = string | number | boolean | null | undefined | Float32Array;
type Plain<T> = T extends Leaf
  ? T
  : Contract.Json extends T
    ? 'any JSON'
    : string extends keyof T
      ? Contract.JsonObject extends T
        ? 'any JSON object'
        : { -readonly [Key in keyof T]: Plain<T[Key]> }
      : T extends readonly (infer Element)[]
        ? Plain<Element>[]
        : { -readonly [Key in keyof T]: Plain<Exclude<T[Key], Float32Array>> };
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Same<Schema extends z.ZodType, Type> = Equal<Plain<z.infer<Schema>>, Plain<Type>>;
type AllTrue<Checks extends readonly true[]> = Checks;

export type SchemasMatchTheContract = AllTrue<
  [
    Same<typeof Status.status, Contract.Status>,
    Same<typeof Status.radioStatus, Contract.RadioStatus>,
    Same<typeof Status.nodeState, Contract.NodeState>,
    Same<typeof Status.nodeFieldsPatch, Contract.NodeFieldsPatch>,
    Same<typeof Status.peer, Contract.Peer>,
    Same<typeof Status.manualPeer, Contract.ManualPeer>,
    Same<typeof Status.waitingAddress, Contract.WaitingAddress>,
    Same<typeof Ways.routeView, Routes.RouteView>,
    Same<typeof Ways.routeUpdate, Routes.PinOptions & { readonly nextHop: string | null }>,
    Same<typeof Ways.traceRequest, Routes.TraceRequest>,
    Same<typeof Ways.traceResult, Routes.TraceResult>,
    Same<typeof Figures.statistics, Statistics>,
    Same<typeof Detections.detectionInput, Contract.DetectionInput>,
    Same<typeof Detections.pushResult, Contract.PushResult>,
    Same<typeof Detections.detection, Contract.Detection>,
    Same<typeof Detections.detectionQuery, Contract.DetectionQuery>,
    Same<typeof Detections.detectionPage, Contract.DetectionPage>,
    Same<typeof Detections.searchRequest, Contract.SearchRequest>,
    Same<typeof Detections.searchResult, Contract.SearchResult>,
    Same<typeof Detections.searchAnswer, Contract.SearchAnswer>,
    Same<typeof Messages.alertInput, Contract.AlertInput>,
    Same<typeof Messages.alert, Contract.Alert>,
    Same<typeof Messages.alertPage, Contract.AlertPage>,
    Same<typeof Messages.messageInput, Contract.MessageInput>,
    Same<typeof Messages.messageStory, MessageStory>,
    Same<typeof Messages.receivedMessage, Contract.ReceivedMessage>,
    Same<typeof Messages.queryAnswer, Contract.QueryAnswer>,
    Equal<keyof typeof Messages.eventData, Contract.AgentEventName>,
    Same<(typeof Messages.eventData)['peer'], Contract.AgentEvents['peer']>,
    Same<(typeof Messages.eventData)['link'], Contract.AgentEvents['link']>,
    Same<(typeof Messages.eventData)['state'], Contract.AgentEvents['state']>,
    Same<(typeof Messages.eventData)['detection'], Contract.AgentEvents['detection']>,
    Same<(typeof Messages.eventData)['transfer'], Contract.AgentEvents['transfer']>,
    Same<(typeof Messages.eventData)['health'], Contract.AgentEvents['health']>,
  ]
>;
