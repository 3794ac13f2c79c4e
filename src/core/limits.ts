/** Bounds of the engine, in one place. Each says what happens at the bound. */
export const Limit = {
  /** Links under way or up, over all radios; a further stranger is refused and counted. */
  Links: 256,
  /** Nodes whose keys and boots are known; the one unheard longest goes first. */
  KnownNodes: 4_096,
  /** Boots remembered of one node; the oldest goes first. */
  BootsPerNode: 4,
  /** Frames kept per source and over all while its boot is asked for; the oldest goes first. */
  HeldPerSource: 32,
  HeldFrames: 512,
  HeldMs: 10_000,
  /** A stranger's signature checks a second for each ingress link; more are refused and counted. */
  StrangerChecksPerSecond: 20,
  /** Frames queued per link; at the bound the newest of the lowest priority goes. */
  QueuedFramesPerLink: 1_024,
  QueuedBytesPerLink: 4 << 20,
  /** Frames sent and not yet acknowledged by the next hop; further ones wait in the queue. */
  InFlightPerLink: 256,
  /** Flooded frames waiting for their relay delay; at the bound they are relayed at once. */
  PendingRelays: 4_096,
  /** Directed messages waiting for their end-to-end acknowledgement; a further one is refused (`message.busy`). */
  PendingMessages: 4_096,
  /** Messages of this node that wait to be delivered, kept on its disk; a further one is refused (`message.busy`). */
  OwnParcels: 4_096,
  OwnParcelBytes: 16 << 20,
  /**
   * Messages of others kept for nodes that are away: in all, all but the critical, by the neighbour that handed them over,
   * by origin and by destination. At a bound the origin pays for itself: its least urgent, oldest message goes; where it has
   * none, one of the neighbour and origin that take most room; never something more urgent than what comes; else that
   * is refused (`custody.full`).
   */
  KeptParcels: 1_024,
  KeptParcelBytes: 8 << 20,
  KeptLesserParcels: 896,
  KeptLesserParcelBytes: 7 << 20,
  KeptPerGiver: 512,
  KeptBytesPerGiver: 4 << 20,
  KeptPerOrigin: 256,
  KeptBytesPerOrigin: 2 << 20,
  KeptPerDestination: 256,
  KeptBytesPerDestination: 2 << 20,
  /** Neighbours remembered as having been handed a copy of one own message; the first goes first. */
  HandedPerParcel: 32,
  /** Parcels a second that a link may bring in the long run, and at once; more are refused (`custody.rate`). */
  ParcelsPerSecond: 16,
  ParcelBurst: 64,
  /** Receipts that wait for an origin to come into reach; the oldest goes first. */
  Receipts: 2_048,
  /** Bytes of one transfer, and transfers under way with their bytes: of this node (a further one is refused, `message.busy`) … */
  TransferBytes: 8 << 20,
  OutTransfers: 64,
  OutTransferBytes: 64 << 20,
  /** … and to this node (a further one is put off, `transfer.full`). */
  InTransfers: 16,
  InTransferBytes: 32 << 20,
  /** … and from one node. */
  InTransfersPerPeer: 8,
  InTransferBytesPerPeer: 16 << 20,
  /** Chunks of one transfer that are asked for and not yet there. */
  ChunksAsked: 48,
  /** Parcels and receipts being handed over, in all and to one node; further ones wait. */
  Handovers: 32,
  HandoversPerNode: 8,
  /** Routes that people set; a further one is refused (`route.limit`). */
  PinnedRoutes: 256,
  /** Probes of a trace a second that a link may bring in the long run, and at once; more are neither answered nor passed on (`trace.limited`). */
  ProbesPerSecond: 4,
  ProbeBurst: 32,
  /** Probes of this node whose answers are still taken; the oldest goes first. */
  Traces: 64,
  /** Messages of others of which it is remembered, in memory, how their keeping here ended; the oldest goes first. */
  PartedParcels: 1_024,
  /** Message stories remembered; the oldest goes first. */
  Stories: 2_048,
  /** Ids of delivered messages remembered to deliver each once; the oldest goes first. */
  DeliveredIds: 10_000,
  /** Neighbours a node state names; the costliest are left out. */
  NeighboursPerState: 64,
  /** Segments whose summaries are held; a further one is refused (`segment.limit`). Nodes one may name, and segments next to it. */
  Segments: 512,
  SegmentMembers: 1_024,
  SegmentNeighbours: 64,
} as const;

/** Relays a frame may see. Longer than any line of nodes a mesh segment is built for. */
export const DEFAULT_TTL = 48;
