/** How an emulated controller misbehaves. All may be changed while it runs. */
export interface ControllerQuirks {
  /** Scanning is on but nothing is reported, until it is reset. Restarting the scan does not help. */
  scanIsDead: boolean;
  /** Scanning is on but nothing is reported, until the scan is restarted. */
  scanIsStuck: boolean;
  /** Commands with these opcodes are swallowed, each as often as its number says. */
  readonly dropped: Map<number, number>;
  /** Connections are refused while it advertises, and adverts while it has a connection of its own making. */
  oneRoleAtATime: boolean;
  /** What LE Read Supported States says, in hex, the first byte first. */
  states: string;
  /** Whatever its `states` do not allow at the same time is refused. */
  obeysStates: boolean;
  /** What LE Read Buffer Size says of the packets; undefined is the truth. */
  claimedBuffers: { bytes: number; count: number } | undefined;
  /** Failed connections are reported without the address. */
  hidesAddressOfFailures: boolean;
}

export const BOTH_ROLES_STATES = 'ffffffffff030000';
export const ONE_ROLE_STATES = 'ffff000000000000';
/** Of many older dongles: several links of its own making or one that another made, with adverts that nobody can answer beside them. */
export const OLD_DONGLE_STATES = 'ffffff1f00000000';
/** Several links of either kind, but of one kind at a time. */
export const ONE_KIND_STATES = 'ffffff1f40000000';
/** Both kinds of links at the same time, but no scanning and no dialling while it can be dialled. */
export const TURNS_ONLY_STATES = 'fffbfffffe030000';

export const noQuirks = (): ControllerQuirks => ({
  scanIsDead: false,
  scanIsStuck: false,
  dropped: new Map(),
  oneRoleAtATime: false,
  states: BOTH_ROLES_STATES,
  obeysStates: false,
  claimedBuffers: undefined,
  hidesAddressOfFailures: false,
});
