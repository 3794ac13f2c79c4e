/** Frame types, one byte on the wire. Numbers are never reused. */
export const FrameType = {
  /** Link-local, signed: who I am and on which port; also the hello that opens a link. */
  Beacon: 1,
  /** Link-local: still here, with digests of what I hold. */
  Heartbeat: 2,
  /** Link-local: tags of frames that arrived. */
  HopAck: 3,
  /** Link-local: signed beats and node states (drip). */
  Drip: 4,
  /** Link-local: asks for the items named. */
  DripRequest: 6,
  /** Link-local: records and tombstones (weave). */
  Records: 8,
  /** Link-local: keys and versions I have. */
  Have: 9,
  /** Link-local: keys I want. */
  Want: 10,
  /** Link-local: fingerprints of a part of the key space. */
  Fingerprints: 11,
  /** Link-local: whether a common neighbour is heard. */
  Suspicion: 12,
  /** Link-local: hashes of the beats, states and alerts I hold (drip). */
  DripHashes: 13,
  /** Link-local, to all in earshot of slow air: whom I hear. */
  Hearing: 14,
  /** Link-local, to all in earshot of slow air: hashes of the alerts that came of late. */
  AlertsHeld: 15,
  /** Flooded. */
  Alert: 16,
  /** Flooded: a search for everybody. */
  SearchQuery: 17,
  /** Directed. */
  SearchAnswer: 18,
  /** Directed: score these keys by the exact query. */
  ScoreRequest: 19,
  ScoreAnswer: 20,
  /** Flooded or directed: a user's message. */
  Message: 24,
  /** Directed: a user's question and its answer. */
  Query: 25,
  Response: 26,
  /** Directed: end-to-end acknowledgement, or refusal. */
  Ack: 27,
  /** Directed: asks an author to prove a frame it originated; and the proof. */
  ProofRequest: 28,
  Proof: 29,
  /** Directed: asks every node on its way where it is; and the answer of one. */
  TraceProbe: 30,
  TraceReply: 31,
  /** Directed: a message in custody, to a keeper or to its destination; and what became of one, to its origin. */
  Parcel: 32,
  Receipt: 33,
  /** Directed: a payload too large for one message is offered, asked for and given in chunks. */
  Offer: 34,
  ChunkRequest: 35,
  Chunk: 36,
  /** Directed: what of a message in fragments is missing; the answer; and a piece of it, sent again. */
  PartsAsk: 37,
  PartsMissing: 38,
  Part: 39,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

const NAMES = new Map<number, string>(Object.entries(FrameType).map(([name, value]) => [value, name.toLowerCase()]));

export const frameTypeName = (type: number): string => NAMES.get(type) ?? `type-${type}`;

/** Types below this go no further than the next node. */
export const FIRST_FAR_TYPE = 16;

/** What is said over slow air to all in earshot: what drips, and who holds which alerts. */
export const isForEars = (type: number): boolean =>
  type === FrameType.Drip ||
  type === FrameType.DripHashes ||
  type === FrameType.DripRequest ||
  type === FrameType.AlertsHeld;

export const Priority = { Critical: 0, High: 1, Medium: 2, Low: 3 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];
