/** Bounds of the BLE radio in one place. Each says what happens at the bound. */
export const BleLimit = {
  /** Commands waiting for their turn; a further one is answered `memory exceeded`. */
  QueuedCommands: 64,
  /** Without an answer a command is sent again once, then the controller counts as stuck and is reset. */
  CommandTimeoutMs: 2_000,
  /** ACL packets waiting for a buffer, for each link; at the bound the link is ended. */
  QueuedAclPerLink: 512,
  /** Controllers that claim more buffers than this are not believed. */
  AclBuffersMax: 64,
  /** Links the multiplexer keeps; a further one is ended at once. */
  Links: 32,
  /** Largest frame a send takes; split into fragments of a link's packet size. */
  FrameBytes: 1_024,
  /** Fragments a sender may have under way; the receiver gives them back. */
  Window: 16,
  /** Frames and bytes waiting for credits, for each link; at the bound `send` says `full`. */
  QueuedFrames: 256,
  QueuedBytes: 64 << 10,
  /** A link that got no credits for so long while frames wait is ended. */
  StallMs: 10_000,
  /** A link over which no greeting came is ended. */
  GreetingMs: 5_000,
  /** Over a link on which we said nothing for so long, we say again where we stand. */
  KeepAliveMs: 25_000,
  /** A link over which nothing was heard for so long is ended. */
  SilentLinkMs: 90_000,
  /** Neighbours whose adverts are remembered; the one unheard longest goes first. */
  Neighbours: 256,
  /** A link to somebody of no or another mesh, so that it can join, lives so long; one at a time, and then none for as long again. */
  StrangerMs: 30_000,
  /** How long who came in vain, and who connected and said nothing, is not let in again; doubles each time up to the last. */
  StrangerBackoffMs: 60_000,
  SilentBackoffMs: 2_000,
  StrangerBackoffMaxMs: 15 * 60_000,
  /** Names that are not let in; the one barred longest ago goes first. */
  BarredNames: 128,
  /** Urgent frames that wait to be said in adverts; a further one is dropped. One takes about two seconds. */
  QueuedShouts: 4,
  /** A controller whose present role has no adverts is waited for so long; then the frame is dropped. */
  ShoutWaitMs: 10_000,
  /** Frames being put together from adverts, the one unheard longest goes first; and how long one may take. */
  Assemblies: 32,
  OverheardMs: 30_000,
  /** Frames from adverts that the engine is given in a second; further ones are dropped. */
  OverheardPerSecond: 20,
  /** A try to reach a neighbour, from the first command to its greeting. */
  DialMs: 6_000,
} as const;

/** Ours, drawn at random; bytes 4 to 7 spell MESH. */
export const SERVICE_UUID = 'e2a600014d4553489a1f0b5e7c3d2f10';
/** Written to by the central, without response. */
export const RX_UUID = 'e2a600024d4553489a1f0b5e7c3d2f10';
/** Notified by the peripheral. */
export const TX_UUID = 'e2a600034d4553489a1f0b5e7c3d2f10';
