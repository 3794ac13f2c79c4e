import type { Clock } from '../../ports/clock.js';
import { type Abilities, modeOf, RadioMode } from './abilities.js';
import { bringUp, type ControllerInfo } from './controller.js';
import type { HciMux } from './hci-mux.js';
import { refusedRole } from './role-trial.js';
import type { DrawBytes } from './tokens.js';

/** What one controller is and allows, and how that is known. */
export interface Finding {
  readonly info: ControllerInfo;
  readonly abilities: Abilities;
  /** For people: why the mode is what it is. */
  readonly why: string;
}

/** Brings the controller up, and tries out what it says of itself where it says that it can do it all. Throws as `bringUp`. */
export async function find(mux: HciMux, clock: Clock, random: DrawBytes): Promise<Finding> {
  const info = await bringUp(mux);
  const { abilities } = info;
  if (!abilities.atOnce) return { info, abilities, why: STATED[modeOf(abilities)] };
  const refused = await refusedRole(mux, clock, random);
  return refused === undefined
    ? { info, abilities, why: 'it advertises, scans and connects at the same time' }
    : { info, abilities: { ...abilities, atOnce: false }, why: `it refuses ${refused}` };
}

const STATED: Readonly<Record<RadioMode, string>> = {
  [RadioMode.BothRoles]: '',
  [RadioMode.TwoAdapters]: '',
  [RadioMode.TimeSliced]: 'it states that it cannot dial and be dialled at the same time',
  [RadioMode.CentralOnly]: 'it states that it cannot be dialled',
  [RadioMode.PeripheralOnly]: 'it states that it cannot dial',
  [RadioMode.None]: 'it states that it can neither dial nor be dialled',
};

export const describe = ({ address, version, aclBuffers, aclBytes }: ControllerInfo): string =>
  `controller ${address}, Bluetooth ${version}, ${aclBuffers} buffers of ${aclBytes} bytes`;
