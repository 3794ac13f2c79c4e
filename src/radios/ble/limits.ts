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
  /** A link to somebody of no or another mesh, so that it can join, lives so long; one at a time. */
  StrangerMs: 30_000,
  /** A try to reach a neighbour, from the first command to its greeting. */
  DialMs: 6_000,
} as const;

/** Ours, drawn at random; bytes 4 to 7 spell MESH. */
export const SERVICE_UUID = 'e2a600014d4553489a1f0b5e7c3d2f10';
/** Written to by the central, without response. */
export const RX_UUID = 'e2a600024d4553489a1f0b5e7c3d2f10';
/** Notified by the peripheral. */
export const TX_UUID = 'e2a600034d4553489a1f0b5e7c3d2f10';
