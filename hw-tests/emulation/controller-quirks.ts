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
  /** What LE Read Buffer Size says of the packets; undefined is the truth. */
  claimedBuffers: { bytes: number; count: number } | undefined;
  /** Failed connections are reported without the address. */
  hidesAddressOfFailures: boolean;
}

export const BOTH_ROLES_STATES = 'ffffffffff030000';
export const ONE_ROLE_STATES = 'ffff000000000000';

export const noQuirks = (): ControllerQuirks => ({
  scanIsDead: false,
  scanIsStuck: false,
  dropped: new Map(),
  oneRoleAtATime: false,
  states: BOTH_ROLES_STATES,
  claimedBuffers: undefined,
  hidesAddressOfFailures: false,
});
