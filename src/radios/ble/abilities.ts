import { Status } from './hci-codes.js';
import type { CommandResult } from './hci-mux.js';

/** Ways of working, best first; as people read them. */
export const RadioMode = {
  BothRoles: 'both roles',
  TwoAdapters: 'two adapters',
  TimeSliced: 'time-sliced roles',
  CentralOnly: 'central role only',
  PeripheralOnly: 'peripheral role only',
  None: 'none',
} as const;
export type RadioMode = (typeof RadioMode)[keyof typeof RadioMode];

/** What one controller can do, and what of it at the same time. */
export interface Abilities {
  /** Dials. */
  readonly central: boolean;
  /** Is dialled. */
  readonly peripheral: boolean;
  /** All of it at the same time. */
  readonly atOnce: boolean;
  /** Hears adverts while its own can be answered, and while it has links that others made. */
  readonly listensAsPeripheral: boolean;
  /** Shows that it is there while it dials and while it has links of its own making. */
  readonly showsAsCentral: boolean;
  /** More than one link of its own making, and more than one that others made. */
  readonly dialsSeveral: boolean;
  readonly takesSeveral: boolean;
  /** Can be dialled while it has links of its own making. */
  readonly advertisesBesideCentral: boolean;
  /** Dials while it has links that others made. */
  readonly dialsBesidePeripheral: boolean;
}

export const ALL_ABILITIES: Abilities = {
  central: true,
  peripheral: true,
  atOnce: true,
  listensAsPeripheral: true,
  showsAsCentral: true,
  dialsSeveral: true,
  takesSeveral: true,
  advertisesBesideCentral: true,
  dialsBesidePeripheral: true,
};

/** Bits of LE Read Supported States (Bluetooth Core, volume 4, part E, 7.8.27). "Connectable" is the state of advertising so. */
const State = {
  Connectable: 2,
  Initiating: 6,
  HiddenScanning: 8,
  ConnectableScanning: 10,
  HiddenInitiating: 16,
  HiddenCentral: 18,
  ScanningPeripheral: 26,
  InitiatingCentral: 28,
  ConnectableCentral: 35,
  ConnectablePeripheral: 38,
  InitiatingPeripheral: 41,
} as const;

/** What the controller says of itself. One that does not say is taken for able, until it refuses. */
export function statedAbilities({ status, results }: CommandResult): Abilities {
  if (status !== Status.Success || results.length < 8) return ALL_ABILITIES;
  const has = (...bits: readonly number[]): boolean =>
    bits.every((bit) => ((results[bit >> 3] as number) & (1 << (bit & 7))) !== 0);
  const advertisesBesideCentral = has(State.ConnectableCentral);
  const dialsBesidePeripheral = has(State.InitiatingPeripheral);
  return {
    central: has(State.Initiating),
    peripheral: has(State.Connectable),
    atOnce:
      advertisesBesideCentral &&
      dialsBesidePeripheral &&
      has(State.ConnectableScanning, State.InitiatingCentral, State.ConnectablePeripheral),
    listensAsPeripheral: has(State.ConnectableScanning, State.ScanningPeripheral),
    showsAsCentral: has(State.HiddenScanning, State.HiddenInitiating, State.HiddenCentral),
    // More of the same kind is refused clearly where it cannot be had: asking costs nothing.
    dialsSeveral: true,
    takesSeveral: true,
    advertisesBesideCentral,
    dialsBesidePeripheral,
  };
}

export function modeOf({ central, peripheral, atOnce }: Abilities): RadioMode {
  if (central && peripheral) return atOnce ? RadioMode.BothRoles : RadioMode.TimeSliced;
  if (central) return RadioMode.CentralOnly;
  return peripheral ? RadioMode.PeripheralOnly : RadioMode.None;
}
