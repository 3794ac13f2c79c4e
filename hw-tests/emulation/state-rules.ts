import { Role } from '../../dist/radios/ble/hci-codes.js';
import type { Station } from './types.js';

/** What a controller may be doing. */
export type Doing = 'connectable' | 'hidden' | 'scanning' | 'initiating' | 'central' | 'peripheral';

/** Bits of LE supported states for two things at once, their names in the order of the alphabet. Links of both kinds go together. */
const BITS: Readonly<Record<string, number>> = {
  'hidden scanning': 8,
  'connectable scanning': 10,
  'hidden initiating': 16,
  'central hidden': 18,
  'hidden peripheral': 20,
  'initiating scanning': 22,
  'central scanning': 24,
  'peripheral scanning': 26,
  'central initiating': 28,
  'connectable initiating': 32,
  'central connectable': 35,
  'connectable peripheral': 38,
  'initiating peripheral': 41,
};

function doings(controller: Station): Doing[] {
  const now: Doing[] = [];
  if (controller.isAdvertising) now.push(controller.advertising.type === 0 ? 'connectable' : 'hidden');
  if (controller.isScanning) now.push('scanning');
  if (controller.initiating !== undefined) now.push('initiating');
  for (const { central, peripheral } of controller.air.links) {
    if (central.controller === controller) now.push('central');
    if (peripheral.controller === controller) now.push('peripheral');
  }
  return now;
}

export function hasRole(controller: Station, role: Role): boolean {
  return doings(controller).includes(role === Role.Central ? 'central' : 'peripheral');
}

/** Whether a controller that keeps to what it states refuses to begin something beside what it does. */
export function forbids(controller: Station, next: Doing): boolean {
  if (!controller.quirks.obeysStates) return false;
  const stated = Buffer.from(controller.quirks.states, 'hex');
  return doings(controller).some((doing) => {
    const bit = BITS[[doing, next].sort().join(' ')];
    return bit !== undefined && ((stated[bit >> 3] as number) & (1 << (bit & 7))) === 0;
  });
}
