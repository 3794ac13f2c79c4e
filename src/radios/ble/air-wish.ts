import type { AirWish } from './air-control.js';
import type { RolePhase } from './role-phase.js';
import type { BleSettings } from './settings.js';

/** With links up the air is shared: scanning takes a third of it. */
const SCAN_ALONE = { scanIntervalMs: 60, scanWindowMs: 50 };
const SCAN_BESIDE_LINKS = { scanIntervalMs: 90, scanWindowMs: 30 };

interface AirState {
  readonly phase: RolePhase;
  readonly settings: BleSettings;
  readonly isConnecting: boolean;
  /** Links of its former role are about to end. */
  readonly isBetween: boolean;
  readonly hasLinks: boolean;
  /** For one more neighbour that dials. */
  readonly hasRoom: boolean;
  readonly advertData: Uint8Array;
  readonly randomAddress: Uint8Array | undefined;
  /** Something urgent, to be said instead of the ordinary advert. */
  readonly shout: Uint8Array | undefined;
}

/** Adverts that nobody can answer may not be closer together on controllers before Bluetooth 5. */
const SHOUT_INTERVAL_MS = 100;

const showsAsCentral = ({ current, duty, abilities }: RolePhase): boolean =>
  current === 'central' && duty === 'both' && abilities.showsAsCentral;

/** Whether a controller has adverts in its present role. */
export const mayAdvertise = (phase: RolePhase): boolean =>
  phase.current === 'peripheral' || phase.current === 'both' || showsAsCentral(phase);

/** What a controller is to send and to hear, as things stand. */
export function wishFor({ phase, settings, isConnecting, isBetween, hasLinks, hasRoom, ...state }: AirState): AirWish {
  const { current, isSliced } = phase;
  const isOpen = current === 'peripheral' || current === 'both';
  const listens = current === 'peripheral' && isSliced && phase.abilities.listensAsPeripheral;
  // As central it is seen, but not to be dialled: others know that there is one more part of the mesh.
  const adverts =
    isBetween || !mayAdvertise(phase) ? 'off' : isOpen && hasRoom && !state.shout ? 'connectable' : 'visible';
  return {
    adverts,
    advertData: state.shout ?? state.advertData,
    advertIntervalMs: Math.max(state.shout ? SHOUT_INTERVAL_MS : 0, settings.advertIntervalMs),
    // Scanning while it connects upsets several controllers.
    scan: (phase.dials || listens) && !isConnecting && !isBetween,
    ...(hasLinks ? SCAN_BESIDE_LINKS : SCAN_ALONE),
    randomAddress: isConnecting ? undefined : state.randomAddress,
  };
}
