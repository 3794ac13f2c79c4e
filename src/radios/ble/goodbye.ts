import type { Clock } from '../../ports/clock.js';
import { Opcode, Status } from './hci-codes.js';
import type { HciMux } from './hci-mux.js';
import { le16 } from './hci-packets.js';

const GOODBYE_MS = 300;
const LOOK_MS = 10;

/** Waits for work, but no longer than a goodbye may take. */
export function briefly(clock: Clock, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, new Promise<void>((resolve) => clock.timer('ble.briefly', GOODBYE_MS, resolve))]);
}

/** Ends all links and waits for their ends: neighbours hear of it now instead of finding out seconds later. */
export async function sayGoodbye(mux: HciMux, clock: Clock): Promise<void> {
  const ends = mux.links.map(({ handle }) =>
    mux.command(Opcode.Disconnect, Uint8Array.of(...le16(handle), Status.RemoteUserEnded)),
  );
  await briefly(clock, Promise.all(ends));
  const isAlone = new Promise<void>((resolve) => {
    const look = (): void => {
      if (mux.links.length === 0) resolve();
      else clock.timer('ble.goodbye', LOOK_MS, look);
    };
    look();
  });
  await briefly(clock, isAlone);
}
