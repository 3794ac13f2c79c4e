import { EdgeError, messageOf } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import { find } from './controller-finding.js';
import { HciMux } from './hci-mux.js';
import { loadStacks } from './packages.js';
import type { Found } from './standing.js';
import type { DrawBytes } from './tokens.js';
import type { Way } from './ways.js';

/** Commands that a look may wait for in full. */
const PATIENCE = 3;

/** Brings a controller up for a moment, to see whether it can be had and what it allows. */
export async function lookAt(way: Way, clock: Clock, random: DrawBytes, commandTimeoutMs: number): Promise<Found> {
  const { name } = way;
  const nothing = (): void => {};
  let fail: (error: Error) => void = nothing;
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failure.catch(nothing);
  const overdue = clock.timer('ble.look', commandTimeoutMs * PATIENCE, () =>
    fail(new EdgeError('radio.ble.controller', 'the controller does not answer', { status: 503 })),
  );
  const port = way.port();
  const mux = new HciMux({
    clock,
    commandTimeoutMs,
    write: (packet) => port.write(packet),
    events: {
      advert: nothing,
      linkUp: nothing,
      linkDown: nothing,
      dialFailed: nothing,
      fault: (why) => fail(new Error(why)),
    },
  });
  try {
    loadStacks();
    const opened = port.open({ packet: (bytes) => mux.receive(bytes), closed: (why) => fail(new Error(why)) });
    return { name, finding: await Promise.race([opened.then(() => find(mux, clock, random)), failure]) };
  } catch (error) {
    return {
      name,
      trouble: error instanceof EdgeError ? error : new EdgeError('radio.ble.controller', messageOf(error)),
    };
  } finally {
    overdue.cancel();
    mux.close();
    await port.close();
  }
}
