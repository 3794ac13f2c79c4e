import type { PulseView } from '../mesh/pulse.js';
import type { RadioCondition, RadioCounters, RadioKind, RadioProbe } from '../ports/radio.js';
import type { PinOptions, RouteView, TraceRequest, TraceResult } from './routes-contract.js';
import type { SegmentView } from './segment-contract.js';
import type { Statistics } from './statistics-contract.js';
import type { MessageStory } from './story-contract.js';

/**
 * What an agent offers, in the shapes of the HTTP contract. The library is this interface, the HTTP routes are thin
 * over it, and `src/http/schema.ts` checks at compile time that its schemas and these types are the same.
 * Times are Unix milliseconds, ids lower-case hex. Faults are EdgeErrors.
 */
export const NodeCondition = { Active: 'active', Idle: 'idle', Processing: 'processing', Offline: 'offline' } as const;
export type NodeCondition = (typeof NodeCondition)[keyof typeof NodeCondition];

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type PriorityName = (typeof PRIORITIES)[number];

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** `reason`: why it is not up. Of a radio with several ways of working also which one the hardware allows, why, and what mends a part that fails. */
export interface RadioStatus extends Partial<Pick<RadioProbe, 'mode' | 'detail' | 'fix'>> {
  readonly kind: RadioKind;
  readonly name: string;
  readonly condition: RadioCondition;
  readonly reason?: string;
  readonly addresses: readonly string[];
  readonly links: number;
  readonly counters: RadioCounters;
  /** Time on the air that frames took since the start. */
  readonly airtimeMs: Readonly<Record<PriorityName, number>>;
}

export interface Status {
  readonly nodeId: string;
  readonly name: string;
  readonly version: string;
  /** An open mesh has no secret: anyone in reach can join and read. */
  readonly mesh: { readonly name: string; readonly open: boolean };
  readonly startedAt: number;
  readonly state: NodeCondition;
  readonly radios: readonly RadioStatus[];
  readonly peers: { readonly alive: number; readonly total: number };
  /** In a mesh too large to be one: peers are then those of this node's segment, and its neighbours. */
  readonly segment?: SegmentView;
  readonly detections: { readonly count: number };
  /** Messages that wait here: this node's own, others' kept for them, large ones on their way from and to here; and frames for links. */
  readonly waiting: {
    readonly own: number;
    readonly others: number;
    readonly sending: number;
    readonly receiving: number;
    readonly frames: number;
  };
  readonly hotPath: { readonly kind: 'native' | 'js'; readonly isa: string; readonly reason?: string };
  readonly http?: { readonly url: string };
  /** The mesh's time, and how this node comes by it. */
  readonly pulse: PulseView;
  /** Set while the disk is full or failing: what stopped working. */
  readonly storage: { readonly condition: 'ok' | 'full' | 'failed'; readonly reason?: string };
}

export interface NodeFields {
  readonly condition?: NodeCondition;
  readonly fps?: number;
  /** Per cent. */
  readonly battery?: number;
  readonly charging?: boolean;
  readonly cpu?: number;
  readonly memory?: number;
  /** Degrees Celsius. */
  readonly temperature?: number;
  readonly disk?: number;
  /** Whatever else a pipeline sets: at most 16 scalars. */
  readonly custom?: { readonly [key: string]: string | number | boolean };
}

/** `null` removes a field. */
export type NodeFieldsPatch = { readonly [K in keyof NodeFields]?: NodeFields[K] | null };

export interface NodeState extends NodeFields {
  /** Rises with every change by its node. */
  readonly version: number;
  readonly updatedAt: number;
}

export interface PeerLink {
  readonly radio: string;
  readonly address: string;
  readonly rttMs?: number;
  /** Share of frames that arrive, 0 to 1, measured over both directions. */
  readonly quality: number;
  readonly lastHeardAt: number;
  /** It does not answer at the moment. `flapping`: it came and went too often lately, and serves as the only way alone. */
  readonly suspect?: true;
  readonly flapping?: true;
}

export interface Peer {
  readonly nodeId: string;
  readonly name: string;
  readonly alive: boolean;
  /** A neighbour that answers over none of its links: it may be gone. */
  readonly suspect?: true;
  /** 1 for a neighbour; 0 when no path is known. */
  readonly hops: number;
  readonly lastSeenAt: number;
  readonly links: readonly PeerLink[];
  readonly state: NodeState | null;
}

export interface ManualPeer {
  readonly host: string;
  readonly port: number;
  /** When given, a different node answering there is refused. */
  readonly nodeId?: string;
}

/** An address given by hand where no neighbour is linked yet. */
export interface WaitingAddress {
  /** As the radio writes it: `[::1]:4242`. */
  readonly address: string;
  readonly radio: string;
  /** Who is to answer there, when that was said. */
  readonly nodeId?: string;
  /** Greetings in vain so far. */
  readonly tries: number;
  readonly nextTryAt: number;
}

export interface DetectionInput {
  readonly hash: string;
  readonly type: string;
  readonly space?: string;
  readonly embedding?: readonly number[] | Float32Array;
  readonly metadata?: JsonObject;
  readonly observedAt?: number;
  readonly purpose?: string;
  readonly expiresAt?: number;
}

export interface ItemError {
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

export interface PushResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly ItemError[];
}

export interface Detection {
  readonly hash: string;
  readonly type: string;
  readonly node: string;
  readonly space?: string;
  readonly metadata: JsonObject;
  readonly observedAt: number;
  readonly purpose?: string;
  readonly expiresAt: number;
  /** Counts the contents this author gave the hash, from 1. */
  readonly version: number;
  /** Whether the exact vector is held here (its origin) or only the int8 copy. */
  readonly vector: 'exact' | 'int8' | 'none';
}

export interface DetectionQuery {
  readonly type?: string;
  readonly node?: string;
  readonly hash?: string;
  readonly sinceAt?: number;
  readonly untilAt?: number;
  /** 1 to 1,000, default 100. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** Newest first. */
export interface DetectionPage {
  readonly detections: readonly Detection[];
  readonly nextCursor?: string;
}

export interface SearchRequest {
  readonly embedding?: readonly number[] | Float32Array;
  /** The hash of a detection held here, to search by its vector. */
  readonly like?: string;
  readonly space?: string;
  /** 1 to 1,000, default 10. */
  readonly k?: number;
  readonly type?: string;
  readonly node?: string;
  readonly sinceAt?: number;
  readonly untilAt?: number;
  /** Every field must be equal. */
  readonly metadata?: JsonObject;
  readonly scope?: 'local' | 'mesh';
  /** Default 2,000, at most 60,000. */
  readonly timeoutMs?: number;
}

export interface SearchResult {
  readonly hash: string;
  readonly type: string;
  readonly node: string;
  /** Cosine; absent when nothing was compared (no embedding and no `like`). */
  readonly score?: number;
  /** What the score was computed from. */
  readonly scoredFrom?: 'exact' | 'int8';
  readonly observedAt: number;
  readonly metadata: JsonObject;
}

export interface SearchAnswer {
  readonly results: readonly SearchResult[];
  /** Nodes asked and nodes that answered before the deadline, this one included. */
  readonly asked: number;
  readonly answered: number;
  readonly nodes: readonly { readonly nodeId: string; readonly answered: boolean }[];
  readonly tookMs: number;
  /** Below 1: of the vectors held here, only this share was compared, because the index still loads after a start. */
  readonly loaded?: number;
}

export interface AlertInput {
  readonly priority: PriorityName;
  readonly type: string;
  readonly payload?: Json;
}

export interface Alert {
  readonly alertId: string;
  readonly node: string;
  readonly priority: PriorityName;
  readonly type: string;
  readonly payload: Json;
  readonly raisedAt: number;
  readonly receivedAt: number;
}

export interface AlertPage {
  readonly alerts: readonly Alert[];
  readonly nextCursor?: string;
}

export interface MessageInput {
  /** A node id, or `*` for everybody. */
  readonly to: string;
  readonly type: string;
  readonly payload?: Json;
  /** Raw bytes instead of `payload`: 48 KiB, and by `send` to one node, with acknowledgement, nearly 8 MiB. */
  readonly payloadBase64?: string;
  /** Default medium. */
  readonly priority?: PriorityName;
  /** Ask for an end-to-end acknowledgement (directed messages; default true there). */
  readonly ack?: boolean;
  /** How long it may travel: 24 h by default where `send` keeps it (7 days at most), else 30 s (10 minutes). */
  readonly timeoutMs?: number;
}

export interface ReceivedMessage {
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly payload: Json;
  /** Present when the sender gave raw bytes; more than 48 KiB of them are told by their number alone, and had by `payload`. */
  readonly payloadBase64?: string;
  readonly payloadBytes?: number;
  readonly priority: PriorityName;
  readonly hops: number;
  readonly receivedAt: number;
  /** Of one that was kept on its way: how long ago it was sent. */
  readonly ageMs?: number;
}

export interface QueryAnswer {
  readonly messageId: string;
  readonly from: string;
  readonly payload: Json;
  readonly payloadBase64?: string;
  readonly tookMs: number;
}

export interface AgentEvents {
  peer: {
    readonly nodeId: string;
    readonly change: 'joined' | 'alive' | 'offline' | 'forgotten';
    readonly name: string;
    /** Of `offline`: why it is called so. */
    readonly reason?: string;
  };
  link: {
    readonly nodeId: string;
    readonly radio: string;
    readonly address: string;
    readonly change: 'up' | 'down';
    readonly reason?: string;
  };
  state: { readonly nodeId: string; readonly state: NodeState };
  detection: {
    readonly change: 'added' | 'updated' | 'erased';
    readonly hash: string;
    readonly type: string;
    readonly node: string;
    readonly observedAt: number;
  };
  alert: Alert;
  message: ReceivedMessage;
  /** A large payload of this node's goes in chunks: what its destination has, at most four times a second; the last time with its end. */
  transfer: {
    readonly messageId: string;
    readonly to: string;
    readonly doneBytes: number;
    readonly totalBytes: number;
    readonly condition: MessageStory['condition'];
  };
  /** A query for which no handler of this process is registered; answer with `respond`. */
  query: ReceivedMessage;
  health: { readonly subject: string; readonly condition: string; readonly detail?: string };
}
export type AgentEventName = keyof AgentEvents;

export const AGENT_EVENT_NAMES = [
  'peer',
  'link',
  'state',
  'detection',
  'alert',
  'message',
  'transfer',
  'query',
  'health',
] as const satisfies readonly AgentEventName[];

export type MessageHandler = (message: ReceivedMessage) => Json | undefined | Promise<Json | undefined>;

export interface AgentApi {
  readonly nodeId: string;
  status(): Status;
  statistics(): Statistics;
  peers(): readonly Peer[];
  /** Addresses given by hand where nobody answers yet. */
  addresses(): readonly WaitingAddress[];
  /** Tries an address until something answers there or it is removed. Throws `peer.addresses` (409): too many. */
  addPeer(peer: ManualPeer): Promise<void>;
  /** Forgets a peer (it may be discovered again) and its address, or an address; false when it was not known. */
  removePeer(nodeIdOrAddress: string): boolean;
  routes(): readonly RouteView[];
  /**
   * Pins the route to a destination to a neighbour, over restarts too; `null` unpins it. Throws `route.self`, `route.next-hop`
   * (409), `route.limit` (409) or `peer.unknown` (404).
   */
  setRoute(destination: string, nextHop: string | null, options?: PinOptions): void;
  /** The way a message takes now, hop by hop. Throws `trace.self`, `peer.unknown` (404) or `trace.busy` (429). */
  trace(request: TraceRequest): Promise<TraceResult>;
  state(): { readonly nodes: { readonly [nodeId: string]: NodeState } };
  patchState(patch: NodeFieldsPatch): NodeState;
  readonly detections: {
    /** One or many. Throws when nothing was taken because this node could not: `store.full`, `detections.limit` (507), `store.busy` (429). */
    push(items: readonly unknown[] | DetectionInput): Promise<PushResult>;
    list(query?: DetectionQuery): DetectionPage;
    /** The detection under this hash; several authors may have one: all are given. Throws `detection.unknown` (404) or `detection.erased` (410). */
    get(hash: string): readonly Detection[];
    /** Erases it on every node. Throws `detection.unknown` (404). */
    erase(hash: string): Promise<{ readonly erased: number }>;
  };
  search(request: SearchRequest): Promise<SearchAnswer>;
  readonly alerts: {
    /** Resolves once it is on its way, and on disk unless the disk takes nothing. */
    send(alert: AlertInput): Promise<Alert>;
    list(query?: { readonly sinceAt?: number; readonly limit?: number; readonly cursor?: string }): AlertPage;
  };
  /** Resolves once it is on its way, and on this node's disk where it is kept: to one node, with acknowledgement. */
  send(message: MessageInput): Promise<{ readonly messageId: string }>;
  /** Resolves when delivered; throws `message.expired` or `message.refused`. */
  sendAndWait(message: MessageInput): Promise<MessageStory>;
  message(messageId: string): MessageStory;
  /** The bytes of a large message that came here; the oldest are let go beyond 64 MiB. Throws `payload.unknown` (404). */
  payload(messageId: string): Uint8Array;
  query(message: MessageInput): Promise<QueryAnswer>;
  respond(messageId: string, response: { readonly payload?: Json; readonly payloadBase64?: string }): Promise<void>;
  /** What a handler returns is the response to a query. One handler a type; returns how to remove it. */
  handle(type: string, handler: MessageHandler): () => void;
  on<Name extends AgentEventName>(event: Name, listener: (payload: AgentEvents[Name]) => void): () => void;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
